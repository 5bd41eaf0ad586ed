import { expect, test } from 'vitest'
import { check } from '../../bench/alibaba/check.ts'
import type { Contest } from '../../bench/alibaba/instance.ts'
import { inputOf, solve } from '../../bench/alibaba/solve.ts'
import { Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { readUniverse } from '../../src/placement/universe.ts'

/** Three machines, four apps with curves of three moments, and six instances, of which four wait. */
const contest: Contest = {
  machines: ['m1', 'm2', 'm3'].map(id => ({ id, cpu: 8, memory: 16, disk: 100, kinds: [2, 2, 1] })),
  apps: new Map([
    ['a', { cpu: [4, 1, 0.5], memory: [4, 4, 8], disk: 40, kinds: [1, 0, 0] }],
    ['b', { cpu: [1, 4, 2.5], memory: [2, 2, 2], disk: 20, kinds: [0, 1, 0] }],
    ['c', { cpu: [2, 2, 2], memory: [6, 8, 2], disk: 10, kinds: [0, 0, 1] }],
    ['d', { cpu: [0.5, 0.5, 5], memory: [1, 1, 1], disk: 60, kinds: [0, 0, 0] }],
  ]),
  instances: [
    { id: 'i1', app: 'a', machine: 'm1' },
    { id: 'i2', app: 'b', machine: 'm2' },
    { id: 'i3', app: 'a', machine: undefined },
    { id: 'i4', app: 'b', machine: undefined },
    { id: 'i5', app: 'c', machine: undefined },
    { id: 'i6', app: 'd', machine: undefined },
  ],
  interference: [
    { app: 'a', other: 'a', most: 0 },
    { app: 'b', other: 'a', most: 1 },
    { app: 'c', other: 'd', most: 0 },
    { app: 'd', other: 'b', most: 1 },
  ],
}

test('the policy says of random placements what the checker says', () => {
  const input = inputOf(contest)
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  const random = new Random(1)
  for (let round = 0; round < 300; round++) {
    const at = new Map(
      contest.instances.map(i => [i.id, random.next() < 0.05 ? undefined : random.pick(contest.machines).id]),
    )
    const host = Int32Array.from(universe.vms, vm => universe.hostNumber.get(at.get(vm as string) ?? 'waiting')!)
    const { errors, costs } = judge.at(host, view => judge.verdict(view, host))
    const { broken, waiting, machines } = check(contest, id => at.get(id))
    expect({ at, good: errors === 0, machines: costs.get(1) ?? 0 }).toEqual({
      at,
      good: broken.length + waiting === 0,
      machines,
    })
  }
})

/** The least number of machines that hold all instances, by trying every placement. */
function fewestMachines({ instances, machines }: Contest): number {
  let fewest = Number.POSITIVE_INFINITY
  for (let n = 0; n < machines.length ** instances.length; n++) {
    const at = new Map(
      instances.map(({ id }, i) => [id, machines[Math.floor(n / machines.length ** i) % machines.length]!.id]),
    )
    const { broken, machines: used } = check(contest, id => at.get(id))
    if (broken.length === 0) fewest = Math.min(fewest, used)
  }
  return fewest
}

test('what waits is placed on as few machines as possible', async () => {
  const { machineOf, target } = await solve(contest, { timeLimitSeconds: 20 })
  expect(check(contest, machineOf)).toEqual({ broken: [], waiting: 0, machines: fewestMachines(contest) })
  expect(target.proof).toBe('optimal')
})
