import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEvaluator } from '../../src/datalog/index.ts'
import { type PlaceInput, placeNew } from '../../src/placement/index.ts'
import { type SmallTables, smallWorld } from '../../src/placement/testing/small-cloud.ts'
import type { Value } from '../../src/tables/index.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 10)

const RULES = [
  'error("capacity", h, "") :- cap(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k',
  'error("apart", a, b) :- grp(g, a), grp(g, b), a < b, nova:location(a, h), nova:location(b, h)',
  'error("together", a, b) :- pair(a, b), nova:location(a, h), nova:location(b, i), h != i',
  'error("not here", v, "h2") :- cpu(v, 3), nova:location(v, "h2")',
  'error("homeless", v, "") :- cpu(v, 3), not nova:location(v, _)',
  'warning(h) :- cap(h, _), n = count : { nova:location(_, h) }, n > 2',
  'cost(2, mib, h, i) :- image(v, i), nova:location(v, h), not cached(h, i), size(i, mib)',
  'cost(1, 1, h, "used") :- nova:location(_, h)',
  'cost(1, 5, v, "moved") :- placement:moved(v, _, _)',
  'cost(1, w, h, "load") :- cap(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, w = u - 3, w > 0',
  'candidate(v, h) :- nova:location(v, _), cap(h, _), h != "h1"',
  'migration_budget(0)',
]
const NEW = ['n1', 'n2', 'n3']
const OLD = ['v1', 'v2']
const HOSTS = ['h1', 'h2', 'h3']

const small = fc.integer({ min: 1, max: 4 })
const arbitraryCloud = fc.record({
  text: fc.subarray(RULES, { minLength: 1 }).map(rules => rules.map((r, i) => `${r} // ${i}`).join('\n')),
  caps: fc.tuple(small, small, small),
  loads: fc.array(small, { minLength: 5, maxLength: 5 }),
  at: fc.array(fc.constantFrom(...HOSTS), { minLength: 2, maxLength: 2 }),
  group: fc.subarray([...OLD, ...NEW]),
  pair: fc.subarray([...OLD, ...NEW], { maxLength: 2 }),
  cached: fc.subarray(HOSTS),
})

function worldOf(c: typeof arbitraryCloud extends fc.Arbitrary<infer T> ? T : never): PlaceInput {
  const vms = [...OLD, ...NEW]
  const tables: SmallTables = {
    'nova:location': [['vm', 'host'], ...OLD.map((vm, i): [string, string] => [vm, c.at[i]!])],
    'nova:services': [
      ['host', 'binary', 'status', 'state'],
      ...HOSTS.map((h): Value[] => [h, 'nova-compute', 'enabled', 'up']),
    ],
    cap: [['host', 'cpu'], ...HOSTS.map((h, i): Value[] => [h, c.caps[i]! + 1])],
    cpu: [['vm', 'cpu'], ...vms.map((v, i): Value[] => [v, c.loads[i]!])],
    grp: [['group', 'vm'], ...c.group.map((v): Value[] => ['g', v])],
    pair: [['a', 'b'], ...(c.pair.length === 2 ? [c.pair] : [])],
    image: [['vm', 'image'], ...vms.map((v): Value[] => [v, 'i'])],
    size: [
      ['image', 'mib'],
      ['i', 7],
    ],
    cached: [['host', 'image'], ...c.cached.map((h): Value[] => [h, 'i'])],
  }
  return smallWorld(c.text, tables)
}

/** Errors, VMs without a host, warnings, costs by falling priority: as the policy's text says of these tables. */
function judged(input: PlaceInput, hosts: ReadonlyMap<Value, Value>): number[] {
  const location = input.tables.get('nova:location')!
  const evaluator = createEvaluator(input.program, { watch: [] })
  evaluator.load([
    ...[...input.tables.values()].filter(t => t !== location),
    { ...location, rows: [...location.rows!, ...hosts] },
  ])
  const rows = (role: string) =>
    [...input.program.tables.values()].filter(t => t.role === role).flatMap(t => evaluator.view.rows(t.name))
  const cost = (p: number) => rows('cost').reduce((sum, [q, w]) => sum + (q === p ? Number(w) : 0), 0)
  return [rows('error').length, NEW.length - hosts.size, rows('warning').length, cost(2), cost(1)]
}

