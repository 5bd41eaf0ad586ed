import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeProblem } from '../../src/placement/find-placement.ts'
import { place } from '../../src/placement/index.ts'
import { prepare, presentEvaluator } from '../../src/placement/problem.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import { bruteForce } from './brute-force.ts'
import { type Case, programOf } from './policies.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 60)

/** Rules of which any may be left out; with none of the last two, VMs of one size are told apart by nothing but where they are. */
const RULES = [
  'error("cpu", h, "") :- cap(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k',
  'cost(1, 10, "used", h) :- nova:location(_, h)',
  'cost(1, c, "moved", v) :- placement:moved(v, _, _), cpu(v, c)',
  'cost(2, 3, "moved", v) :- placement:moved(v, _, _)',
  'cost(1, 2, "stayed", v) :- nova:location(v, h), home(v, h)',
  'cost(2, p, "there", v) :- nova:location(v, h), price(h, p)',
  'migration_budget(6)',
  'migration_cost(v, c) :- cpu(v, c)',
  'error(g, a, b) :- grp(g, a), grp(g, b), a < b, nova:location(a, h), nova:location(b, h)',
  'cost(1, 4, "first", v) :- nova:location(v, "h1"), cpu(v, 2), grp(_, v)',
]
const VMS = ['v1', 'v2', 'v3', 'v4', 'v5']
const HOSTS = ['h1', 'h2', 'h3']

const arbitraryCloud: fc.Arbitrary<Case> = fc
  .record({
    rules: fc.subarray(RULES, { minLength: 2 }),
    at: fc.array(fc.constantFrom(...HOSTS), { minLength: 5, maxLength: 5 }),
    cpu: fc.array(fc.constantFrom(1, 2), { minLength: 5, maxLength: 5 }),
    cap: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
    group: fc.subarray(VMS, { maxLength: 3 }),
  })
  .map(({ rules, at, cpu, cap, group }) => ({
    text: rules.join('\n'),
    tables: {
      'nova:location': { columns: ['vm', 'host'], rows: VMS.map((v, i) => [v, at[i]!]) },
      home: { columns: ['vm', 'host'], rows: VMS.map((v, i) => [v, at[i]!]) },
      cpu: { columns: ['vm', 'cpu'], rows: VMS.map((v, i) => [v, cpu[i]!]) },
      cap: { columns: ['host', 'cap'], rows: HOSTS.map((h, i) => [h, cap[i]!]) },
      price: { columns: ['host', 'price'], rows: HOSTS.map((h, i) => [h, cap[i]! - 3]) },
      grp: { columns: ['group', 'vm'], rows: group.map(v => ['g', v]) },
      'nova:services': {
        columns: ['host', 'binary', 'status', 'state'],
        rows: HOSTS.map(h => [h, 'nova-compute', 'enabled', 'up']),
      },
    },
  }))

test('what is decided for VMs of a kind at once is the best of all placements', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCloud, async c => {
      const input = programOf(c)
      const target = await place(input, { explain: false })
      const { best, vectorOf } = bruteForce(input)
      expect(target.refused).toEqual([])
      expect(target.proof).toBe('optimal')
      expect(vectorOf(target.placement)).toEqual(best)
    }),
    { numRuns: runs },
  )
})

test('VMs of a kind are counted together wherever they are now', () => {
  const input = programOf({
    text: [RULES[0], RULES[1], RULES[2]].join('\n'),
    tables: {
      'nova:location': { columns: ['vm', 'host'], rows: VMS.map((v, i) => [v, HOSTS[i % 3]!]) },
      cpu: { columns: ['vm', 'cpu'], rows: VMS.map((v, i) => [v, i < 3 ? 1 : 2]) },
      cap: { columns: ['host', 'cap'], rows: HOSTS.map(h => [h, 9]) },
      'nova:services': {
        columns: ['host', 'binary', 'status', 'state'],
        rows: HOSTS.map(h => [h, 'nova-compute', 'enabled', 'up']),
      },
    },
  })
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const { classes } = encodeProblem(prepare(input, present, universe))
  expect(classes.map(c => c.members.map(vm => universe.vms[vm]))).toEqual([
    ['v1', 'v2', 'v3'],
    ['v4', 'v5'],
  ])
})
