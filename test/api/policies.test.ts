import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from './server.ts'

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
  expect(read.body).toMatchObject({ name: 'one', version: 1, mode: 'monitor', active: true, changedBy: 'token:author' })
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
  const checked = await server.ask('viewer', 'POST', '/v2/policies/validate', { payload: { name: 'four', text: '!!' } })
  expect(checked.body).toMatchObject({ valid: false, diagnostics: [{ code: 'language/unexpected-token' }] })
})

test('every wrong field is named', async () => {
  const answer = await server.ask('author', 'POST', '/v2/policies', { payload: { name: '9', mode: 'loud', extra: 1 } })
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
