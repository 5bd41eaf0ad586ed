import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { place } from '../../src/placement/index.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import { certify, type Relaxation, relax } from '../../src/placement/relaxation.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import type { Row, TableData } from '../../src/tables/index.ts'
import { bruteForce } from './brute-force.ts'
import { arbitraryCase, programOf } from './policies.ts'

function relaxed(input: PlaceInput, mostVms: number): Promise<Relaxation | undefined> {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  return relax(input, present, universe, 10, {}, mostVms)
}

test('no placement is better than the bounds, and those that matter alone bound as well as all', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCase, async c => {
      const input = programOf(c)
      const { best, names } = bruteForce(input)
      const values = new Map(names.map((name, i) => [name, best[i]!]))
      const all = await relaxed(input, Number.POSITIVE_INFINITY)
      const some = await relaxed(input, 0)
      for (const relaxation of [all, some])
        for (const [aim, bound] of certify(relaxation!, values).valid)
          expect(bound).toBeLessThanOrEqual(values.get(aim)! + 1e-6)
      expect(Object.fromEntries(some!.bounds)).toEqual(
        Object.fromEntries([...some!.bounds.keys()].map(aim => [aim, expect.closeTo(all!.bounds.get(aim)!)])),
      )
    }),
    { numRuns: Number(process.env.RUNS ?? 25) },
  )
})

const table = (name: string, columns: string[], rows: Row[]): [string, TableData] => [
  name,
  {
    schema: { table: name, columns: columns.map(c => ({ name: c })) },
    rows,
    provenance: { source: 'test', readAt: '2020-01-01T00:00:00Z' },
  },
]

function cloud(hosts: number, policy: string, more: [string, TableData][]): PlaceInput {
  const all = Array.from({ length: hosts }, (_, h) => h)
  const tables = new Map([
    table(
      'nova:location',
      ['vm', 'host'],
      all.map(h => [`vm${h}`, `host${h}`]),
    ),
    table(
      'nova:services',
      ['host', 'binary', 'status', 'state'],
      all.map(h => [`host${h}`, 'nova-compute', 'enabled', 'up']),
    ),
    ...more,
  ])
  const { program } = checkPolicies([parsePolicy(policy, 'test.dl').policy], {
    schemas: [...tables.values()].map(t => t.schema),
  })
  return { program, tables }
}

test('a cost that is negative on a host where no VM is yet is not bounded by what is there', async () => {
  const weights = Array.from({ length: 50 }, (_, v): Row[] => [
    [`vm${v}`, `host${(v + 7) % 50}`, -5],
    [`vm${v}`, `host${v}`, 2],
  ]).flat()
  const input = cloud(
    50,
    'policy p\ncost(1, w, vm, host) :- weight(vm, host, w), nova:location(vm, host)\nerror(vm) :- nova:location(vm, "host3"), vm = "vm3"',
    [table('weight', ['vm', 'host', 'w'], weights)],
  )
  expect((await relaxed(input, Number.POSITIVE_INFINITY))!.bounds.has('cost 1')).toBe(false)
  const target = await place(input, { explain: false, seed: 1, timeLimitSeconds: 20 })
  expect(target.aims.find(a => a.name === 'cost 1')).toMatchObject({ after: -250, bound: -250 })
})

test.each([
  ['a weight of a table', 'cost(1, w, host) :- weight(host, w), nova:location(_, host)', true],
  ['a quotient', 'cost(1, w, host) :- weight(host, g), w = g / 1024, nova:location(_, host)', true],
  ['a sum', 'cost(1, u, host) :- weight(host, _), u = sum 2 : { nova:location(vm, host) }', true],
  [
    'what is above a threshold',
    'cost(1, w, h) :- weight(h, _), u = count { nova:location(_, h) }, w = u - 3, w > 0',
    true,
  ],
  ['a load less something', 'cost(1, w, h) :- weight(h, g), u = count { nova:location(_, h) }, w = u - g', false],
  ['a difference', 'cost(1, w, host) :- weight(host, g), w = g - 100, nova:location(_, host)', false],
])('bounds of %s', async (_, rule, isBounded) => {
  const weights = Array.from({ length: 50 }, (_, h): Row => [`host${h}`, h % 5])
  const input = cloud(50, `policy p\n${rule}\ncost(1, 1, vm) :- nova:location(vm, "host3")`, [
    table('weight', ['host', 'w'], weights),
  ])
  for (const mostVms of [0, 50]) expect((await relaxed(input, mostVms))!.bounds.has('cost 1')).toBe(isBounded)
})
