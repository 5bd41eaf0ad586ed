import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fail } from '../../src/diagnostic/index.ts'
import { startServer, type TestServer } from './server.ts'

describe('policies', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  const draft = (name: string) => ({ name, text: 'error(x) :- p(x)\n' })

  test('a policy is made, read, changed, rolled back and removed, each change with its ETag', async () => {
    const made = await server.ask('author', 'POST', '/v2/policies', { payload: draft('one') })
    expect(made.status).toBe(201)
    expect(made.headers['location']).toBe(`/v2/policies/${made.body.id}`)
    const read = await server.ask('viewer', 'GET', '/v2/policies/one')
    expect(read.body).toMatchObject({
      name: 'one',
      version: 1,
      mode: 'monitor',
      active: true,
      changedBy: 'token:author',
    })
    const etag = read.headers['etag']!
    expect(etag).toBe(made.headers['etag'])

    const unchanged = await server.ask('viewer', 'GET', '/v2/policies/one', { headers: { 'if-none-match': etag } })
    expect([unchanged.status, unchanged.text]).toEqual([304, ''])

    const changed = await server.ask('author', 'PATCH', '/v2/policies/one', {
      payload: { text: 'error(x) :- q(x)\n', mode: 'advise' },
      headers: { 'if-match': etag },
    })
    expect(changed.body).toMatchObject({ version: 2, mode: 'advise', text: 'error(x) :- q(x)\n' })
    const back = await server.ask('author', 'POST', '/v2/policies/one/roll-back', {
      payload: { version: 1 },
      headers: { 'if-match': changed.headers['etag']! },
    })
    expect(back.body).toMatchObject({ version: 3, text: 'error(x) :- p(x)\n' })
    const off = await server.ask('author', 'POST', '/v2/policies/one/deactivate', { headers: { 'if-match': '*' } })
    expect(off.body).toMatchObject({ version: 4, active: false })
    const versions = await server.ask('viewer', 'GET', '/v2/policies/one/versions?limit=3')
    expect(versions.body.items.map((p: { version: number }) => p.version)).toEqual([4, 3, 2])
    expect(versions.body.next).toBeDefined()
    const gone = await server.ask('author', 'DELETE', '/v2/policies/one', {
      headers: { 'if-match': off.headers['etag']! },
    })
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await server.ask('viewer', 'GET', '/v2/policies/one')).status).toBe(404)
  })

  test('of two authors who read the same version, the second is refused and nothing is lost', async () => {
    const made = await server.ask('author', 'POST', '/v2/policies', { payload: draft('two') })
    const etag = made.headers['etag']!
    const change = (text: string) =>
      server.ask('author', 'PATCH', '/v2/policies/two', { payload: { text }, headers: { 'if-match': etag } })
    const [first, second] = await Promise.all([change('error(1)\n'), change('error(2)\n')])
    expect([first.status, second.status].sort()).toEqual([200, 412])
    const lost = first.status === 412 ? first : second
    expect(lost.body.error).toMatchObject({ code: 'control/policy-changed-meanwhile' })
    const now = await server.ask('viewer', 'GET', '/v2/policies/two')
    expect(now.body.text).toBe(first.status === 200 ? 'error(1)\n' : 'error(2)\n')
    expect(now.body.version).toBe(2)
  })

  test('a change without If-Match is refused with 428, one that can not be read with 400', async () => {
    await server.ask('author', 'POST', '/v2/policies', { payload: draft('three') })
    const change = (headers: Record<string, string>) =>
      server.ask('author', 'PATCH', '/v2/policies/three', { payload: { text: 'error(1)\n' }, headers })
    expect(await change({})).toMatchObject({ status: 428, body: { error: { code: 'api/no-guard' } } })
    expect(await change({ 'if-match': 'policy' })).toMatchObject({
      status: 400,
      body: { error: { code: 'api/bad-guard' } },
    })
    expect(await change({ 'if-match': 'W/"x"' })).toMatchObject({ status: 400 })
    expect((await change({ 'if-match': '"other", "old"' })).status).toBe(412)
    const etag = (await server.ask('viewer', 'GET', '/v2/policies/three')).headers['etag']!
    expect((await change({ 'if-match': `"other", ${etag}` })).status).toBe(200)
  })

  test('a text that is no policy is refused with the place of the mistake', async () => {
    const answer = await server.ask('author', 'POST', '/v2/policies', { payload: { name: 'four', text: '!!' } })
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({
      code: 'language/unexpected-token',
      details: [{ code: 'language/unexpected-token', span: { line: 1, column: 1 } }],
    })
    const checked = await server.ask('viewer', 'POST', '/v2/policies/validate', {
      payload: { name: 'four', text: '!!' },
    })
    expect(checked.body).toMatchObject({ valid: false, diagnostics: [{ code: 'language/unexpected-token' }] })
  })

  test('every wrong field is named', async () => {
    const answer = await server.ask('author', 'POST', '/v2/policies', {
      payload: { name: '9', mode: 'loud', extra: 1 },
    })
    expect(answer.status).toBe(400)
    expect(answer.body.error.code).toBe('api/bad-request')
    expect(answer.body.error.details.map((d: { field: string }) => d.field).sort()).toEqual([
      'body',
      'body.mode',
      'body.name',
      'body.text',
    ])
  })

  test('rules are added and removed under the guard of the policy', async () => {
    const made = await server.ask('author', 'POST', '/v2/policies', { payload: draft('five') })
    const rule = await server.ask('author', 'POST', '/v2/policies/five/rules', {
      payload: { rule: 'error(x) :- q(x)' },
      headers: { 'if-match': made.headers['etag']! },
    })
    expect(rule).toMatchObject({ status: 201, body: { rule: 'error(x) :- q(x)' } })
    const url = `/v2/policies/five/rules/${rule.body.id}`
    expect((await server.ask('author', 'DELETE', url, { headers: { 'if-match': made.headers['etag']! } })).status).toBe(
      412,
    )
    expect((await server.ask('author', 'DELETE', url, { headers: { 'if-match': '*' } })).status).toBe(200)
    expect((await server.ask('viewer', 'GET', '/v2/policies/five/rules')).body.items).toHaveLength(1)
  })

  test('a preview says what would appear, what would vanish, and the plan', async () => {
    const { body } = await server.ask('viewer', 'POST', '/v2/policies/preview', { payload: { draft: draft('six') } })
    expect(body).toMatchObject({ appear: [{ id: 'violation-3' }], vanish: [], plan: { status: 'unchanged' } })
  })

  test('who changed what is in the audit log, for administrators only', async () => {
    await server.ask('author', 'POST', '/v2/policies', { payload: draft('seven') })
    const { body } = await server.ask('admin', 'GET', '/v2/audit?subject=seven')
    expect(body.items).toMatchObject([{ actor: 'token:author', action: 'policy.create', after: { name: 'seven' } }])
    expect((await server.ask('operator', 'GET', '/v2/audit')).status).toBe(403)
  })
})

