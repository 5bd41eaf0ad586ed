import { describe, expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { makePlan } from './index.ts'
import { inputOf, type TestCloud } from './testing/cloud.ts'
import { replay, replaySteps } from './testing/replay.ts'
import type { Plan, PlanInput } from './types.ts'

/** The plan, replayed; each move as `vm from>to`. */
function planOf(input: PlanInput): { plan: Plan; legs: string[] } {
  const plan = makePlan(input)
  expect(replaySteps(input, plan)).toEqual([])
  expect(replay(input, plan, () => 0)).toEqual([])
  expect(replay(input, plan, n => n - 1)).toEqual([])
  return { plan, legs: plan.moves.map(m => `${m.vm} ${m.from}>${m.to}`) }
}

const one = (limits: Record<string, number>, vms: TestCloud['vms']): TestCloud => ({ limits: [limits], vms })

describe('order', () => {
  test('nothing to move is an empty plan', () => {
    const { plan } = planOf(inputOf(one({ a: 4 }, { x: [[4], 'a', 'a'] })))
    expect(plan).toEqual({
      moves: [],
      copies: [],
      cost: 0,
      steps: 0,
      makespan: 0,
      likely: { low: 0, mean: 0, high: 0 },
      criticalPath: [],
      volume: 0,
      brokenOnTheWay: [],
      impossible: [],
    })
  })

  test('independent moves share a step, and carry cost and reason', () => {
    const { plan } = planOf(inputOf(one({ a: 4, b: 4, c: 4, d: 4 }, { x: [[3], 'a', 'b'], y: [[2], 'c', 'd'] })))
    expect(plan.steps).toBe(1)
    expect(plan.cost).toBe(5)
    expect(plan.moves[0]).toMatchObject({ id: 'm1', step: 1, after: [], parking: false })
    expect(plan.moves[0]!.because).toEqual([{ rule: 'error test.dl:9', instance: 'error("x")' }])
  })

  test('a move waits for the one that frees its room', () => {
    const { plan, legs } = planOf(inputOf(one({ a: 4, b: 4, c: 4 }, { x: [[4], 'a', 'b'], y: [[4], 'b', 'c'] })))
    expect(legs).toEqual(['y b>c', 'x a>b'])
    expect(plan.moves[1]!.after).toEqual(['m1'])
  })

  test('room is not given away while another move needs it first', () => {
    // b takes one of x and y at first; only x makes room for z, whose leaving makes room for the other.
    const cloud = one(
      { a: 1, b: 2, c: 1, d: 1 },
      { y: [[1], 'c', 'b'], x: [[1], 'a', 'b'], z: [[1], 'b', 'a'], d: [[1], 'd', 'd'] },
    )
    const { plan, legs } = planOf(inputOf(cloud))
    expect(legs).toEqual(['x a>b', 'z b>a', 'y c>b'])
    expect(plan.moves.some(m => m.parking)).toBe(false)
  })

  test('a chain of 50 runs back to front', () => {
    const limits = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`h${i}`, 2]))
    const vms = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`v${i}`, [[2], `h${i}`, `h${i + 1}`]] as const),
    )
    const { plan, legs } = planOf(inputOf(one(limits, vms)))
    expect(plan.steps).toBe(50)
    expect(legs[0]).toBe('v49 h49>h50')
    expect(plan.moves.every((m, i) => m.after.join() === (i ? `m${i}` : ''))).toBe(true)
  })

  test('several capacities hold together', () => {
    const cloud: TestCloud = {
      limits: [
        { a: 8, b: 8, c: 8 },
        { a: 4, b: 4, c: 4 },
      ],
      vms: { x: [[1, 3], 'a', 'b'], y: [[1, 3], 'b', 'c'], z: [[7, 0], 'b', 'b'] },
    }
    expect(planOf(inputOf(cloud)).legs).toEqual(['y b>c', 'x a>b'])
  })

  test('a strict limit may not be reached', () => {
    const cloud = one({ a: 4, b: 4, c: 9 }, { x: [[2], 'a', 'b'], y: [[2], 'b', 'c'] })
    expect(planOf(inputOf(cloud)).plan.steps).toBe(2)
    expect(makePlan(inputOf({ ...cloud, strict: true })).moves.map(m => m.vm)).toEqual(['y', 'x'])
    expect(makePlan(inputOf(cloud, { limits: { perHost: 2 } })).steps).toBe(1)
    expect(makePlan(inputOf({ ...cloud, strict: true }, { limits: { perHost: 2 } })).steps).toBe(2)
  })

  test('loads that depend on the host, and a fixed part', () => {
    const cloud: TestCloud = {
      ...one({ a: 6, b: 6, c: 9 }, { x: [[2], 'a', 'b'], y: [[1], 'b', 'c'] }),
      loadOn: (load, host) => (host === 'b' ? 2 * load : load),
      base: 1,
    }
    // On b: 1 fixed, 2 of y, 4 of x.
    expect(planOf(inputOf(cloud, { limits: { perHost: 2 } })).legs).toEqual(['y b>c', 'x a>b'])
  })

  test('sums of fractions are not refused for their rounding', () => {
    const cloud = one({ a: 1, b: 0.3 }, { x: [[0.1], 'a', 'b'], y: [[0.2], 'a', 'b'] })
    expect(planOf(inputOf(cloud)).plan.impossible).toEqual([])
  })

  test('a host over its capacity takes nothing in until it is within', () => {
    const cloud = one({ a: 4, b: 9, c: 4 }, { p: [[3], 'a', 'b'], q: [[3], 'a', 'a'], x: [[1], 'c', 'a'] })
    const { plan, legs } = planOf(inputOf(cloud, { limits: { perHost: 9 } }))
    expect(legs).toEqual(['p a>b', 'x c>a'])
    expect(plan.moves[1]!.after).toEqual(['m1'])
  })
})

