import { afterAll, beforeAll, expect, test } from 'vitest'
import { fail } from '../../src/diagnostic/index.ts'
import { startServer, type TestServer } from './server.ts'

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
  for (const header of ['location', 'etag', 'content-type']) expect(second.headers[header]).toBe(first.headers[header])
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
