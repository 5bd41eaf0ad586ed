import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { calibrate, DEFAULT_PARAMETERS, expectedSeconds, makePlan, predict, transfer } from './index.ts'
import { fairRates } from './links.ts'
import { inputOf, type TestCloud } from './testing/cloud.ts'
import { replay, replaySteps } from './testing/replay.ts'
import type { MigrationParameters, PlanInput } from './types.ts'

const exact: MigrationParameters = { ...DEFAULT_PARAMETERS, efficiency: 1, overheadSeconds: 1, pauseSeconds: 0.1 }
/** 100 MiB/s. */
const MBPS = (100 * 1024 * 1024 * 8) / 1e6
const network = { host: () => MBPS, parameters: exact }

describe('one migration', () => {
  test('idle memory is sent once', () => {
    expect(transfer({ used: 1000 }, 100, exact)).toEqual({ seconds: 11, volume: 1000, converges: true })
  })

  test('hot pages are sent round after round until they fit into the pause', () => {
    // 1000, then 50 hot, written again in 0.5 of the 1 s they need: 25, 12.5, and 6.25 in the pause.
    const { seconds, volume } = transfer({ used: 1000, hot: 50, hotSeconds: 1 }, 100, exact)
    expect(volume).toBeCloseTo(1000 + 50 + 25 + 12.5 + 6.25)
    expect(seconds).toBeCloseTo(1 + volume / 100)
  })

  test('cold pages are a geometric series', () => {
    expect(transfer({ used: 1000, coldRate: 50 }, 100, { ...exact, pauseSeconds: 1e-6 }).volume).toBeCloseTo(2000, 3)
  })

  test('a VM that writes faster than the link carries is said not to converge, and still ends', () => {
    const found = transfer({ used: 1000, hot: 500, hotSeconds: 1 }, 100, exact)
    expect(found.converges).toBe(false)
    expect(found.seconds).toBeLessThan(1000)
  })

  test('a disk is copied before the memory', () => {
    expect(transfer({ used: 100, disk: 900 }, 100, exact).seconds).toBeCloseTo(11)
  })
})