describe('limits', () => {
  const roomy = (n: number) =>
    inputOf(
      one(
        { a: 99, b: 99, ...Object.fromEntries(Array.from({ length: n }, (_, i) => [`h${i}`, 9])) },
        Object.fromEntries(Array.from({ length: n }, (_, i) => [`v${i}`, [[1], 'a', `h${i}`]] as const)),
      ),
    )

  test('one migration for each host at a time by default', () => {
    expect(planOf(roomy(6)).plan.steps).toBe(6)
  })

  test('per host and in all', () => {
    expect(planOf({ ...roomy(6), limits: { perHost: 3 } }).plan.steps).toBe(2)
    expect(planOf({ ...roomy(6), limits: { perHost: 6 } }).plan.steps).toBe(2)
    expect(planOf({ ...roomy(6), limits: { perHost: 6, global: 6 } }).plan.steps).toBe(1)
    expect(planOf({ ...roomy(6), limits: { perHost: 6, global: 1 } }).plan.steps).toBe(6)
  })

  test.each([0, -1, 1.5, Number.NaN])('a limit of %s is refused', global => {
    expect(() => makePlan({ ...roomy(1), limits: { global } })).toThrow(DiagnosticError)
  })
})

describe('stops on the way', () => {
  test('a swap of two full hosts stops the cheaper VM on a third host', () => {
    const cloud = one({ a: 4, b: 5, c: 4 }, { x: [[4], 'a', 'b'], y: [[3], 'b', 'a'], z: [[1], 'b', 'b'] })
    const { plan, legs } = planOf(inputOf(cloud))
    expect(legs).toEqual(['y b>c', 'x a>b', 'y c>a'])
    expect(plan.moves.map(m => m.parking)).toEqual([true, false, false])
    expect(plan.cost).toBe(10)
    expect(plan.moves[2]!.because[0]!.instance).toBe('error("y")')
  })

  test('a rotation of three needs one stop', () => {
    const cloud = one({ a: 4, b: 4, c: 4, d: 4 }, { x: [[4], 'a', 'b'], y: [[4], 'b', 'c'], z: [[4], 'c', 'a'] })
    const { plan } = planOf(inputOf(cloud))
    expect(plan.moves).toHaveLength(4)
    expect(plan.moves.filter(m => m.parking)).toHaveLength(1)
    expect(plan.impossible).toEqual([])
  })

  test('a stop only on a candidate of that VM', () => {
    const cloud = one({ a: 4, b: 4, c: 4 }, { x: [[4], 'a', 'b'], y: [[4], 'b', 'a'] })
    const { plan, legs } = planOf(inputOf(cloud, { candidates: vm => (vm === 'x' ? ['a', 'b', 'c'] : ['a', 'b']) }))
    expect(plan.impossible).toEqual([])
    expect(legs[0]).toBe('x a>c')
  })

  test('a stop before another part of the plan fills its host', () => {
    const limits = Object.fromEntries(['a', 'b', 'c', 'd', ...'efghijklmnopqrst'].map(h => [h, 4]))
    const more = Object.fromEntries([...'efghijkl'].map((h, i) => [`v${i}`, [[4], h, 'mnopqrst'[i]!]] as const))
    const cloud = one(limits, { x: [[4], 'a', 'b'], y: [[4], 'b', 'a'], w: [[4], 'd', 'c'], ...more })
    const { plan } = planOf(inputOf(cloud, { candidates: vm => (vm === 'x' || vm === 'y' ? ['a', 'b', 'c'] : []) }))
    expect(plan.impossible).toEqual([])
    expect(plan.moves.filter(m => m.parking)).toHaveLength(1)
  })

  test('many swaps around one spare host', () => {
    const n = 20
    const limits: Record<string, number> = { spare: 4 }
    const vms: Record<string, [number[], string, string]> = {}
    for (let i = 0; i < n; i++) {
      limits[`a${i}`] = limits[`b${i}`] = 4
      vms[`x${i}`] = [[4], `a${i}`, `b${i}`]
      vms[`y${i}`] = [[4], `b${i}`, `a${i}`]
    }
    const { plan } = planOf(inputOf(one(limits, vms)))
    expect(plan.impossible).toEqual([])
    expect(plan.moves.filter(m => m.parking)).toHaveLength(n)
  })

  test('one swap among many moves that depend on it', () => {
    // h0 and h1 swap; behind them a chain of 40 that shares their hosts.
    const limits: Record<string, number> = { spare: 4, end: 4 }
    const vms: Record<string, [number[], string, string]> = {}
    for (let i = 0; i < 40; i++) {
      limits[`h${i}`] = 4
      vms[`v${i}`] = [[2], `h${i}`, i === 0 ? 'end' : `h${i - 1}`]
      vms[`w${i}`] = [[2], `h${i}`, i === 0 ? 'h39' : `h${i - 1}`]
    }
    const { plan } = planOf(inputOf(one(limits, vms)))
    expect(plan.impossible).toEqual([])
    expect(plan.moves.filter(m => m.parking).length).toBeLessThanOrEqual(1)
  })

  test('a tangle of 200 hosts, nine tenths full', () => {
    const limits: Record<string, number> = {}
    const vms: Record<string, [number[], string, string]> = {}
    for (let h = 0; h < 200; h++) {
      limits[`h${h}`] = 8
      vms[`x${h}`] = [[4], `h${h}`, `h${(h * 3 + 1) % 200}`]
      vms[`y${h}`] = [[h % 10 === 0 ? 1 : 4], `h${h}`, `h${h % 10 === 0 ? h : (h * 7 + 2) % 200}`]
    }
    // Whatever does not fit in the target stays.
    const load = new Map<string, number>()
    const add = (host: string, n: number) => load.set(host, (load.get(host) ?? 0) + n)
    for (const [size, from] of Object.values(vms)) add(from, size[0]!)
    for (const vm of Object.values(vms)) {
      add(vm[1], -vm[0][0]!)
      if ((load.get(vm[2]) ?? 0) + vm[0][0]! > 8) vm[2] = vm[1]
      add(vm[2], vm[0][0]!)
    }
    const { plan } = planOf(inputOf(one(limits, vms)))
    expect(plan.impossible).toEqual([])
  })

  test('four hosts with 1 GiB free each, asked for 2 GiB in one place', () => {
    const vms: TestCloud['vms'] = {
      a1: [[1], 'a', 'b'],
      a2: [[3], 'a', 'a'],
      a3: [[3], 'a', 'a'],
      b1: [[7], 'b', 'b'],
      c1: [[7], 'c', 'c'],
      d1: [[2], 'd', 'a'],
      d2: [[5], 'd', 'd'],
    }
    const { plan, legs } = planOf(inputOf(one({ a: 8, b: 8, c: 8, d: 8 }, vms)))
    expect(legs).toEqual(['a1 a>b', 'd1 d>a'])
    expect(plan.steps).toBe(2)
  })
})

