import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROLES } from '../../src/api/index.ts'
import { addAdmission } from '../../src/api/security/admission.ts'
import { type Allow, isAllowed } from '../../src/api/security/roles.ts'
import { startServer, type TestServer } from './server.ts'

/** Routes that need no token, each on purpose. */
const OPEN = [
  'GET /',
  'GET /v1',
  'GET /v1/',
  'GET /v2/health/live',
  'GET /v2/health/ready',
  'GET /v2/version',
  'POST /v2/tasks/complete',
]

interface Route {
  readonly method: string
  readonly url: string
  readonly allow: Allow | undefined
}

let server: TestServer
let routes: readonly Route[]
beforeAll(async () => {
  server = await startServer()
  routes = routesOf(server)
})
afterAll(() => server.close())

/** What the router really serves, routes of plugins included. */
function routesOf({ api }: TestServer): readonly Route[] {
  const rules = new Map(api.routeRules.map(({ method, url, allow }) => [`${method} ${url}`, allow]))
  return api
    .printRoutes({ commonPrefix: false, includeMeta: false })
    .split('\n')
    .reduce<{ path: string[]; routes: Route[] }>(
      ({ path, routes: found }, line) => {
        const [, indent = '', part = '', methods] = /^([ │]*)[├└]── (\S*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
        if (part === '' && !methods) return { path, routes: found }
        const here = [...path.slice(0, indent.length / 4), part]
        const url = here.join('')
        const more = (methods?.split(', ') ?? []).map(method => ({ method, url, allow: ruleOf(method, url) }))
        return { path: here, routes: [...found, ...more] }
      },
      { path: [], routes: [] },
    ).routes

  // The pages of the documentation are open, and the plugin that makes them announces some under other names.
  function ruleOf(method: string, url: string): Allow | undefined {
    return url.startsWith('/docs') ? 'everyone' : rules.get(`${method} ${url}`)
  }
}

test('every route has a rule who may use it', () => {
  expect(routes.length).toBeGreaterThan(100)
  expect(routes.filter(({ allow }) => allow === undefined)).toEqual([])
})

test('only what is open on purpose is open to everyone', () => {
  const open = routes
    .filter(({ allow, url, method }) => allow === 'everyone' && !url.startsWith('/docs') && method !== 'HEAD')
    .map(({ method, url }) => `${method} ${url}`)
  expect(open.sort()).toEqual([...OPEN].sort())
})

test('without a token every other route is refused, whatever is sent to it', async () => {
  for (const { method, url, allow } of routes) {
    if (allow === 'everyone') continue
    for (const headers of [{}, { 'x-auth-token': 'foreign' }, { authorization: 'Bearer usher_0_x' }]) {
      const answer = await server.api.inject({ method: method as 'GET', url, headers, payload: '{' })
      expect([method, url, answer.statusCode]).toEqual([method, url, 401])
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="usher"')
    }
  }
})

test('each role is let in where its rule says so, and nowhere else', async () => {
  for (const { method, url, allow } of routes) {
    if (allow === 'everyone' || allow === undefined || url === '/v2/events') continue
    for (const role of ROLES) {
      const wanted = isAllowed(allow, { id: '', roles: new Set([role]), pushes: new Set() }, {})
      const answer = await server.api.inject({
        method: method as 'GET',
        url: url.replaceAll(/:\w+/g, 'x'),
        headers: { 'x-auth-token': server.tokens[role] },
      })
      expect([method, url, role, answer.statusCode !== 403]).toEqual([method, url, role, wanted])
    }
  }
})

test('a server with a route without a rule does not start', async () => {
  const bare = Fastify()
  await bare.register(rateLimit, { global: false })
  await addAdmission(bare, {
    tokens: { find: async () => undefined, close() {} },
    openPrefix: '/docs',
    requestsPerMinute: 10,
    refusalsPerMinute: 10,
  })
  bare.get('/leak', async () => 'secret')
  await expect(bare.ready()).rejects.toThrow('the route GET /leak has no rule who may use it')
})

test('the documentation is OpenAPI 3.1 and describes every route', async () => {
  const { body, status } = await server.ask('viewer', 'GET', '/docs/json')
  expect(status).toBe(200)
  expect(body.openapi).toMatch(/^3\.1/)
  const described = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map(method => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  const served = routes
    .filter(({ method, url }) => method !== 'HEAD' && method !== 'OPTIONS' && !url.startsWith('/docs'))
    .map(({ method, url }) => `${method} ${url}`)
  expect(described.sort()).toEqual(served.sort())
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(m => m[1]!)
  expect(references.length).toBeGreaterThan(50)
  for (const name of references) expect(Object.keys(body.components.schemas)).toContain(decodeURIComponent(name))
})

test('the pages of the documentation ask no third party, and may not', async () => {
  const page = await server.ask('viewer', 'GET', '/docs')
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'/)
  expect(page.headers['content-security-policy']).not.toMatch(/https?:|validator/)
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//)
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(m => new URL(m[1]!, 'http://x/docs/').pathname)
  expect(parts.length).toBeGreaterThan(3)
  for (const part of parts) expect([part, (await server.ask('viewer', 'GET', part)).status]).toEqual([part, 200])
  const api = await server.ask('viewer', 'GET', '/v2/version')
  expect(api.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'")
})

test('no answer names the framework or its version', async () => {
  const { headers } = await server.ask('viewer', 'GET', '/v2/policies')
  expect(headers['x-powered-by'] ?? headers['server']).toBeUndefined()
  expect(headers['x-content-type-options']).toBe('nosniff')
})
