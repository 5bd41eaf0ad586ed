import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, lowerBound } from '../../bench/roadef/check.ts'
import { type Instance, machineName, processName, readInstance } from '../../bench/roadef/instance.ts'
import { inputOf, solve } from '../../bench/roadef/solve.ts'
import { Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { readUniverse } from '../../src/placement/universe.ts'

const folder = join(import.meta.dirname, '../../fixtures/roadef2012')
const instanceOf = (name: string): Instance =>
  readInstance(join(folder, `model_${name}.txt`), join(folder, `assignment_${name}.txt`))

interface Opinion {
  readonly cost: number
  readonly feasible: boolean
}

/** Cost and feasibility of assignments by the policy, which the checker knows nothing of. */
function judgeOf(instance: Instance): (assignment: readonly number[]) => Opinion {
  const input = inputOf(instance)
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  return assignment => {
    const host = Int32Array.from(universe.current)
    for (const [p, m] of assignment.entries())
      host[universe.vmNumber.get(processName(p))!] = universe.hostNumber.get(machineName(m))!
    const { errors, costs } = judge.at(host, view => judge.verdict(view, host))
    return { cost: costs.get(1) ?? 0, feasible: errors === 0 }
  }
}

const checked = (instance: Instance, assignment: readonly number[]): Opinion => {
  const { cost, broken } = check(instance, assignment)
  return { cost, feasible: broken.length === 0 }
}

function* everyAssignment({ machines, processes }: Instance): Generator<number[]> {
  const total = machines.length ** processes.length
  for (let n = 0; n < total; n++) yield processes.map((_, p) => Math.floor(n / machines.length ** p) % machines.length)
}

test('the policy says of every assignment of the example what the checker says', () => {
  const instance = instanceOf('a0_0')
  const judged = judgeOf(instance)
  for (const assignment of everyAssignment(instance))
    expect({ assignment, ...judged(assignment) }).toEqual({ assignment, ...checked(instance, assignment) })
})

test('the policy agrees with the checker on random assignments of a1_1', () => {
  const instance = instanceOf('a1_1')
  const judged = judgeOf(instance)
  const random = new Random(1)
  for (let round = 0; round < 50; round++) {
    const assignment = instance.initial.map(m => (random.next() < 0.01 * round ? random.below(4) : m))
    expect(judged(assignment)).toEqual(checked(instance, assignment))
  }
})

test('the example is solved to its optimum', async () => {
  const instance = instanceOf('a0_0')
  const costs = [...everyAssignment(instance)].map(a => checked(instance, a)).filter(c => c.feasible)
  const { assignment, target } = await solve(instance, { timeLimitSeconds: 20 })
  expect(checked(instance, assignment)).toEqual({ cost: Math.min(...costs.map(c => c.cost)), feasible: true })
  expect(target.proof).toBe('optimal')
  expect(target.refused).toEqual([])
})

test('the bounds and costs of the published instances', () => {
  expect([check(instanceOf('a1_1'), instanceOf('a1_1').initial).cost, lowerBound(instanceOf('a1_1'))]).toEqual([
    49528750, 44306390,
  ])
  expect(lowerBound(instanceOf('a0_0'))).toBe(1300)
})