describe('impossible', () => {
  test('a swap without room anywhere: both, with reasons', () => {
    const cloud = one(
      { a: 4, b: 4, c: 4, d: 4, e: 4 },
      { x: [[4], 'a', 'b'], y: [[4], 'b', 'a'], z: [[3], 'c', 'c'], p: [[2], 'd', 'e'] },
    )
    const { plan, legs } = planOf(inputOf(cloud, { candidates: () => ['a', 'b', 'c'] }))
    expect(legs).toEqual(['p d>e'])
    expect(plan.impossible.map(m => m.vm)).toEqual(['x', 'y'])
    expect(plan.impossible[0]!.reason).toBe(
      '`b` has room for 0 under test.dl:1 and this VM needs 4; `y` would have to leave first, and no order and no stop on the ' +
        'way that is safe was found',
    )
  })

  test('what depends on it is impossible too', () => {
    const cloud = one({ a: 4, b: 4, c: 4 }, { x: [[4], 'a', 'b'], y: [[4], 'b', 'a'], z: [[4], 'c', 'a'] })
    const input = inputOf({ ...cloud, vms: { ...cloud.vms, y: [[4], 'b', 'c'], z: [[4], 'c', 'a'] } })
    const { plan } = planOf({ ...input, candidates: () => [] })
    expect(plan.impossible.map(m => m.vm)).toEqual(['x', 'y', 'z'])
    expect(plan.impossible[2]!.reason).toContain('no other host is a candidate')
  })

  test('a target that is itself over capacity', () => {
    const { plan } = planOf(inputOf(one({ a: 4, b: 4 }, { x: [[3], 'a', 'b'], y: [[3], 'b', 'b'] })))
    expect(plan.impossible[0]!.reason).toBe(
      '`b` has room for 1 under test.dl:1 and this VM needs 3; not enough leaves it in this target to make room',
    )
  })

  test('a host that stays over its capacity', () => {
    const { plan } = planOf(inputOf(one({ a: 4, b: 4 }, { x: [[1], 'a', 'b'], y: [[6], 'b', 'b'] })))
    expect(plan.impossible[0]!.reason).toMatch(/^`b` is over its capacity under test.dl:1 by 2;/)
  })
})

