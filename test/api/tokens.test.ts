import { afterEach, beforeEach, expect, test } from 'vitest'
import { createToken, listTokens, revokeToken } from '../../src/api/index.ts'
import { createTokenBook } from '../../src/api/security/tokens.ts'
import type { DiagnosticError } from '../../src/diagnostic/index.ts'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
beforeEach(async () => {
  server = await startServer({ limits: { refusalsPerMinute: 3, requestsPerMinute: 20 } })
})
afterEach(() => server.close())

const HOUR = 3_600_000
const status = async (token: string, url = '/v2/me', method: 'GET' | 'PUT' = 'GET') =>
  (await server.api.inject({ method, url, headers: { 'x-auth-token': token }, payload: { rows: [] } })).statusCode

test('a token works in both headers, until it is revoked', async () => {
  const token = await createToken(server.store, { name: 'ci', scopes: ['author'], lifetime: HOUR })
  const bearer = await server.api.inject({ url: '/v2/me', headers: { authorization: `Bearer ${token}` } })
  expect(bearer.json()).toEqual({ id: 'token:ci', roles: ['author'] })
  expect(await status(token)).toBe(200)
  await revokeToken(server.store, 'ci')
  expect(await status(token)).toBe(401)
})

test('a token ends when its time is over', async () => {
  let now = 0
  const token = await createToken(server.store, { name: 'short', scopes: ['viewer'], lifetime: 1000 }, now)
  const book = createTokenBook(server.store, () => now)
  expect(await book.find(token)).toMatchObject({ id: 'token:short' })
  now = 999
  expect(await book.find(token)).toBeDefined()
  now = 1000
  expect(await book.find(token)).toBeUndefined()
  book.close()
})

test('a token with one wrong character is none, and the secret is nowhere in the database', async () => {
  const token = await createToken(server.store, { name: 'x', scopes: ['viewer'], lifetime: HOUR })
  const secret = token.split('_')[2]!
  const last = token.at(-1) === 'A' ? 'Q' : 'A'
  expect(await status(token.slice(0, -1) + last)).toBe(401)
  expect(JSON.stringify(await server.store.db.selectFrom('tokens').selectAll().execute())).not.toContain(secret)
  expect(JSON.stringify(await listTokens(server.store))).not.toMatch(new RegExp(`${secret}|hash`))
})

test('a token for pushing may push to its source and do nothing else', async () => {
  const token = await createToken(server.store, { name: 'agent', scopes: ['push:nova'], lifetime: HOUR })
  expect(await status(token, '/v2/sources/nova/tables/t/rows', 'PUT')).toBe(204)
  expect(await status(token, '/v2/sources/other/tables/t/rows', 'PUT')).toBe(403)
  expect(await status(token, '/v2/policies')).toBe(403)
})

test('names, scopes and lifetimes that make no sense are refused', async () => {
  const make = (more: object) =>
    createToken(server.store, { name: 'n', scopes: ['viewer'], lifetime: HOUR, ...more }).then(
      () => 'made',
      error => (error as DiagnosticError).diagnostics[0]!.code,
    )
  expect(await make({ scopes: ['root'] })).toBe('api/bad-scope')
  expect(await make({ scopes: [] })).toBe('api/bad-scope')
  expect(await make({ name: 'a b' })).toBe('api/bad-scope')
  expect(await make({ lifetime: Number.NaN })).toBe('api/bad-lifetime')
  expect(await make({ lifetime: 1e15 })).toBe('api/bad-lifetime')
  expect(await make({})).toBe('made')
  expect(await make({})).toBe('api/token-name-taken')
  await revokeToken(server.store, 'n')
  expect(await make({})).toBe('api/token-name-taken')
})

test('guessing tokens is slowed down, for the one who guesses', async () => {
  const guess = (address: string) =>
    server.api.inject({ url: '/v2/me', headers: { 'x-auth-token': 'wrong' }, remoteAddress: address })
  const codes = []
  for (let i = 0; i < 5; i++) codes.push((await guess('192.0.2.1')).statusCode)
  expect(codes).toEqual([401, 401, 401, 429, 429])
  expect((await guess('192.0.2.1')).headers['retry-after']).toBeDefined()
  expect((await guess('192.0.2.2')).statusCode).toBe(401)
  expect(await status(server.tokens.viewer)).toBe(200)
})

test('a caller that asks too often is told how long to wait; others are served', async () => {
  const codes = []
  for (let i = 0; i < 22; i++) codes.push((await server.ask('viewer', 'GET', '/v2/me')).status)
  expect([codes.filter(c => c === 200).length, codes.filter(c => c === 429).length]).toEqual([20, 2])
  const refused = await server.ask('viewer', 'GET', '/v2/me')
  expect(refused.body.error).toMatchObject({ code: 'api/too-many-requests' })
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await server.ask('author', 'GET', '/v2/me')).status).toBe(200)
  expect((await server.ask('viewer', 'GET', '/v2/health/ready')).status).toBe(200)
})

test('without authentication everyone has the one role that the settings give', async () => {
  const open = await startServer({ authentication: { everyoneIs: 'viewer' } })
  try {
    expect((await open.api.inject({ url: '/v2/me' })).json()).toEqual({ id: 'anyone', roles: ['viewer'] })
    expect((await open.api.inject({ method: 'POST', url: '/v2/cycles', payload: {} })).statusCode).toBe(403)
    expect((await open.api.inject({ url: '/v2/me', headers: { 'x-auth-token': 'wrong' } })).statusCode).toBe(401)
  } finally {
    await open.close()
  }
})
