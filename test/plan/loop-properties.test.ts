import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planWorld } from '../../src/control/index.ts'
import { place } from '../../src/placement/index.ts'
import { unreachable } from '../../src/plan/index.ts'
import { CAPACITY, type SmallCloud, worldOf } from './clouds.ts'
import { expectMinimal } from './minimal.ts'
import { reachableStates, type State } from './reachable.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 20)
const patience = 300_000 + 500 * runs

/** Full clouds: three hosts with at most 2 GiB free each. */
const tight: fc.Arbitrary<SmallCloud> = fc
  .record({
    vms: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(2)), { minLength: 3, maxLength: 6 }),
    free: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
  })
  .map(({ vms, free }) => ({
    vms: Object.fromEntries(vms.map(([size, host], i) => [`v${i}`, [size, `h${host}`] as const])),
    hosts: Object.fromEntries(
      free.map((f, h) => [`h${h}`, f + vms.reduce((sum, [size, host]) => sum + (host === h ? size : 0), 0)]),
    ),
  }))

/** Some host must have so much free. */
const asked = (gib: number) => `
free(h, f) :- room(h, r), u = sum s : { nova:location(v, h), size(v, s) }, f = r - u
big_enough(h) :- free(h, f), f >= ${gib}
error("not enough free", "", "") :- n = count : { big_enough(h) }, n = 0
`

const freeOn = ({ hosts, vms }: SmallCloud, state: State, host: string) =>
  hosts[host]! - Object.entries(vms).reduce((sum, [vm, [size]]) => sum + (state[vm] === host ? size : 0), 0)

test('room is made wherever any sequence of migrations can make it', { timeout: patience }, async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(tight, fc.integer({ min: 2, max: 4 }), async (cloud, gib) => {
      const world = worldOf(CAPACITY + asked(gib), cloud)
      const report = await planWorld(world, { explain: false })
      // A stop may be what makes a plan possible at all, so only plans that needed no other target are held to it.
      if (report.impossible.length === 0 && report.rounds === 1) expectMinimal(world, report)
      const states = [...reachableStates(cloud).values()]
      const good = states.filter(({ state }) => Object.keys(cloud.hosts).some(h => freeOn(cloud, state, h) >= gib))
      const left = report.violationsAfter.length
      expect(left === 0).toBe(good.length > 0)
      if (left === 0 && report.moves.length > 0) made++
    }),
    { numRuns: runs },
  )
  expect(made).toBeGreaterThan(0)
})

test('no VM stops on a host whose capacity is not known for it', async () => {
  const cloud: SmallCloud = {
    vms: { v0: [3, 'h1'], v1: [2, 'h0'], v2: [3, 'h1'], v3: [4, 'h2'] },
    hosts: { h0: 3, h1: 8, h2: 5 },
  }
  const report = await planWorld(worldOf(CAPACITY + asked(4), cloud), { explain: false })
  expect(report.violationsAfter).toHaveLength(1)
  expect(report.brokenOnTheWay).toEqual([])
})

test('what is called unreachable no sequence of migrations reaches', { timeout: patience }, async () => {
  await fc.assert(
    fc.asyncProperty(tight, async cloud => {
      const target = await place(worldOf(CAPACITY + asked(3), cloud), { explain: false })
      const placement = new Map(Object.entries(cloud.vms).map(([vm, [, host]]) => [vm, host]))
      const states = [...reachableStates(cloud).values()].map(s => s.state)
      for (const { vm, host } of unreachable({
        placement,
        candidates: v => target.candidates(v),
        capacities: target.capacities,
      }))
        expect(states.some(state => state[`${vm}`] === host)).toBe(false)
    }),
    { numRuns: runs },
  )
})