describe('shared links', () => {
  test('are shared evenly, and what one flow cannot use goes to the others', () => {
    expect(fairRates([10], [{ route: [0] }, { route: [0] }])).toEqual([5, 5])
    expect(fairRates([10, 2], [{ route: [0] }, { route: [0, 1] }])).toEqual([8, 2])
    expect(fairRates([9], [{ route: [0], cap: 1 }, { route: [0] }])).toEqual([1, 8])
  })

  test('no link carries more than it can, and every flow has a full link or its cap', () => {
    const flow = fc.record({ route: fc.uniqueArray(fc.nat(3), { minLength: 1 }), cap: fc.integer({ min: 1, max: 9 }) })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
        fc.array(flow),
        (rates, flows) => {
          const given = fairRates(rates, flows)
          const used = rates.map((_, l) => flows.reduce((s, f, i) => s + (f.route.includes(l) ? given[i]! : 0), 0))
          used.forEach((u, l) => {
            expect(u).toBeLessThanOrEqual(rates[l]! + 1e-9)
          })
          flows.forEach((f, i) => {
            const stopped = given[i]! >= f.cap - 1e-9 || f.route.some(l => used[l]! >= rates[l]! - 1e-9)
            expect(stopped).toBe(true)
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('two migrations over one link between racks take twice as long', () => {
    const path = () => [{ name: 'r1>r2', mbps: MBPS }]
    const pair = (from: string, to: string) => ({ from, to, memory: { used: 1000 }, after: [] })
    expect(predict(network, [pair('a', 'b'), pair('c', 'd')]).makespan).toBeCloseTo(11)
    expect(predict({ ...network, path }, [pair('a', 'b'), pair('c', 'd')]).makespan).toBeCloseTo(21)
  })

  test('a target that sends receives more slowly where that was seen', () => {
    const lossy = { ...network, parameters: { ...exact, duplexLoss: 0.5 } }
    const times = predict(lossy, [
      { from: 'a', to: 'b', memory: { used: 1000 }, after: [] },
      { from: 'b', to: 'c', memory: { used: 1000 }, after: [] },
    ])
    expect(times.end[1]).toBeCloseTo(11)
    // Half of its 21 s by then would be 11/21; the rest at full speed.
    expect(times.end[0]).toBeCloseTo(11 + (1 - 11 / 21) * 11)
  })
})

describe('a plan in time', () => {
  const cloud: TestCloud = {
    limits: [{ a: 4, b: 4, c: 4, d: 9 }],
    vms: { x: [[4], 'a', 'b'], y: [[4], 'b', 'c'], z: [[1], 'd', 'd'] },
  }

  test('has start, end, makespan, critical path and volume', () => {
    const input = inputOf(cloud, { network, vmMemory: vm => ({ used: vm === 'x' ? 1000 : 500 }) })
    const plan = makePlan(input)
    expect(plan.moves.map(m => [m.vm, m.start, m.end, m.volume])).toEqual([
      ['y', 0, 6, 500],
      ['x', 6, 17, 1000],
    ])
    expect(plan).toMatchObject({ makespan: 17, criticalPath: ['m1', 'm2'], volume: 1500 })
  })

  test('without data takes the cost for GiB over 10 Gb/s', () => {
    const { moves } = makePlan(inputOf(cloud))
    const rate = (10_000e6 / 8 / 1024 / 1024) * DEFAULT_PARAMETERS.efficiency
    expect(moves[0]!.end).toBeCloseTo(DEFAULT_PARAMETERS.overheadSeconds + 4096 / rate)
  })

  test('a link takes no more migrations at once than its limit', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f']
    const input = inputOf(
      {
        limits: [Object.fromEntries(hosts.map(h => [h, 9]))],
        vms: { x: [[1], 'a', 'd'], y: [[1], 'b', 'e'], z: [[1], 'c', 'f'] },
      },
      { network: { ...network, path: () => [{ name: 'wan', mbps: 10 * MBPS, limit: 2 }] } },
    )
    expect(makePlan(input).moves.map(m => m.step)).toEqual([1, 1, 2])
    expect(makePlan({ ...input, network }).steps).toBe(1)
  })

  test.each([0, -1, Number.NaN])('a bandwidth of %s is refused', mbps => {
    expect(() => makePlan(inputOf(cloud, { network: { host: () => mbps } }))).toThrow(DiagnosticError)
  })

  test('memory below 0 is refused', () => {
    expect(() => makePlan(inputOf(cloud, { vmMemory: () => ({ used: -1 }) }))).toThrow(DiagnosticError)
  })
})

test('never longer than a fixed parallelism, and safe', () => {
  const arbitrary = fc.record({
    vms: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(4), fc.nat(4), fc.integer({ min: 0, max: 60 })), {
      minLength: 2,
      maxLength: 9,
    }),
    spare: fc.integer({ min: 1, max: 6 }),
  })
  fc.assert(
    fc.property(arbitrary, ({ vms, spare }) => {
      const at = (end: 1 | 2, h: number) => vms.reduce((s, vm) => s + (vm[end] === h ? vm[0] : 0), 0)
      const limits = Object.fromEntries([0, 1, 2, 3, 4].map(h => [`h${h}`, Math.max(at(1, h), at(2, h)) + spare]))
      const cloud = {
        limits: [limits],
        vms: Object.fromEntries(vms.map((vm, i) => [`v${i}`, [[vm[0]], `h${vm[1]}`, `h${vm[2]}`] as const])),
      }
      const memory = (vm: unknown) => ({ used: 500, hot: vms[Number(`${vm}`.slice(1))]![3], hotSeconds: 1 })
      const plan = (n: number, global = n): [PlanInput, ReturnType<typeof makePlan>] => {
        const input = inputOf(cloud, { network, vmMemory: memory, limits: { perHost: n, global } })
        return [input, makePlan(input)]
      }
      const [input, ours] = plan(4)
      expect(replaySteps(input, ours)).toEqual([])
      expect(replay(input, ours, () => 0)).toEqual([])
      expect(replay(input, ours, n => n - 1)).toEqual([])
      for (const n of [1, 2]) expect(ours.makespan).toBeLessThanOrEqual(plan(n)[1].makespan + 1e-6)
      expect(ours.makespan).toBe(Math.max(0, ...ours.moves.map(m => m.end)))
      for (const m of ours.moves)
        expect(m.start).toBe(Math.max(0, ...ours.moves.filter(o => m.after.includes(o.id)).map(o => o.end)))
    }),
    { numRuns: 60 },
  )
})

describe('calibration', () => {
  const memories = [{ used: 500 }, { used: 2000, hot: 80, hotSeconds: 2 }, { used: 4000, coldRate: 10 }, { used: 900 }]
  const observed = (p: MigrationParameters, noise = (_: number) => 1) =>
    memories.flatMap((memory, m) =>
      [500, 1000, 2000].flatMap((mbps, b) =>
        [0, 1].map(targetSends => {
          const seen = { memory, mbps, seconds: 1, targetSends }
          return { ...seen, seconds: expectedSeconds(seen, p) * noise(m * 6 + b * 2 + targetSends) }
        }),
      ),
    )

  test('finds the parameters that observations were made with', () => {
    const truth = { ...DEFAULT_PARAMETERS, efficiency: 0.7, overheadSeconds: 5, duplexLoss: 0.1, dirtyScale: 0.5 }
    const found = calibrate(observed(truth))
    for (const o of observed(truth)) expect(expectedSeconds(o, found) / o.seconds).toBeCloseTo(1, 1)
    expect(found.efficiency).toBeCloseTo(0.7, 1)
    expect(found.duplexLoss).toBeCloseTo(0.1, 1)
  })

  test('a few stragglers do not rule', () => {
    const truth = { ...DEFAULT_PARAMETERS, efficiency: 0.7 }
    const found = calibrate(observed(truth, i => (i % 8 === 0 ? 3 : 1)))
    const errors = observed(truth).map(o => Math.abs(expectedSeconds(o, found) / o.seconds - 1))
    expect(errors.sort((a, b) => a - b)[12]).toBeLessThan(0.1)
  })

  test('nothing seen changes nothing; nonsense is refused', () => {
    expect(calibrate([])).toEqual(DEFAULT_PARAMETERS)
    expect(() => calibrate([{ memory: { used: 1 }, mbps: 1, seconds: 0 }])).toThrow(DiagnosticError)
  })
})
