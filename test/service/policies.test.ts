import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import type { ServiceEvent } from '../../src/control/service/types.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'

const alice = { id: 'alice' }
const bob = { id: 'bob' }
let open: TestService | undefined
afterEach(() => open?.stop())

const source = () =>
  tableSource('in', {
    'in:up': { columns: ['host'], rows: [['h1'], ['h2']] },
    'in:wanted': { columns: ['host'], rows: [['h1'], ['h3']] },
  })

const MISSING = 'error(host) :- in:wanted(host), not in:up(host)'

const codes = async (work: Promise<unknown>): Promise<string[]> => {
  try {
    await work
    return []
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(d => d.code)
    throw error
  }
}

describe('policies of a service', () => {
  test('a policy that is made shows violations, its changes make versions, and an event tells of each', async () => {
    const tables = source()
    open = await openTestService([tables])
    const { policies, violations, events } = open.service
    const heard: ServiceEvent[] = []
    events.follow('0', undefined, event => heard.push(event))
    const made = await policies.create({ name: 'ups', text: MISSING }, alice)
    expect(made).toMatchObject({ name: 'ups', mode: 'monitor', active: true, version: 1, changedBy: 'alice' })
    expect((await violations.list({}, {})).items.map(v => v.text)).toEqual(['error("h3")'])
    tables.set('in:up', [['h3']])
    const { items } = await violations.list({}, {})
    expect(items.map(v => [v.policy, v.role, v.text])).toEqual([['ups', 'error', 'error("h1")']])
    expect(await violations.explain(items[0]!.id)).toMatchObject({ kind: 'rule', tuple: { row: ['h1'] } })
    const changed = await policies.change('ups', { text: 'warning(h) :- in:up(h)' }, { etag: made.etag }, bob)
    expect(changed).toMatchObject({ version: 2, changedBy: 'bob' })
    expect((await violations.list({}, {})).items.map(v => v.text)).toEqual(['warning("h3")'])
    await policies.rollBack('ups', 1, {}, alice)
    expect((await policies.versions('ups', {})).items.map(v => [v.version, v.text])).toEqual([
      [3, MISSING],
      [2, 'warning(h) :- in:up(h)'],
      [1, MISSING],
    ])
    await until(() => heard.filter(e => e.kind === 'violation').length >= 7)
    expect(heard.filter(e => e.kind === 'policy').map(e => e.data['version'])).toEqual([1, 2, 3])
    expect(heard.flatMap(e => (e.kind === 'violation' ? [`${e.data['text']} ${e.data['state']}`] : []))).toEqual([
      'error("h3") appeared',
      'error("h3") vanished',
      'error("h1") appeared',
      'error("h1") vanished',
      'warning("h3") appeared',
      'warning("h3") vanished',
      'error("h1") appeared',
    ])
    const past = (await violations.list({ history: true }, {})).items
    expect(past.map(v => [v.text, v.until !== undefined]).sort()).toEqual([
      ['error("h1")', false],
      ['error("h1")', true],
      ['error("h3")', true],
      ['warning("h3")', true],
    ])
    expect((await open.service.audit({})).items.map(a => [a.action, a.actor])).toEqual([
      ['policy.change', 'alice'],
      ['policy.change', 'bob'],
      ['policy.create', 'alice'],
    ])
  })

  test('of two authors at once, the second is told that the policy has changed', async () => {
    open = await openTestService([source()])
    const { policies } = open.service
    const { etag } = await policies.create({ name: 'ups', text: MISSING }, alice)
    const both = await Promise.all([
      codes(policies.change('ups', { description: 'one' }, { etag }, alice)),
      codes(policies.change('ups', { description: 'two' }, { etag }, bob)),
    ])
    expect(both.flat()).toEqual(['control/policy-changed-meanwhile'])
    expect(await policies.get('ups')).toMatchObject({ version: 2, description: 'one' })
  })

  test('a text that is wrong, or can not be evaluated within the limits, is refused and the old one stays', async () => {
    const many = tableSource('in', {
      'in:n': { columns: ['n'], rows: Array.from({ length: 300 }, (_, i) => [i]) },
    })
    open = await openTestService([many], { limits: { derivedTuples: 50_000 } })
    const { policies, violations } = open.service
    await policies.create({ name: 'p', text: 'error(n) :- in:n(n), n < 2' }, alice)
    await policies.create({ name: 'q', text: 'error(n) :- in:n(n), n < 1' }, alice)
    expect(await codes(policies.change('p', { text: 'error(n) :- in:m(n)' }, {}, bob))).toContain(
      'language/unknown-table',
    )
    expect(await codes(policies.change('p', { text: 'error(a, b) :- in:n(a), in:n(b)' }, {}, bob))).toEqual([
      'datalog/policy-stopped',
    ])
    expect(await policies.get('p')).toMatchObject({ version: 1 })
    expect((await policies.get('p'))?.stopped).toBeUndefined()
    const texts = (await violations.list({}, {})).items.map(v => `${v.policy} ${v.text}`)
    expect(texts).toEqual(['p error(0)', 'p error(1)', 'q error(0)'])
  })

  test('rules are added and removed one at a time', async () => {
    open = await openTestService([source()])
    const { policies } = open.service
    await policies.create({ name: 'ups', text: `${MISSING}\n` }, alice)
    const rule = { name: 'down', comment: 'Nothing is wanted.', rule: 'warning(h) :- in:up(h), not in:wanted(h)' }
    const added = await policies.insertRule('ups', rule, {}, alice)
    expect(await policies.rules('ups')).toEqual([
      { id: expect.any(String), rule: MISSING },
      { id: added.id, ...rule },
    ])
    await policies.removeRule('ups', added.id, {}, alice)
    expect((await policies.get('ups'))?.text).toBe(`${MISSING}\n`)
  })

  test('a replica started on the same database has the same policies, and each hears of the other', async () => {
    open = await openTestService([source()])
    const { service, store } = open
    await service.policies.create({ name: 'ups', text: MISSING }, alice)
    const { createService } = await import('../../src/control/service/create-service.ts')
    const { testConfig } = await import('../../src/control/service/testing/index.ts')
    const other = await createService(testConfig(), { sources: [source()], store })
    try {
      expect((await other.violations.list({}, {})).items.map(v => v.text)).toEqual(['error("h3")'])
      await other.policies.create({ name: 'two', text: 'error(h) :- in:up(h)' }, bob)
      await until(async () => (await service.violations.list({}, {})).items.length === 3)
    } finally {
      await other.stop()
    }
  })
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return
    await sleep(10)
  }
  throw new Error('it did not happen')
}