describe('inconsistent targets are faults', () => {
  const input = inputOf(one({ a: 4, b: 4 }, { x: [[1], 'a', 'b'] }))

  test('a move from elsewhere', () => {
    expect(() => makePlan({ ...input, placement: new Map([['x', 'b']]) })).toThrow('where it is not')
  })

  test('a VM that moves twice', () => {
    expect(() => makePlan({ ...input, moves: [...input.moves, ...input.moves] })).toThrow('twice')
  })
})

test('500 moves between 60 tight hosts need no stop', () => {
  const hosts = 60
  const limits = Object.fromEntries(Array.from({ length: hosts }, (_, h) => [`h${h}`, 44]))
  const vms: Record<string, [number[], string, string]> = {}
  let seed = 7
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n
  const load = Array.from({ length: hosts }, () => 0)
  for (let i = 0; i < 600; i++) {
    const size = 1 + random(6)
    const from = i % hosts
    let to = i < 500 ? random(hosts) : from
    for (let tries = 0; tries < 60 && load[to]! + size > 44; tries++) to = (to + 1) % hosts
    load[to]! += size
    vms[`v${i}`] = [[size], `h${from}`, `h${to}`]
  }
  const input = inputOf(one(limits, vms))
  const plan = makePlan(input)
  expect(replaySteps(input, plan)).toEqual([])
  expect(plan.impossible).toEqual([])
  expect(plan.moves.filter(m => m.parking)).toEqual([])
})