describe('idempotency keys', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  const post = (key: string, payload: object, role: 'author' | 'admin' = 'author') =>
    server.ask(role, 'POST', '/v2/policies', { payload, headers: { 'idempotency-key': key } })
  const named = (name: string) => [...server.service.policyTexts.keys()].filter(n => n === name)

  test('a request that comes twice is carried out once, and answered twice alike', async () => {
    const first = await post('key-1', { name: 'one', text: '' })
    const second = await post('key-1', { name: 'one', text: '' })
    expect(first.status).toBe(201)
    expect([second.status, second.body]).toEqual([201, first.body])
    for (const header of ['location', 'etag', 'content-type'])
      expect(second.headers[header]).toBe(first.headers[header])
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([undefined, 'true'])
    expect(named('one')).toHaveLength(1)
  })

  test('two at the same moment: one is carried out, the other is told to wait or gets its answer', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => post('key-2', { name: 'two', text: '' })))
    expect(answers.filter(a => a.status === 201).length).toBeGreaterThan(0)
    for (const answer of answers.filter(a => a.status !== 201))
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'api/key-in-use' } } })
    expect(answers.filter(a => a.headers['idempotency-replayed'] === undefined && a.status === 201)).toHaveLength(1)
    expect(named('two')).toHaveLength(1)
  })

  test('a key of another request is refused; keys of two callers do not meet', async () => {
    await post('key-3', { name: 'three', text: '' })
    expect(await post('key-3', { name: 'four', text: '' })).toMatchObject({
      status: 422,
      body: { error: { code: 'api/key-reused' } },
    })
    expect(await post('key-3', { name: 'four', text: '' }, 'admin')).toMatchObject({ status: 201 })
  })

  test('refusals are answered again as they were, but not those that may go better the next time', async () => {
    const refused = await post('key-4', { name: 'one', text: '' })
    expect(refused.status).toBe(409)
    expect((await post('key-4', { name: 'one', text: '' })).headers['idempotency-replayed']).toBe('true')

    server.service.databaseAway = true
    expect((await post('key-5', { name: 'five', text: '' })).status).toBe(503)
    server.service.databaseAway = false
    expect((await post('key-5', { name: 'five', text: '' })).status).toBe(201)
  })

  test('an answer with nothing in it is replayed as nothing', async () => {
    const refresh = () =>
      server.ask('operator', 'POST', '/v2/sources/nova/refresh', { headers: { 'idempotency-key': 'key-6' } })
    expect([(await refresh()).status, (await refresh()).status]).toEqual([204, 204])
  })

  test('a key that can not be read is refused', async () => {
    expect((await post('with space', { name: 'six', text: '' })).body.error).toMatchObject({
      details: [{ field: 'headers.idempotency-key' }],
    })
  })

  test('what is answered does not depend on whether the answer could be kept', async () => {
    const { store } = server
    const transaction = store.transaction
    let calls = 0
    store.transaction = work =>
      ++calls === 1 ? transaction(work) : (async () => fail('store/away', 'the database is away'))()
    try {
      expect((await post('key-7', { name: 'seven', text: '' })).status).toBe(201)
    } finally {
      store.transaction = transaction
    }
    // The claim stands: the request is not carried out a second time.
    expect((await post('key-7', { name: 'seven', text: '' })).body.error.code).toBe('api/key-in-use')
  })
})

