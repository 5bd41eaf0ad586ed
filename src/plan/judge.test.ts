import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makePlan } from './index.ts'
import { inputOf, type TestCloud } from './testing/cloud.ts'
import { replay, replaySteps } from './testing/replay.ts'
import type { Judge, Occupancy, Plan, PlanInput } from './types.ts'

/** VMs of one group must not share a host. */
function apart(input: PlanInput, ...groups: string[][]): Judge {
  return occupancy =>
    groups.flatMap(group =>
      group.flatMap((a, i) =>
        group.slice(i + 1).flatMap(b => {
          const shared = hostsOf(input, occupancy, a).filter(h => hostsOf(input, occupancy, b).includes(h))
          return shared.map(h => `apart(${h}, ${a}, ${b})`)
        }),
      ),
    )
}

/** Some VM of the group must be wholly on this host. */
function someoneOn(input: PlanInput, host: string, group: string[]): Judge {
  return occupancy =>
    group.some(vm => hostsOf(input, occupancy, vm).join() === host) ? [] : [`nobody(${host}, ${group.join(', ')})`]
}

function hostsOf(input: PlanInput, occupancy: Occupancy, vm: string): string[] {
  return (occupancy.get(vm) ?? [input.placement.get(vm)!]).map(String)
}

/** Violations of any state of random interleavings that neither the start nor the end has. */
function newsOnTheWay(input: PlanInput, plan: Plan, judge: Judge, seed: number): Set<string> {
  const news = new Set<string>()
  const at = new Map([...input.placement].map(([vm, h]) => [vm, [h]]))
  const end = new Map(at)
  for (const m of plan.moves) if (!m.parking) end.set(m.vm, [m.to])
  const allowed = new Set([...judge(at), ...judge(end)])
  const ended = new Set<string>()
  const started = new Set<string>()
  let state = (seed % 2147483646) + 1
  while (ended.size < plan.moves.length) {
    const events = plan.moves.filter(m => !ended.has(m.id) && m.after.every(id => ended.has(id)))
    state = (state * 48271) % 2147483647
    const move = events[state % events.length]!
    if (started.has(move.id)) {
      ended.add(move.id)
      at.set(move.vm, [move.to])
    } else {
      started.add(move.id)
      at.set(move.vm, [move.from, move.to])
    }
    for (const v of judge(at)) if (!allowed.has(v)) news.add(v)
  }
  return news
}

const wide = (vms: TestCloud['vms']) =>
  inputOf({ limits: [{ a: 9, b: 9, c: 9, d: 9 }], vms }, { limits: { perHost: 9 } })

describe('the judge', () => {
  test('a VM comes only when the one it must not meet has left', () => {
    const input = wide({ x: [[1], 'a', 'b'], y: [[1], 'b', 'c'] })
    const plan = makePlan({ ...input, judge: apart(input, ['x', 'y']) })
    expect(plan.moves.map(m => [m.vm, m.after])).toEqual([
      ['y', []],
      ['x', ['m1']],
    ])
    expect(plan.brokenOnTheWay).toEqual([])
  })

  test('a VM leaves only when its relief has come', () => {
    const input = wide({ x: [[1], 'a', 'b'], y: [[1], 'c', 'a'], z: [[1], 'b', 'd'] })
    const plan = makePlan({ ...input, judge: someoneOn(input, 'a', ['x', 'y']) })
    expect(plan.moves.find(m => m.vm === 'x')!.after).toEqual([plan.moves.find(m => m.vm === 'y')!.id])
    expect(plan.moves.find(m => m.vm === 'z')!.after).toEqual([])
    expect(plan.brokenOnTheWay).toEqual([])
  })

  test('what only counts at the end may be broken on the way', () => {
    const input = wide({ x: [[1], 'a', 'b'], y: [[1], 'b', 'a'] })
    const final = apart(input, ['x', 'y'])
    const plan = makePlan({ ...input, judge: () => [], judgeEnd: final })
    expect(plan.moves).toHaveLength(2)
    expect(plan.moves.every(m => m.after.length === 0 || m.after[0] === 'm1')).toBe(true)
    expect(plan.brokenOnTheWay).toEqual([])
  })

  test('what counts at the end is kept there when a part is impossible', () => {
    const input = inputOf({
      limits: [{ a: 9, b: 9, c: 1, d: 9 }],
      vms: { x: [[1], 'a', 'b'], y: [[2], 'b', 'c'], z: [[1], 'a', 'd'] },
    })
    const plan = makePlan({ ...input, judge: () => [], judgeEnd: apart(input, ['x', 'y']) })
    expect(plan.moves.map(m => m.vm)).toEqual(['z'])
  })

  test('a stop on the way rather than a broken rule', () => {
    const input = wide({ x: [[1], 'a', 'b'], y: [[1], 'b', 'a'] })
    const plan = makePlan({ ...input, judge: apart(input, ['x', 'y']) })
    expect(plan.moves.filter(m => m.parking)).toHaveLength(1)
    expect(plan.brokenOnTheWay).toEqual([])
  })

  test('what cannot be avoided is reported with its moves', () => {
    const input = wide({ x: [[1], 'a', 'b'], z: [[1], 'c', 'd'] })
    const judge: Judge = o => ((o.get('x')?.length ?? 1) > 1 ? ['x_moves()'] : [])
    const plan = makePlan({ ...input, judge })
    expect(plan.moves).toHaveLength(2)
    expect(plan.brokenOnTheWay).toEqual([{ violation: 'x_moves()', during: [plan.moves.find(m => m.vm === 'x')!.id] }])
  })

  test('what is broken at the start may stay so until the end', () => {
    const input = wide({ x: [[1], 'a', 'b'], y: [[1], 'a', 'c'] })
    const plan = makePlan({ ...input, judge: apart(input, ['x', 'y']) })
    expect(plan.steps).toBe(1)
    expect(plan.brokenOnTheWay).toEqual([])
  })

  test('when a part is impossible, the rest does not end in a new violation', () => {
    // y can't leave b, so x, who must not meet it, stays; z goes.
    const input = inputOf({
      limits: [{ a: 9, b: 9, c: 1, d: 9 }],
      vms: { x: [[1], 'a', 'b'], y: [[2], 'b', 'c'], z: [[1], 'a', 'd'] },
    })
    const plan = makePlan({ ...input, judge: apart(input, ['x', 'y']) })
    expect(plan.moves.map(m => m.vm)).toEqual(['z'])
    expect(plan.impossible.map(m => m.vm)).toEqual(['x', 'y'])
    expect(plan.impossible[0]!.reason).toBe(
      'without the moves that are impossible, it would leave apart(b, x, y) at the end',
    )
  })

  test.each([
    ['each move is probed', 200, (plan: Plan) => 8 * plan.moves.length],
    ['beyond a thousand, the steps are judged', 1001, (plan: Plan) => 2 * plan.steps + 2],
  ] as const)('is asked sparingly: %s', (_, moves, most) => {
    const names = Array.from({ length: 40 }, (_, h) => `h${h}`)
    const input = inputOf({
      limits: [Object.fromEntries(names.map(h => [h, 99]))],
      vms: Object.fromEntries(
        Array.from({ length: moves }, (_, i) => [`v${i}`, [[1], names[i % 40]!, names[(i * 7 + 1) % 40]!]] as const),
      ),
    })
    let calls = 0
    const judge: Judge = () => {
      calls++
      return []
    }
    const plan = makePlan({ ...input, judge })
    expect(replaySteps(input, plan)).toEqual([])
    expect(calls).toBeLessThanOrEqual(most(plan))
  })
})

