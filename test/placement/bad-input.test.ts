import { describe, expect, test } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { place } from '../../src/placement/index.ts'
import { type SmallTables, smallWorld, threeHosts } from '../../src/placement/testing/small-cloud.ts'

const CAPACITY = 'error(h) :- host(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k'
const hosts = (...cpus: number[]): SmallTables => ({
  ...threeHosts,
  host: [['name', 'cpus'], ...cpus.map((n, i): [string, number] => [`h${i + 1}`, n])],
})

test('policies that contradict each other are answered by the least violation, with what stands against what', async () => {
  const text =
    'error(v, "must") :- cpu(v, 3), not nova:location(v, "h3")\nerror(v, "must not") :- cpu(v, 3), nova:location(v, "h3")'
  const target = await place(smallWorld(text, threeHosts))
  expect(target).toMatchObject({ status: 'unchanged', proof: 'optimal', moves: [] })
  expect(target.unsatisfied).toMatchObject([
    { instance: 'error("v1", "must")', conflict: [{ rule: 'error p.dl:2', instance: 'error("v1", "must not")' }] },
  ])
})

test('VMs without any candidate stay where they are, and the conflict says so', async () => {
  const target = await place(
    smallWorld(`${CAPACITY}\ncandidate(v, h) :- nova:location(v, h), h = "nowhere"`, threeHosts),
  )
  expect(target).toMatchObject({ status: 'unchanged', moves: [] })
  expect(target.unsatisfied[0]!.conflict).toMatchObject([{ rule: 'candidate p.dl:2' }])
})

describe('capacities', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('of %s are refused, naming the table', async bad => {
    const error = await place(smallWorld(CAPACITY, hosts(bad, 4, 4))).catch(e => e)
    expect(error).toBeInstanceOf(DiagnosticError)
    expect((error as DiagnosticError).diagnostics[0]!.message).toContain('`host`')
  })

  test('below 0 are broken by an empty host too, and nothing is moved for nothing', async () => {
    const target = await place(smallWorld(CAPACITY, hosts(-1, 4, 4)))
    expect(target).toMatchObject({ proof: 'optimal', moves: [] })
    expect(target.unsatisfied).toMatchObject([{ instance: 'error("h1")', note: 'it holds in every placement' }])
  })
})

test('a cost of 1e-6 beside 1e12 is left out with the reason, and the large one decides', async () => {
  const text = `cost(1, 1000000000000, v, "h1") :- nova:location(v, "h1")
cost(1, 0.000001, v, "h2") :- nova:location(v, "h2")`
  const target = await place(smallWorld(text, threeHosts), { explain: false })
  expect([...target.placement.values()]).not.toContain('h1')
  expect(target.refused).toEqual([
    {
      rule: 'p.dl:2',
      reason: 'its weight 0.000001 is lost beside 1000000000000; give it a lower priority of its own',
    },
  ])
  const apart = await place(smallWorld(text.replace('cost(1, 0.000001', 'cost(0, 0.000001'), threeHosts))
  expect(apart).toMatchObject({ refused: [], proof: 'optimal' })
  expect(new Set(apart.placement.values())).toEqual(new Set(['h3']))
})

test('a rule with millions of instances is left out by name with a hint, and the answer goes on', async () => {
  const vms = Array.from({ length: 420 }, (_, i) => `v${i}`)
  const names = Array.from({ length: 40 }, (_, i) => `h${i}`)
  const tables: SmallTables = {
    'nova:location': [['vm', 'host'], ...vms.map((v, i): [string, string] => [v, names[i % 30]!])],
    'nova:services': [
      ['host', 'binary', 'status', 'state'],
      ...names.map((h): [string, string, string, string] => [h, 'nova-compute', 'enabled', 'up']),
    ],
  }
  const text = 'warning(a, b, h) :- nova:location(a, h), nova:location(b, h), a < b\nerror(v) :- nova:location(v, "h0")'
  const target = await place(smallWorld(text, tables), { explain: false, timeLimitSeconds: 1 })
  expect(target.refused).toMatchObject([
    { rule: 'p.dl:1', reason: expect.stringMatching(/^more than 3000000 tuples .* narrow `candidate` down$/) },
  ])
  expect(target.violationsAfter.filter(v => v.role === 'error')).toEqual([])
})

test('an abort at any moment ends in an answer that is no worse', async () => {
  for (const delay of [0, 1, 5, 25, 100]) {
    const abort = new AbortController()
    if (delay === 0) abort.abort()
    else setTimeout(() => abort.abort(), delay)
    const target = await place(smallWorld(CAPACITY, threeHosts), { signal: abort.signal })
    expect(target.violationsAfter.length).toBeLessThanOrEqual(target.violationsBefore.length)
  }
})
