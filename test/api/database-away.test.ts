import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from './server.ts'

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
  for (const url of ['/v2/policies/kept', '/v2/violations', '/v2/tables/nova:servers/rows', '/v1/policies', '/metrics'])
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