describe('many moves in groups that must stay apart, with little room', () => {
  /** `count` VMs on a quarter as many hosts, five to a group, everything where `stride` puts it. */
  const crowd = (count: number, stride: number, spare: number) => {
    const names = Array.from({ length: count / 4 }, (_, h) => `h${h}`)
    const vms = Object.fromEntries(
      Array.from({ length: count }, (_, i) => {
        const [from, to] = [names[i % names.length]!, names[(i * stride + 7) % names.length]!]
        return [`v${i}`, [[1], from, to]] as const
      }),
    )
    const at = (end: 1 | 2, host: string) => Object.values(vms).filter(vm => vm[end] === host).length
    const limits = Object.fromEntries(names.map(h => [h, Math.max(at(1, h), at(2, h)) + spare]))
    const groups = Array.from({ length: count / 5 }, (_, g) =>
      Array.from({ length: 5 }, (_, i) => `v${g + (count / 5) * i}`),
    )
    return { input: inputOf({ limits: [limits], vms }), groups }
  }

  test.each([
    [100, 3, 1],
    [160, 13, 2],
  ])('%s moves: no interleaving breaks a rule, and little time is lost', (count, stride, spare) => {
    const { input, groups } = crowd(count, stride, spare)
    const judge = apart(input, ...groups)
    const plan = makePlan({ ...input, judge })
    expect(replaySteps(input, plan)).toEqual([])
    expect(plan.impossible).toEqual([])
    const reported = new Set(plan.brokenOnTheWay.map(b => b.violation))
    expect(reported).toEqual(new Set())
    for (let seed = 1; seed <= 12; seed++) {
      expect(replay(input, plan, chance(seed))).toEqual([])
      expect([...newsOnTheWay(input, plan, judge, seed)]).toEqual([])
    }
    expect(plan.makespan).toBeLessThan(1.5 * makePlan(input).makespan)
  })
})

/** A seeded chooser of one of n. */
function chance(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state * 48271) % 2147483647
    return state % n
  }
}

test('random groups: no interleaving breaks more than is reported', () => {
  const arbitrary = fc.record({
    vms: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(4), fc.nat(4), fc.nat(3)), {
      minLength: 2,
      maxLength: 8,
    }),
    seed: fc.nat(),
    spare: fc.integer({ min: 0, max: 8 }),
    perHost: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(arbitrary, ({ vms, seed, spare, perHost }) => {
      const at = (end: 1 | 2, h: number) => vms.reduce((s, vm) => s + (vm[end] === h ? vm[0] : 0), 0)
      const limits = Object.fromEntries([0, 1, 2, 3, 4].map(h => [`h${h}`, Math.max(at(1, h), at(2, h)) + spare]))
      const input = inputOf(
        {
          limits: [limits],
          vms: Object.fromEntries(vms.map((vm, i) => [`v${i}`, [[vm[0]], `h${vm[1]}`, `h${vm[2]}`]])),
        },
        { limits: { perHost } },
      )
      const groups = [0, 1, 2].map(g => vms.flatMap((vm, i) => (vm[3] === g ? [`v${i}`] : [])))
      const judge = apart(input, ...groups)
      const plan = makePlan({ ...input, judge })
      expect(replaySteps(input, plan)).toEqual([])
      const reported = new Set(plan.brokenOnTheWay.map(b => b.violation))
      for (let k = 0; k < 5; k++) {
        expect(replay(input, plan, n => (seed + k * 7) % n)).toEqual([])
        for (const v of newsOnTheWay(input, plan, judge, seed + k)) expect(reported).toContain(v)
      }
    }),
    { numRuns: 150 },
  )
})