function* assignments(hosts: readonly string[]): Generator<Map<Value, Value>> {
  const options = [undefined, ...hosts]
  for (const a of options)
    for (const b of options)
      for (const c of options)
        yield new Map(NEW.flatMap((vm, i): [Value, Value][] => ([a, b, c][i] ? [[vm, [a, b, c][i]!]] : [])))
}

const lexicographic = (a: readonly number[], b: readonly number[]): number => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

test('hosts for new VMs are the best of all assignments', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCloud, async c => {
      const input = worldOf(c)
      const found = await placeNew(input, NEW, { explain: false })
      const all = [...assignments(c.text.includes('candidate') ? ['h2', 'h3'] : HOSTS)].map(a => judged(input, a))
      const [errorsNow] = judged(input, new Map())
      const complete = all.filter(([errors, left]) => left === 0 && errors! <= errorsNow!)
      const best = (complete.length > 0 ? complete : all).sort(lexicographic)[0]!
      const mine = judged(input, found.hosts)
      expect(found.moves).toEqual([])
      expect(found.hosts.size + found.unplaced.length).toBe(NEW.length)
      expect(found.proof).toBe('optimal')
      // Which VMs stay out is not weighed.
      if (best[1] === 0) expect(mine).toEqual(best)
      else expect(mine.slice(0, 2)).toEqual(best.slice(0, 2))
      expect(found.violationsAfter.filter(v => v.role === 'error')).toHaveLength(mine[0]!)
    }),
    { numRuns: runs },
  )
})

const full: SmallTables = {
  'nova:location': [
    ['vm', 'host'],
    ['v1', 'h1'],
    ['v2', 'h2'],
  ],
  cap: [
    ['host', 'cpu'],
    ['h1', 4],
    ['h2', 4],
  ],
  cpu: [
    ['vm', 'cpu'],
    ['v1', 2],
    ['v2', 2],
    ['n1', 4],
    ['n2', 2],
  ],
}
const CAPACITY = 'error(h) :- cap(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k'

describe('what can not be placed', () => {
  test('is named with a minimal conflict, and the others are placed', async () => {
    const found = await placeNew(smallWorld(CAPACITY, full), ['n1', 'n2'])
    expect([...found.hosts.keys()]).toEqual(['n2'])
    expect(found.violationsAfter).toEqual([])
    expect(found.unplaced).toMatchObject([{ vm: 'n1' }])
    expect(found.unplaced[0]!.conflict.map(c => c.instance).sort()).toEqual(['error("h1")', 'error("h2")'])
  })

  test('has a host where those that exist may move', async () => {
    const found = await placeNew(smallWorld(CAPACITY, full), ['n1'], { moveOthers: true })
    expect(found.unplaced).toEqual([])
    expect(found.moves).toHaveLength(1)
    expect(found.aims.find(aim => aim.name === 'moves')).toMatchObject({ before: 0, after: 1 })
  })

  test('has no candidate at all', async () => {
    const found = await placeNew(smallWorld(`${CAPACITY}\ncandidate(v, "h1") :- nova:location(v, "h1")`, full), ['n2'])
    expect(found.unplaced).toMatchObject([{ vm: 'n2', note: expect.stringContaining('no host may take it') }])
  })
})

test('VMs that are not placed weigh on no host and stand together with nobody', async () => {
  const apart = 'error(a, b) :- nova:location(a, h), nova:location(b, h), a < b'
  const found = await placeNew(smallWorld(apart, full), ['n1', 'n2'])
  expect(found.hosts.size).toBe(0)
  expect(found.violationsAfter).toEqual([])
})
