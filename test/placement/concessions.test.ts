import { expect, test } from 'vitest'
import { type PlaceInput, place } from '../../src/placement/index.ts'
import { type SmallTables, smallWorld } from '../../src/placement/testing/small-cloud.ts'

const cloud = (more: SmallTables = {}): SmallTables => ({
  'nova:location': [
    ['vm', 'host'],
    ['v1', 'h1'],
    ['v2', 'h1'],
    ['v3', 'h2'],
  ],
  'nova:services': [
    ['host', 'binary', 'status', 'state'],
    ['h1', 'nova-compute', 'enabled', 'up'],
    ['h2', 'nova-compute', 'enabled', 'up'],
  ],
  host: [
    ['name', 'cpus'],
    ['h1', 4],
    ['h2', 4],
  ],
  cpu: [
    ['vm', 'cpus'],
    ['v1', 3],
    ['v2', 2],
    ['v3', 1],
  ],
  ...more,
})
const CAPACITY = 'error(h) :- host(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k'
const APART = '(a, b, "apart") :- near(a, b), nova:location(a, h), nova:location(b, h)'

async function offered(input: PlaceInput) {
  const target = await place(input)
  expect(target.unsatisfied).toHaveLength(1)
  return target.unsatisfied[0]!.concessions!.map(({ kind, what, cost }) => `${kind}: ${what} (${cost})`)
}

/** That the policy or cloud with the concession in its own text has the violation no more. */
async function isFree(text: string, tables: SmallTables): Promise<boolean> {
  const { violationsAfter } = await place(smallWorld(text, tables), { explain: false })
  return !violationsAfter.some(v => v.role === 'error')
}

test('a budget that is larger by as little as helps, one more host, or a warning', async () => {
  const text = (budget: number, role = 'error') =>
    `${CAPACITY.replace('error', role)}\nmigration_cost(v, c) :- cpu(v, c)\nmigration_budget(${budget})`
  expect(await offered(smallWorld(text(1), cloud()))).toEqual([
    'warning: the error p.dl:1 as a warning (0)',
    'budget: a migration budget of 2, which is 1 more (2)',
  ])
  expect(await isFree(text(1), cloud())).toBe(false)
  expect(await isFree(text(2), cloud())).toBe(true)
  expect(await isFree(text(1, 'warning'), cloud())).toBe(true)
})

test('a VM that may leave its candidates', async () => {
  const text = (more: string) => `${CAPACITY}\ncandidate(v, h) :- nova:location(v, h)\n${more}`
  expect(await offered(smallWorld(text(''), cloud()))).toEqual([
    'warning: the error p.dl:1 as a warning (0)',
    'candidate: v1 may be on any host (1)',
    'candidate: v2 may be on any host (1)',
  ])
  expect(await isFree(text(''), cloud())).toBe(false)
  expect(await isFree(text('candidate("v1", "h2")'), cloud())).toBe(true)
  expect(await isFree(text('candidate("v2", "h2")'), cloud())).toBe(true)
})

test('one more host, or the other rule of the conflict as a warning', async () => {
  const near: SmallTables = {
    near: [
      ['a', 'b'],
      ['v1', 'v3'],
      ['v2', 'v3'],
    ],
  }
  const text = (apart: 'error' | 'warning') => `${CAPACITY.replace('error(h)', 'error("cpu", h, h)')}\n${apart}${APART}`
  const tables = cloud(near)
  const found = await offered(smallWorld(text('error'), tables))
  expect(found).toEqual([
    'warning: the error p.dl:1 as a warning (0)',
    'host: one more host like h1 (1)',
    'warning: the error p.dl:2 as a warning (1)',
  ])
  expect(await isFree(text('error'), tables)).toBe(false)
  expect(await isFree(text('warning'), tables)).toBe(true)
  const larger: SmallTables = {
    ...tables,
    host: [...tables['host']!, ['h3', 4]],
    'nova:services': [...tables['nova:services']!, ['h3', 'nova-compute', 'enabled', 'up']],
  }
  expect(await isFree(text('error'), larger)).toBe(true)
})
