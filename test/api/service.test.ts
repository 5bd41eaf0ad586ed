import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import { type Server, startServer } from '../postgres/server.ts'
import { CAPACITY, cloudOf, openCloud, until } from '../service/cloud.ts'
import { type Served, serve } from './server.ts'

// Sources, a database and a policy are brought up before the first test.
vi.setConfig({ hookTimeout: 60_000 })

describe('over the service itself', () => {
  /*
   * The API over the service itself: what is documented must be what really comes. A source with two tables that the test fills.
   */

  let running: TestService
  let server: Served
  const source = tableSource('cloud', {
    'cloud:vm': {
      columns: ['vm', 'host'],
      rows: [
        ['a', 'h1'],
        ['b', 'h1'],
        ['c', 'h2'],
      ],
    },
    'cloud:apart': { columns: ['one', 'other'], rows: [] },
  })
  const TEXT = `// two that must not share a host
  error(x, y, h) :- cloud:apart(x, y), cloud:vm(x, h), cloud:vm(y, h)
  `

  beforeAll(async () => {
    running = await openTestService([source])
    server = await serve(running.service, running.store)
    const made = await server.ask('author', 'POST', '/v2/policies', { payload: { name: 'spread', text: TEXT } })
    expect(made.status).toBe(201)
  })
  afterAll(async () => {
    await server.close()
    await running.stop()
  })

  /** What an answer says once it says it. */
  async function eventually<T>(read: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
    for (let i = 0; i < 300; i++) {
      const value = await read()
      if (isRight(value)) return value
      await new Promise(done => setTimeout(done, 20))
    }
    return read()
  }
  const violations = (query = '') => server.ask('viewer', 'GET', `/v2/violations${query}`)

  test('a changed row becomes a violation, in the list and on the stream, with why', async () => {
    await server.api.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.api.server.address() as AddressInfo
    const abort = new AbortController()
    const stream = await fetch(`http://127.0.0.1:${port}/v2/events?kinds=violation`, {
      headers: { authorization: `Bearer ${server.tokens.viewer}` },
      signal: abort.signal,
    })
    source.apply([{ table: 'cloud:apart', inserted: [['a', 'b']], removed: [] }])
    let text = ''
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      text += chunk
      if (/data: .*\n\n/.test(text)) break
    }
    abort.abort()
    expect(JSON.parse(/data: (.*)/.exec(text)![1]!)).toMatchObject({ kind: 'violation', data: { policy: 'spread' } })

    const { body } = await eventually(violations, got => got.body.items.length === 1)
    expect(body.items).toMatchObject([
      { policy: 'spread', table: 'spread:error', role: 'error', row: ['a', 'b', 'h1'] },
    ])
    const [{ id }] = body.items
    expect((await server.ask('viewer', 'GET', `/v2/violations/${id}`)).body).toMatchObject({ id })
    const why = await server.ask('viewer', 'GET', `/v2/violations/${id}/explanation`)
    expect(why.body.derivation).toMatchObject({ kind: 'rule', rule: { policy: 'spread' }, because: [{}, {}, {}] })
    expect((await violations('?policy=spread&role=error&value=h1')).body.items).toHaveLength(1)
    expect((await violations('?value=h2')).body.items).toHaveLength(0)
  })

  test('an exception covers a violation until it is ended', async () => {
    const made = await server.ask('operator', 'POST', '/v2/exceptions', {
      payload: {
        ...{
          policy: 'spread',
          table: 'spread:error',
          pattern: ['a', null, null],
          because: 'until the new host is there',
        },
        until: new Date(Date.now() + 3_600_000).toISOString(),
      },
    })
    expect(made).toMatchObject({ status: 201, body: { createdBy: 'token:operator' } })
    expect((await violations()).body.items[0].exception).toMatchObject({ id: made.body.id })
    expect((await server.ask('viewer', 'GET', '/v2/exceptions')).body.items).toHaveLength(1)
    expect((await server.ask('operator', 'DELETE', `/v2/exceptions/${made.body.id}`)).status).toBe(204)
    expect((await violations()).body.items[0].exception).toBeUndefined()
  })

  test('policies: versions, rules, tables, preview, and two authors at once', async () => {
    const read = await server.ask('viewer', 'GET', '/v2/policies/spread')
    const draft = { name: 'spread', text: 'error(x, h) :- cloud:vm(x, h), h = "h2"\n' }
    const preview = await server.ask('viewer', 'POST', '/v2/policies/preview', { payload: { draft, plan: false } })
    expect(preview.body).toMatchObject({
      diagnostics: [],
      appear: [{ row: ['c', 'h2'] }],
      vanish: [{ row: ['a', 'b', 'h1'] }],
    })
    const wrong = await server.ask('author', 'PATCH', '/v2/policies/spread', {
      payload: { text: 'error(x) :- not cloud:vm(x, y)' },
      headers: { 'if-match': read.headers['etag']! },
    })
    expect(wrong.status).toBe(400)
    expect(wrong.body.error.code).toMatch(/^language\//)
    const change = (description: string) =>
      server.ask('author', 'PATCH', '/v2/policies/spread', {
        payload: { description },
        headers: { 'if-match': read.headers['etag']! },
      })
    const both = await Promise.all([change('one'), change('two')])
    expect(both.map(answer => answer.status).sort()).toEqual([200, 412])
    expect((await server.ask('viewer', 'GET', '/v2/policies/spread/versions')).body.items).toHaveLength(2)
    expect((await server.ask('viewer', 'GET', '/v2/policies/spread/rules')).body.items).toMatchObject([
      { comment: 'two that must not share a host' },
    ])
    expect((await server.ask('viewer', 'GET', '/v2/policies/spread/tables')).body.items).toEqual([
      { name: 'spread:error', columns: ['column 1', 'column 2', 'column 3'], count: 1 },
    ])
    const back = await server.ask('author', 'POST', '/v2/policies/spread/roll-back', {
      payload: { version: 1 },
      headers: { 'if-match': '*' },
    })
    expect(back.body).toMatchObject({ version: 3, text: TEXT })
  })

  test('every list that a viewer may read comes as it is documented', async () => {
    await server.ask('operator', 'POST', '/v2/cycles', { payload: {} })
    const snapshot = await server.ask('operator', 'POST', '/v2/snapshots')
    expect(snapshot.status).toBe(201)
    for (const url of [
      '/v2/policies',
      '/v2/violations?history=true',
      '/v2/sources',
      '/v2/sources/cloud',
      '/v2/tables/cloud:vm/rows?trace&limit=2',
      '/v2/plans',
      '/v2/placements',
      '/v2/cycles',
      '/v2/executions',
      '/v2/snapshots',
      `/v2/snapshots/${snapshot.body.id}/violations`,
      '/v2/webhooks',
      '/v2/library',
      '/v2/health/ready',
      '/metrics',
      '/v1/policies',
      '/v1/data-sources',
      '/v1/data-sources/cloud/schema',
      '/v1/data-sources/cloud/status',
      '/v1/data-sources/cloud/tables/vm/rows',
      '/v1/policies/spread/rules',
      '/v1/policies/spread/tables/error/rows?trace=True',
      '/v1/system/drivers',
    ])
      expect([url, (await server.ask('viewer', 'GET', url)).status]).toEqual([url, 200])
    const lines = (await server.ask('viewer', 'GET', `/v2/snapshots/${snapshot.body.id}`)).text.trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line))).toContainEqual(expect.objectContaining({ table: 'cloud:vm' }))
    expect((await server.ask('operator', 'DELETE', `/v2/snapshots/${snapshot.body.id}`)).status).toBe(204)
  })

  test('what is not there is 404, whatever it is', async () => {
    for (const [method, url, payload] of [
      ['GET', '/v2/policies/none'],
      ['GET', '/v2/policies/none/rules'],
      ['GET', '/v2/policies/none/versions'],
      ['GET', '/v2/violations/none'],
      ['GET', '/v2/tables/none:none/rows'],
      ['GET', '/v2/sources/none'],
      ['GET', '/v2/plans/none'],
      ['POST', '/v2/plans/none/approve'],
      ['GET', '/v2/executions/none'],
      ['POST', '/v2/executions/none/cancel'],
      ['GET', '/v2/snapshots/none'],
      ['DELETE', '/v2/exceptions/none'],
      ['DELETE', '/v2/webhooks/none'],
      ['POST', '/v2/sources/none/refresh'],
      ['POST', '/v2/sources/none/actions/none', { input: {} }],
      ['POST', '/v2/sources/cloud/actions/none', { input: {} }],
      ['PUT', '/v2/sources/none/tables/none/rows', { rows: [] }],
      ['POST', '/v2/tasks/complete', { token: 'none/none/1' }],
      ['POST', '/v2/tasks/complete', { token: 'nonsense' }],
      ['DELETE', '/v1/policies/none'],
      ['GET', '/v1/policies/none/tables/error/rows'],
      ['DELETE', '/v1/policies/spread/rules/none'],
    ] as const) {
      const answer = await server.ask('admin', method, url, payload ? { payload } : {})
      expect([method, url, answer.status]).toEqual([method, url, 404])
    }
  })

  test('cursors that no page gave are refused', async () => {
    for (const url of [
      '/v2/policies',
      '/v2/violations',
      '/v2/tables/cloud:vm/rows',
      '/v2/executions',
      '/v2/plans',
      '/v2/cycles',
      '/v2/snapshots',
      '/v2/sources',
    ])
      expect([url, (await server.ask('viewer', 'GET', `${url}?cursor=garbage!`)).status]).toEqual([url, 400])
  })

  test('Congress: a simulation answers in its words', async () => {
    const body = { query: 'error(x, y, h)', sequence: 'cloud:apart+("a", "c")', action_policy: 'spread' }
    const asked = (flags: string) =>
      server.ask('viewer', 'POST', `/v1/policies/spread?action=simulate${flags}`, { payload: body })
    expect((await asked('&trace=False&delta=False')).body.result).toEqual(['error("a", "b", "h1")'])
    const moved = { ...body, sequence: 'cloud:apart+("a", "c") cloud:vm-("c", "h2") cloud:vm+("c", "h1")' }
    const delta = await server.ask('viewer', 'POST', '/v1/policies/spread?action=simulate&delta=True&trace=True', {
      payload: moved,
    })
    expect(delta.body).toEqual({ result: ['error+("a", "c", "h1")'], trace: expect.any(String) })
  })
})

