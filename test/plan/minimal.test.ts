import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openWorld, planWorld } from '../../src/control/index.ts'
import { arbitraryCase, programOf } from '../placement/policies.ts'
import { CAPACITY, worldOf } from './clouds.ts'
import { expectMinimal, notMinimal } from './minimal.ts'

const top = join(import.meta.dirname, '../..')
const data = join(top, 'fixtures/nfv-poc')
const runs = Number(process.env['USHER_RUNS'] ?? 20)

test.each([
  ['capacity', 'ha', 'balance'],
  ['capacity', 'balance', 'consolidate'],
  ['capacity', 'ha', 'balance', 'consolidate'],
  ['capacity', 'utilization'],
  ['capacity', 'utilization', 'pair-only'],
  ['capacity', 'three-members', 'balance', 'pair-only'],
])('plans of the NFV cloud: %s %s %s', async (...names) => {
  const world = await openWorld(
    {
      policies: names.filter(Boolean).map(name => join(top, 'policies/nfv-poc', `${name}.dl`)),
      data,
      change: [join(data, 'delete-large3.change.jsonl')],
    },
    new Map(),
  )
  expectMinimal(world, await planWorld(world, { explain: false }))
})

test('plans of random policies over random clouds', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCase, async c => {
      const world = { ...programOf(c), warnings: [] }
      const plan = await planWorld(world, { explain: false })
      if (plan.impossible.length === 0) expectMinimal(world, plan)
    }),
    { numRuns: runs },
  )
})

test('a plan that is not minimal is found out', () => {
  const text = `${CAPACITY}error("x", h, "") :- nova:location("x", h), h != "b"`
  const world = worldOf(text, { hosts: { a: 9, b: 9, c: 9 }, vms: { x: [1, 'a'], y: [1, 'b'] } })
  const move = (vm: string, from: string, to: string) => ({ vm, from, to, cost: 1 })
  const moves = (...list: ReturnType<typeof move>[]) => ({ moves: list }) as unknown as Parameters<typeof notMinimal>[1]
  expect(notMinimal(world, moves(move('x', 'a', 'b')))).toEqual([])
  expect(notMinimal(world, moves(move('x', 'a', 'b'), move('y', 'b', 'c')))).toContain('without y')
})
