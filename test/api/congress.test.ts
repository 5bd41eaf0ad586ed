import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientRequests, POLICY_ID, RULE_ID } from './congress-requests.ts'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const send = async (method: string, url: string, body?: unknown, role: 'admin' | 'viewer' | 'operator' = 'admin') => {
  const answer = await server.api.inject({
    method: method as 'GET',
    url,
    headers: { 'x-auth-token': server.tokens[role], accept: 'application/json', 'user-agent': 'python-congressclient' },
    ...(body === undefined ? {} : { payload: body as object }),
  })
  return { status: answer.statusCode, body: answer.body === '' ? undefined : JSON.parse(answer.body), answer }
}

test('every request of python-congressclient is answered as the client reads it', async () => {
  const ids: Record<string, string> = {}
  const requests = clientRequests(what => expect.any(what as StringConstructor))
  expect(requests.length).toBeGreaterThan(28)
  for (const { call, method, path, body, status, reads } of requests) {
    const url = path.replace(RULE_ID, ids[RULE_ID] ?? '').replace(POLICY_ID, ids[POLICY_ID] ?? '')
    const got = await send(method, url, body)
    expect([call, got.status, got.body]).toEqual([call, status, reads])
    if (call === 'create_policy') ids[POLICY_ID] = got.body.id
    if (call === 'create_policy_rule') ids[RULE_ID] = got.body.id
    if (status === 201) expect(got.answer.headers['location']).toContain(got.body.id)
  }
})

test('rows come all at once, in pages where they are asked for', async () => {
  const all = await send('GET', '/v1/data-sources/nova/tables/servers/rows')
  expect(all.body.results).toHaveLength(2500)
  expect(all.body.results[2499]).toEqual({ data: ['vm-2499', 2499] })
  const page = await send('GET', '/v1/data-sources/nova/tables/servers/rows?limit=2')
  expect(page.body).toEqual({ results: [{ data: ['vm-0', 0] }, { data: ['vm-1', 1] }], next: expect.any(String) })
  const traced = await send('GET', '/v1/data-sources/nova/tables/servers/rows?limit=1&trace')
  expect(traced.body.trace).toBe('nova:servers("vm-0", 0)\n')
})

test('rows are pushed as Congress takes them', async () => {
  const got = await send(
    'PUT',
    '/v1/data-sources/nova/tables/mine/rows',
    [
      ['a', 1],
      ['b', null],
    ],
    'operator',
  )
  expect([got.status, got.body]).toEqual([200, undefined])
  expect(server.service.pushed.get('nova:mine')).toEqual([
    ['a', 1],
    ['b', null],
  ])
})

test('a policy comes with rules, or from the library', async () => {
  const rules = [{ rule: 'error(x) :- p(x)', name: 'first', comment: 'one\ntwo' }, { rule: 'p(1)' }]
  const made = await send('POST', '/v1/policies', { name: 'ruled', rules })
  expect(made.status).toBe(201)
  expect(server.service.policyTexts.get('ruled')).toBe('// @name first\n// one\n// two\nerror(x) :- p(x)\np(1)\n')
  expect((await send('POST', '/v1/policies?library_policy=ha')).body).toMatchObject({ name: 'ha' })
  expect(server.service.policyTexts.get('ha')).toBe('error(x) :- p(x)\n')
  expect((await send('GET', '/v1/librarypolicies?include_rules=False')).body.results[0]).not.toHaveProperty('rules')
  expect((await send('GET', '/v1/librarypolicies?name=other')).body).toEqual({ results: [] })
})

test('refusals have what clients of Congress read', async () => {
  for (const [method, url, body, status] of [
    ['GET', '/v1/policies/none', undefined, 404],
    ['POST', '/v1/policies', { name: 'ha' }, 409],
    ['POST', '/v1/policies/ha/rules', { rule: 'error(x) :- p(x)' }, 409],
    ['POST', '/v1/policies/ha/rules', { rule: '!!' }, 400],
    ['POST', '/v1/policies/ha', {}, 400],
    ['POST', '/v1/policies/ha?action=none', {}, 501],
    ['POST', '/v1/policies/ha?action=simulate', { query: 'p(x)' }, 400],
    ['GET', '/v1/policies/ha/tables/none', undefined, 404],
    ['GET', '/v1/data-sources/nova/tables/none/rows', undefined, 404],
  ] as const) {
    const got = await send(method, url, body)
    expect([url, got.status]).toEqual([url, status])
    expect(got.body.error).toMatchObject({
      message: expect.any(String),
      error_code: expect.any(Number),
      error_data: null,
    })
  }
  expect((await send('POST', '/v1/policies/ha/rules', { rule: '!!' })).body.error.error_code).toBe(1002)
})

test('behind one path, simulating takes less than carrying out', async () => {
  const body = { query: 'p(x)', sequence: '', action_policy: 'action' }
  expect((await send('POST', '/v1/policies/ha?action=simulate', body, 'viewer')).status).toBe(200)
  const action = { name: 'nova:live_migrate', args: { positional: ['vm', 'host'] } }
  expect((await send('POST', '/v1/policies/ha?action=execute', action, 'viewer')).status).toBe(403)
  expect((await send('POST', '/v1/policies/ha?action=execute', action, 'operator')).status).toBe(200)
})

test('a webhook of Congress makes the data source be read again', async () => {
  expect((await send('POST', '/v1/data-sources/nova/webhook', { any: 'thing' }, 'operator')).status).toBe(201)
  const { body } = await send('GET', '/v2/audit?subject=nova')
  expect(body.items[0]).toMatchObject({ action: 'source.refresh', actor: 'token:operator' })
})