describe('plans of a simulated cloud', () => {
  /* A cloud whose first host is too full: its plan is made, shown, approved and carried out over HTTP. */

  let running: TestService
  let server: Served
  beforeAll(async () => {
    running = await openCloud(await cloudOf(['a']))
    server = await serve(running.service, running.store)
  })
  afterAll(async () => {
    await server.close()
    await running.stop()
  })

  const draft = { name: 'capacity', text: CAPACITY, mode: 'advise' }

  test('a plan waits for approval, is approved by an operator, and done', async () => {
    expect((await server.ask('author', 'POST', '/v2/policies', { payload: draft })).status).toBe(201)
    const list = async (state: string) => (await server.ask('viewer', 'GET', `/v2/plans?state=${state}`)).body.items
    const waiting = await until(async () => (await list('waiting'))[0], 'a plan waits')
    expect(waiting).toMatchObject({ mode: 'advise', moves: 1, errorsBefore: 1, errorsAfter: 0 })
    const plan = await server.ask('viewer', 'GET', `/v2/plans/${waiting.id}`)
    expect(plan.body.report.moves).toMatchObject([{ from: 'a1', to: 'a2' }])
    const same = await server.ask('viewer', 'GET', `/v2/plans/${waiting.id}/diff?to=${waiting.id}`)
    expect(same.body.items).toEqual([])

    expect((await server.ask('author', 'POST', `/v2/plans/${waiting.id}/approve`)).status).toBe(403)
    const approved = await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/approve`, {
      headers: { 'idempotency-key': 'approve-once' },
    })
    expect(approved).toMatchObject({ status: 200, body: { decidedBy: 'token:operator' } })
    const again = await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/approve`, {
      headers: { 'idempotency-key': 'approve-once' },
    })
    expect(again.body).toEqual(approved.body)
    expect(
      (await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/reject`, { payload: { reason: 'late' } })).status,
    ).toBe(409)

    const done = await until(async () => (await list('done'))[0], 'the plan is done')
    const execution = await server.ask('viewer', 'GET', `/v2/executions/${done.execution}`)
    expect(execution.body).toMatchObject({ state: 'succeeded' })
    expect(
      (await server.ask('viewer', 'GET', `/v2/executions/${done.execution}/tasks`)).body.items.length,
    ).toBeGreaterThan(0)
    await until(async () => (await server.ask('viewer', 'GET', '/v2/violations')).body.items.length === 0, 'it helped')
    const past = await server.ask('viewer', 'GET', '/v2/violations?history=true')
    expect(past.body.items[0].until).toBeDefined()
    const { body: audit } = await server.ask('admin', 'GET', '/v2/audit')
    expect(audit.items.map((entry: { action: string }) => entry.action)).toContain('plan.approve')
  })

  test('a new VM is given a host that has room', async () => {
    const { body: servers } = await server.ask('viewer', 'GET', '/v2/tables/nova:location/rows')
    expect(servers.items).toHaveLength(3)
    const answer = await server.ask('viewer', 'POST', '/v2/placements/recommend', {
      payload: { vms: ['new'], rows: [{ table: 'vm_cpu', row: ['new', 2] }], seconds: 5 },
    })
    expect(answer.body.error).toBeUndefined()
    expect(answer.body.hosts).toMatchObject([{ vm: 'new' }])
  })
})

describe('a PostgreSQL that goes away', () => {
  /* The service itself on a PostgreSQL that goes away and comes back. */

  const missing = typeof inject('postgres') === 'string'
  let database: Server
  let running: TestService
  let server: Served
  const source = tableSource('cloud', { 'cloud:vm': { columns: ['vm', 'host'], rows: [['a', 'h1']] } })

  beforeAll(async () => {
    if (missing) return
    const started = await startServer()
    if (typeof started === 'string') throw new Error(started)
    database = started
    await database.administer('create database away')
    running = await openTestService([source], {}, { url: database.url('away'), lockTimeoutMs: 1500 })
    server = await serve(running.service, running.store)
  })
  afterAll(async () => {
    await server?.close()
    await running?.stop()
    await database?.remove()
  })

  const text = 'error(x) :- cloud:vm(x, "h1")\n'
  const write = (name: string) => server.ask('author', 'POST', '/v2/policies', { payload: { name, text } })

  test.skipIf(missing)(
    'the database is away: reading goes on, writing says why it does not, nothing is lost',
    async () => {
      expect((await write('kept')).status).toBe(201)
      await until(async () => (await server.ask('viewer', 'GET', '/v2/violations')).body.items[0], 'a violation')
      await database.kill()
      for (const url of [
        '/v2/policies',
        '/v2/policies/kept',
        '/v2/policies/kept/rules',
        '/v2/violations',
        '/v2/tables/cloud:vm/rows',
        '/v2/sources',
        '/v2/placements',
        '/v1/policies/kept/tables/error/rows',
        '/metrics',
        '/v2/health/live',
      ])
        expect([url, (await server.ask('viewer', 'GET', url)).status]).toEqual([url, 200])
      // What happens meanwhile is seen.
      source.apply([{ table: 'cloud:vm', inserted: [['b', 'h1']], removed: [] }])
      await until(
        async () => (await server.ask('viewer', 'GET', '/v2/tables/kept:error/rows')).body.items.length === 2,
        'the new row is evaluated',
      )
      for (const answer of [
        await write('lost'),
        await server.ask('operator', 'POST', '/v2/snapshots'),
        await server.ask('author', 'POST', '/v2/policies', {
          payload: { name: 'lost', text },
          headers: { 'idempotency-key': 'during' },
        }),
      ]) {
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
        expect(answer.body.error.code).toMatch(/^store\//)
        expect(answer.text).not.toMatch(/password|postgres:|at \S+ \(/)
      }
      const ready = await server.ask('viewer', 'GET', '/v2/health/ready')
      expect(ready).toMatchObject({ status: 503, body: { reasons: [{ part: 'database' }] } })

      await database.start()
      const made = await until(async () => {
        const answer = await write('later')
        return answer.status === 201 ? answer : undefined
      }, 'writing goes on')
      expect(made.body.name).toBe('later')
      expect((await server.ask('viewer', 'GET', '/v2/policies')).body.items).toHaveLength(2)
      await until(async () => (await server.ask('viewer', 'GET', '/v2/health/ready')).status === 200, 'it is ready')
    },
  )
})
