import { expect, test } from 'vitest'
import { carve } from './carve.ts'
import { type SmallTables, smallWorld, threeHosts } from './testing/small-cloud.ts'

const tables: SmallTables = { ...threeHosts, 'm:util': [['host', 'value']], link: [['a', 'b']] }

/** Fates of the rules of a policy, in order. */
const fates = (text: string) => carve(smallWorld(text, tables).program)

test('rules that do not read the placement are data', () => {
  expect(fates('error(h) :- host(h, c), c < 4')).toMatchObject([
    { fate: 'data', reason: 'it does not depend on the placement' },
  ])
})

test('an error that reads nova:location is delegated, with the rules it needs', () => {
  expect(fates('used(h) :- nova:location(_, h)\nerror(h) :- used(h), not host(h, _)')).toMatchObject([
    { fate: 'delegated', reason: 'it reads `nova:location`, and a delegated rule needs it', place: 'p.dl:1' },
    { fate: 'delegated', reason: 'it reads `used`', place: 'p.dl:2' },
  ])
})

test('a measured table with a prediction depends on the placement; without one it does not', () => {
  const rule = 'error(h) :- m:util(h, u), u > 80\n'
  const predict = 'predict[m:util(h, u)] :- host(h, k), u = 100 * sum c : { nova:location(v, h), cpu(v, c) } / k'
  expect(fates(rule)[0]).toMatchObject({ fate: 'data' })
  expect(fates(rule + predict).map(f => f.fate)).toEqual(['delegated', 'delegated'])
})

test('candidate, migration_cost and migration_budget are read as things are now', () => {
  const found = fates(
    'candidate(v, h) :- nova:location(v, _), host(h, _)\nmigration_cost(v, 2) :- nova:location(v, _)\nmigration_budget(9)',
  )
  expect(found.map(f => f.fate)).toEqual(['data', 'data', 'data'])
  expect(found[0]!.reason).toBe('`candidate` is read under the present placement')
})

test('what no delegated rule needs is monitored', () => {
  expect(fates('used(h) :- nova:location(_, h)')).toMatchObject([
    { fate: 'monitored', reason: expect.stringContaining('no error, warning or cost rule') },
  ])
  expect(fates('execute[nova:stop(v)] :- nova:location(v, "h1")')).toMatchObject([
    { fate: 'monitored', reason: expect.stringContaining('only error, warning and cost') },
  ])
})

const load = 'load(h, u) :- host(h, _), u = sum c : { nova:location(v, h), cpu(v, c) }\n'

test.each([
  [
    'near(a, b) :- nova:location(a, h), nova:location(b, h), a != b\nnear(a, c) :- near(a, b), near(b, c)\nerror(a) :- near(a, a)',
    "it reads `near`, which can't be translated: it is recursive through `near`, which depends on the placement",
  ],
  [`${load}error(h) :- load(h, u), u * u > 9`, 'it multiplies two numbers that depend on the placement'],
  [`${load}error(h) :- load(h, u), host(h, k), k / u > 1`, 'it divides by a number that depends on the placement'],
  [`${load}error(h) :- load(h, u), host(h, u)`, 'it joins on `u`, a number that depends on the placement'],
  [`${load}error(a, b) :- load(a, u), load(b, u), a < b`, 'it joins on `u`, a number that depends on the placement'],
  [`${load}error(h) :- load(h, u), pow(u, 2) > 9`, '`pow` of a number that depends on the placement is not linear'],
  [`${load}error(h) :- load(h, u), not link(h, u)`, 'it joins `link` on `u`, a number that depends on the placement'],
  [`${load}cost(u, 1, h) :- load(h, u)`, 'the priority of a cost depends on the placement'],
  [
    'cost(1, m, h) :- host(h, _), m = mean c : { nova:location(v, h), cpu(v, c) }',
    'a mean that depends on the placement can not be minimised',
  ],
  [
    'error(h) :- host(h, _), m = mean c : { nova:location(v, h), cpu(v, c) }, s = sum c : { nova:location(v, h), cpu(v, c) }, m > s',
    'it joins a mean, a minimum or a maximum with another number that depends on the placement; compare it with a fixed number',
  ],
])('%s is refused', (text, reason) => {
  const last = fates(text).at(-1)!
  expect(last.reason).toBe(reason)
  expect(last.fate).toBe('monitored')
})
