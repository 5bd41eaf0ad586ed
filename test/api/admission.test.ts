import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createToken, listen, listTokens, revokeToken } from '../../src/api/index.ts'
import { createKeystone, type Keystone } from '../../src/api/security/keystone.ts'
import { createTokenBook } from '../../src/api/security/tokens.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { folderOf } from '../cli/usher.ts'
import { startServer, type TestServer } from './server.ts'

describe('tokens', () => {
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
})

describe('Keystone', () => {
  /** A Keystone that knows some tokens, and answers as Keystone v3 does. */
  const known: Record<string, { name: string; roles: string[]; domain?: string; project?: string; expires?: string }> =
    {
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
})

describe('TLS and proxies', () => {
  const codeOf = (settings: Parameters<typeof startServer>[0]) =>
    startServer(settings).then(
      server => server.close().then(() => 'started'),
      error => (error as DiagnosticError).diagnostics?.[0]?.code ?? error,
    )

  test('files that are not there, or no keys, are mistakes of the configuration', async () => {
    const folder = folderOf({ 'key.pem': 'no key', 'cert.pem': 'no certificate' })
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string]
    expect(await codeOf({ tls: { key: join(folder, 'none.pem'), cert } })).toBe('api/unreadable-file')
    expect(await codeOf({ tls: { key, cert } })).toBe('api/bad-tls')
    const keystone = { url: 'https://keystone.example.org/v3', roles: {}, caFile: join(folder, 'none.pem') }
    expect(await codeOf({ keystone })).toBe('api/unreadable-file')
  })

  function hasOpenssl(): boolean {
    try {
      execFileSync('openssl', ['version'])
      return true
    } catch {
      return false
    }
  }

  test('an address that is taken is a mistake of the configuration', async () => {
    const server = await startServer()
    const other = await startServer()
    try {
      await listen(server.api, { host: '127.0.0.1', port: 0 })
      const { port } = server.api.server.address() as AddressInfo
      await expect(listen(other.api, { host: '127.0.0.1', port })).rejects.toThrow('another process listens there')
      await expect(listen(other.api, { host: '192.0.2.1', port })).rejects.toThrow('no address of this machine')
    } finally {
      await server.close()
      await other.close()
    }
  })

  test.skipIf(!hasOpenssl())('over TLS, browsers are told to come back with TLS only', async () => {
    const folder = folderOf({})
    writeFileSync(join(folder, 'empty.cnf'), '[req]\ndistinguished_name = d\n[d]\n')
    const make = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 1'.split(' ')
    const paths = [
      '-config',
      join(folder, 'empty.cnf'),
      '-keyout',
      join(folder, 'k.pem'),
      '-out',
      join(folder, 'c.pem'),
    ]
    execFileSync('openssl', ['req', ...make, ...paths], { stdio: 'ignore' })
    const server = await startServer({ tls: { key: join(folder, 'k.pem'), cert: join(folder, 'c.pem') } })
    try {
      await server.api.listen({ host: '127.0.0.1', port: 0 })
      const { port } = server.api.server.address() as AddressInfo
      const { status, secure } = await new Promise<{ status: number; secure: unknown }>((done, fail) => {
        const headers = { 'x-auth-token': server.tokens.viewer }
        request({ port, host: '127.0.0.1', path: '/v2/me', rejectUnauthorized: false, headers }, answer => {
          answer.resume()
          answer.on('end', () =>
            done({ status: answer.statusCode!, secure: answer.headers['strict-transport-security'] }),
          )
        })
          .on('error', fail)
          .end()
      })
      expect([status, secure]).toEqual([200, expect.stringContaining('max-age')])
    } finally {
      await server.close()
    }
  })

  test('behind a proxy, addresses are believed from the proxies that are named, and from nobody else', async () => {
    const log = async (trustProxy: string[]) => {
      const server = await startServer({ trustProxy })
      try {
        const headers = { 'x-forwarded-for': '203.0.113.9', 'x-auth-token': server.tokens.viewer }
        await server.api.inject({ url: '/v2/me', headers, remoteAddress: '10.0.0.1' })
        return JSON.parse(server.log.find(line => line.includes('"/v2/me"'))!).address
      } finally {
        await server.close()
      }
    }
    expect(await log(['10.0.0.0/8'])).toBe('203.0.113.9')
    expect(await log(['192.168.0.0/16'])).toBe('10.0.0.1')
  })
})
