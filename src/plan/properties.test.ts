import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makePlan } from './index.ts'
import { leastStops } from './testing/brute-force.ts'
import { inputOf, type TestCloud } from './testing/cloud.ts'
import { replay, replaySteps } from './testing/replay.ts'
import type { PlanInput } from './types.ts'

interface Sizes {
  readonly hosts: number
  readonly vms: number
  /** Hosts may be over capacity at the start, loads may be negative or differ by host. */
  readonly odd?: boolean
}

/** Random clouds: each host takes what start and target need and a little more, so that both fit and little is free. */
function clouds({ hosts, vms, odd = false }: Sizes): fc.Arbitrary<PlanInput> {
  return fc
    .record({
      hosts: fc.integer({ min: 2, max: hosts }),
      capacities: fc.integer({ min: 1, max: 2 }),
      vms: fc.array(
        fc.record({
          load: fc.tuple(fc.integer({ min: odd ? -1 : 0, max: 5 }), fc.integer({ min: 0, max: 5 })),
          from: fc.nat(),
          to: fc.nat(),
        }),
        { minLength: 1, maxLength: vms },
      ),
      spare: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 12, maxLength: 12 }),
      tight: odd ? fc.boolean() : fc.constant(false),
      strict: fc.boolean(),
      uneven: fc.boolean(),
      base: fc.integer({ min: 0, max: 2 }),
      perHost: fc.integer({ min: 1, max: 3 }),
      global: fc.integer({ min: 1, max: 5 }),
      candidates: fc.nat(),
    })
    .map(r => {
      const names = Array.from({ length: r.hosts }, (_, h) => `h${h}`)
      const on = (n: number) => names[n % r.hosts]!
      const loadOn = (load: number, host: string) => (r.uneven && host === 'h1' ? load * 2 : load)
      const limits = Array.from({ length: r.capacities }, (_, c) =>
        Object.fromEntries(
          names.map((host, h) => {
            const sum = (end: 'from' | 'to') =>
              r.vms.reduce((s, vm) => s + (on(vm[end]) === host ? loadOn(vm.load[c]!, host) : 0), r.base)
            const need = r.tight ? sum('to') : Math.max(sum('from'), sum('to'))
            return [host, need + (r.strict ? 1 : 0) + Math.max(0, r.spare[2 * h + c]! - 2)]
          }),
        ),
      )
      const cloud: TestCloud = {
        limits,
        vms: Object.fromEntries(r.vms.map((vm, i) => [`v${i}`, [vm.load, on(vm.from), on(vm.to)] as const])),
        strict: r.strict,
        loadOn,
        base: r.base,
      }
      return inputOf(cloud, {
        limits: { perHost: r.perHost, global: r.global },
        candidates: vm => names.filter((_, h) => (r.candidates >> ((h + `${vm}`.length) % 5)) % 3 !== 1),
      })
    })
}

/** A seeded chooser; a bias lets some replays start everything early and others end everything first. */
function chooser(seed: number): (n: number) => number {
  let state = (seed % 2147483646) + 1
  return n => {
    state = (state * 48271) % 2147483647
    return state % n
  }
}

describe('every plan is safe', () => {
  test.each([
    ['small', { hosts: 3, vms: 5 }],
    ['large', { hosts: 6, vms: 12 }],
    ['over capacity, negative loads', { hosts: 5, vms: 10, odd: true }],
  ] as const)('%s', (_, sizes) => {
    fc.assert(
      fc.property(clouds(sizes), fc.nat(), (input, seed) => {
        const plan = makePlan(input)
        expect(replaySteps(input, plan)).toEqual([])
        for (let k = 0; k < 6; k++) expect(replay(input, plan, chooser(seed + k))).toEqual([])
        expect(replay(input, plan, () => 0)).toEqual([])
        expect(replay(input, plan, n => n - 1)).toEqual([])
        for (const move of plan.moves) {
          const steps = plan.moves.filter(m => move.after.includes(m.id)).map(m => m.step)
          expect(Math.max(0, ...steps)).toBe(move.step - 1)
        }
        for (const { reason } of plan.impossible) expect(reason).toMatch(/^[`a-z]/)
      }),
      { numRuns: 200 },
    )
  })
})

test('fewest stops, at the least cost, as brute force finds them', () => {
  fc.assert(
    fc.property(clouds({ hosts: 3, vms: 5 }), input => {
      const plan = makePlan(input)
      const least = leastStops(input)
      const stops = plan.moves.filter(m => m.parking).length
      if (least === undefined) expect(plan.impossible).not.toEqual([])
      else expect({ stops, cost: plan.cost, impossible: plan.impossible }).toEqual({ ...least, impossible: [] })
    }),
    { numRuns: 300 },
  )
})
