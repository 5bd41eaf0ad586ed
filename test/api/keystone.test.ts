import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createKeystone, type Keystone } from '../../src/api/security/keystone.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { startServer, type TestServer } from './server.ts'

/** A Keystone that knows some tokens, and answers as Keystone v3 does. */
const known: Record<string, { name: string; roles: string[]; domain?: string; project?: string; expires?: string }> = {
  'token-of-alice': { name: 'alice', roles: ['reader', 'member'] },
  'token-of-bob': { name: 'bob', roles: ['cloud_admin'], domain: 'ops' },
  'token-of-eve': { name: 'eve', roles: ['stranger'] },
  'token-expired': { name: 'old', roles: ['reader'], expires: '2020-01-01T00:00:00.000000Z' },
  'token-elsewhere': { name: 'else', roles: ['reader'], project: 'project-2' },
}
let asked: IncomingMessage[] = []
let answer: { status: number; body: string } | 'hang' | undefined
let keystone: Server
let url: string
let server: TestServer

beforeAll(async () => {
  keystone = createServer((request, response) => {
    asked.push(request)
    if (answer === 'hang') return
    if (answer) return void response.writeHead(answer.status).end(answer.body)
    const token = String(request.headers['x-subject-token'])
    const one = request.headers['x-auth-token'] === token ? known[token] : undefined
    if (!one) return void response.writeHead(401).end('{"error": {"code": 401}}')
    response.writeHead(200, { 'content-type': 'application/json', 'x-subject-token': token }).end(
      JSON.stringify({
        token: {
          methods: ['password'],
          user: { id: `id-${one.name}`, name: one.name, domain: { id: 'x', name: one.domain ?? 'Default' } },
          project: { id: one.project ?? 'project-1', name: 'p', domain: { id: 'default', name: 'Default' } },
          roles: one.roles.map(name => ({ id: name, name })),
          issued_at: '2026-01-01T00:00:00.000000Z',
          expires_at: one.expires ?? '2099-01-01T00:00:00.000000Z',
          audit_ids: ['a'],
        },
      }),
    )
  })
  await new Promise<void>(done => keystone.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(keystone.address() as AddressInfo).port}/v3`
  server = await startServer({ keystone: { url, roles: ROLES, projects: ['project-1'], timeoutSeconds: 0.2 } })
})
beforeEach(() => {
  asked = []
  answer = undefined
})
afterAll(async () => {
  await server.close()
  keystone.closeAllConnections()
  keystone.close()
})

const ROLES = { viewer: ['reader'], author: ['member'], admin: ['cloud_admin'] }
const me = (token: string) => server.api.inject({ url: '/v2/me', headers: { 'x-auth-token': token } })

test('a token of Keystone is good for the roles that its own roles are mapped to', async () => {
  expect((await me('token-of-alice')).json()).toEqual({ id: 'keystone:alice', roles: ['viewer', 'author'] })
  expect((await me('token-of-bob')).json()).toEqual({ id: 'keystone:bob@ops', roles: ['admin'] })
  expect(asked[0]!.url).toBe('/v3/auth/tokens')
})

test('tokens of strangers, of other projects, unknown or expired ones are refused', async () => {
  for (const token of ['token-of-eve', 'token-elsewhere', 'token-unknown', 'token-expired'])
    expect([token, (await me(token)).statusCode]).toEqual([token, 401])
})

test('Keystone is asked once for a while, for refusals too', async () => {
  const other = createKeystone({ url, roles: ROLES }, () => now)
  let now = Date.now()
  await Promise.all([1, 2, 3].map(() => other.find('token-of-alice')))
  await other.find('token-of-alice')
  await other.find('token-unknown')
  await other.find('token-unknown')
  expect(asked).toHaveLength(2)
  now += 61_000
  await other.find('token-of-alice')
  expect(asked).toHaveLength(3)
  await other.close()
})

test('tokens of our own are not shown to Keystone, nor is what can not be a token', async () => {
  expect((await me(server.tokens.viewer)).statusCode).toBe(200)
  expect((await me('usher_0123456789abcdef_wrong')).statusCode).toBe(401)
  expect((await me('tiny')).statusCode).toBe(401)
  expect(asked).toHaveLength(0)
})

test('while Keystone is away its tokens can not be judged, and that is said', async () => {
  const away = async (next: typeof answer): Promise<Response> => {
    answer = next
    const got = await me(`token-not-seen-${Math.random()}`)
    return new Response(got.body, { status: got.statusCode })
  }
  for (const broken of [
    'hang',
    { status: 500, body: 'oops' },
    { status: 200, body: '<html>' },
    { status: 200, body: '{}' },
  ] as const) {
    const got = await away(broken)
    expect(got.status).toBe(503)
    expect(((await got.json()) as { error: object }).error).toMatchObject({ code: 'api/keystone-away' })
  }
  // What Keystone said before still counts, and our own tokens do not need it.
  expect((await me('token-of-alice')).statusCode).toBe(200)
  expect((await me(server.tokens.viewer)).statusCode).toBe(200)
})

test('a Keystone that nobody listens for is away too', async () => {
  const nobody: Keystone = createKeystone({ url: 'http://127.0.0.1:1/v3', roles: ROLES })
  await expect(nobody.find('token-of-alice')).rejects.toThrow(DiagnosticError)
  await nobody.close()
})