describe('the database is away', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
    await server.ask('author', 'POST', '/v2/policies', { payload: { name: 'kept', text: 'error(x) :- p(x)\n' } })
    // From here on nothing can be read from or written to the database, by the service or by the API itself.
    await server.ask('viewer', 'GET', '/v2/policies')
    server.service.databaseAway = true
    await server.store.close()
  })
  afterAll(() => server.api.close())

  test('reading goes on, with the tokens that were known', async () => {
    for (const url of [
      '/v2/policies/kept',
      '/v2/violations',
      '/v2/tables/nova:servers/rows',
      '/v1/policies',
      '/metrics',
    ])
      expect([url, (await server.ask('viewer', 'GET', url)).status]).toEqual([url, 200])
  })

  test('writing is refused with 503, why, and when to come back', async () => {
    const answers = [
      await server.ask('author', 'POST', '/v2/policies', { payload: { name: 'new', text: '' } }),
      await server.ask('author', 'PATCH', '/v2/policies/kept', { payload: { text: '' }, headers: { 'if-match': '*' } }),
      await server.ask('operator', 'POST', '/v2/plans/plan-1/approve'),
      await server.ask('author', 'POST', '/v1/policies', { payload: { name: 'new' } }),
    ]
    for (const { status, body, headers } of answers) {
      expect(status).toBe(503)
      expect(body.error).toMatchObject({ code: 'store/away', message: expect.stringContaining('does not answer') })
      expect(headers['retry-after']).toBe('5')
    }
    expect([...server.service.policyTexts]).toEqual([['kept', 'error(x) :- p(x)\n']])
  })

  test('readiness says which part is not well; the process still says that it lives', async () => {
    const ready = await server.ask('viewer', 'GET', '/v2/health/ready')
    expect(ready.status).toBe(503)
    expect(ready.body).toMatchObject({ ready: false, reasons: [{ part: 'database' }] })
    expect((await server.ask('viewer', 'GET', '/v2/health/live')).status).toBe(200)
    expect((await server.ask('viewer', 'GET', '/metrics')).text).toMatch(/usher_ready\{part="database"\} 0/)
  })
})
