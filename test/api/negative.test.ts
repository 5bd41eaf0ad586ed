import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { startServer, type TestServer } from './server.ts'

/*
 * Requests that are wrong in all the ways the OpenAPI document lets one think of: each must be refused in the one form, with a status
 * below 500, and leave no trace.
 */

let server: TestServer
let operations: readonly Operation[]

interface Operation {
  readonly method: string
  readonly path: string
  // biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document
  readonly what: any
}

beforeAll(async () => {
  server = await startServer({ limits: { bodyBytes: 100_000, pushBytes: 200_000 } })
  await server.ask('author', 'POST', '/v2/policies', { payload: { name: 'kept', text: 'error(x) :- p(x)\n' } })
  const { body } = await server.ask('viewer', 'GET', '/docs/json')
  operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods as object).map(([method, what]) => ({ method: method.toUpperCase(), path, what })),
  )
  schemas = body.components.schemas
})
afterAll(() => server.close())
let textsBefore: string
beforeEach(() => {
  textsBefore = JSON.stringify([...server.service.policyTexts])
})

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document
let schemas: Record<string, any>

/** A path with something in the place of each parameter. */
const fill = (path: string, text = 'x') => path.replaceAll(/\{\w+\}/g, encodeURIComponent(text))

async function expectRefusal(
  { method, path }: { method: string; path: string },
  more: Parameters<TestServer['ask']>[3],
  what: string,
): Promise<void> {
  const answer = await server.ask('admin', method, path, more)
  const said = `${method} ${path} with ${what}: ${answer.status} ${answer.text.slice(0, 300)}`
  expect(answer.status, said).toBeGreaterThanOrEqual(400)
  expect(answer.status === 501 || answer.status < 500, said).toBe(true)
  expectForm(answer.body, said)
}

// biome-ignore lint/suspicious/noExplicitAny: an answer
function expectForm(body: any, said: string): void {
  expect(Object.keys(body), said).toEqual(['error'])
  expect(body.error.code, said).toMatch(/^[a-z]+\/[a-z-]+$/)
  expect(body.error.message, said).toBeTruthy()
  expect(body.error.requestId, said).toMatch(/^req-/)
  expect(Array.isArray(body.error.details), said).toBe(true)
  expectNoInsides(JSON.stringify(body), said)
}

/** No stack traces, no places in our code, no names of the libraries, no secret. */
function expectNoInsides(text: string, said: string): void {
  expect(text, said).not.toMatch(/\bat \S+ \(|node_modules|\/src\/|\.ts:\d|FST_|ZodError|SQLITE|kysely/i)
  for (const token of Object.values(server.tokens)) expect(text, said).not.toContain(token)
}

/** Values of each kind of JSON, to be put where another kind is wanted. */
const KINDS: Readonly<Record<string, unknown>> = {
  string: 'text',
  number: 1.5,
  boolean: true,
  null: null,
  array: [[]],
  object: { x: 1 },
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema
function resolve(schema: any): any {
  const name = /^#\/components\/schemas\/(.+)$/.exec(schema?.$ref ?? '')?.[1]
  return name ? resolve(schemas[decodeURIComponent(name)]) : schema
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema
function takes(given: any, kind: string): boolean {
  const schema = resolve(given)
  if (schema === true || Object.keys(schema).every(key => key === 'description')) return true
  const inner = schema.anyOf ?? schema.oneOf ?? schema.allOf
  // biome-ignore lint/suspicious/noExplicitAny: a JSON schema
  if (inner) return inner.some((one: any) => takes(one, kind))
  if (schema.enum || schema.const !== undefined) return false
  if (schema.pattern || schema.format || schema.minLength > 4) return false
  return [schema.type].flat().includes(kind)
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema
const bodySchema = (what: any) => resolve(what.requestBody?.content?.['application/json']?.schema)

test('bodies of the wrong kind, field by field', async () => {
  let tried = 0
  for (const { method, path, what } of operations) {
    const schema = bodySchema(what)
    if (!schema) continue
    const at = { method, path: fill(path) }
    const headers = { 'if-match': '*' }
    const query = path.startsWith('/v1') && method === 'POST' ? '?action=none' : ''
    for (const [kind, value] of Object.entries(KINDS)) {
      if (takes(schema, kind)) continue
      await expectRefusal(
        { ...at, path: at.path + query },
        { payload: JSON.stringify(value), headers: { ...headers, ...JSON_TYPE } },
        `a body that is ${kind}`,
      )
      tried++
    }
    for (const [name, field] of Object.entries(schema.properties ?? {}))
      for (const [kind, value] of Object.entries(KINDS)) {
        if (takes(field, kind)) continue
        await expectRefusal(
          { ...at, path: at.path + query },
          { payload: { [name]: value }, headers },
          `${name} that is ${kind}`,
        )
        tried++
      }
  }
  expect(tried).toBeGreaterThan(150)
  expect(JSON.stringify([...server.service.policyTexts])).toBe(textsBefore)
})

const JSON_TYPE = { 'content-type': 'application/json' }

test('queries of the wrong kind, and ones that are not known', async () => {
  let tried = 0
  for (const { method, path, what } of operations) {
    const at = { method, path: fill(path) }
    const payload = bodySchema(what) ? {} : undefined
    for (const { name, in: where, schema } of what.parameters ?? []) {
      if (where !== 'query') continue
      const wrong = ['%00', 'x'.repeat(5000), '-1', '1e400', '[]']
      for (const text of wrong) {
        if (takes(schema, 'string') && text.length < 100) continue
        await expectRefusal({ ...at, path: `${at.path}?${name}=${text}` }, payload ? { payload } : {}, 'a wrong query')
        tried++
      }
    }
    if (
      !path.startsWith('/v2') ||
      path === '/v2/events' ||
      !(what.parameters ?? []).some((p: { in: string }) => p.in === 'query')
    )
      continue
    await expectRefusal({ ...at, path: `${at.path}?surprise=1` }, payload ? { payload } : {}, 'an unknown parameter')
    tried++
  }
  expect(tried).toBeGreaterThan(60)
})

test('ids that are too long, odd or trying to leave the path', async () => {
  for (const { method, path, what } of operations) {
    if (!path.includes('{') || path.includes('/tables/{table}/rows')) continue
    const payload = bodySchema(what) ? { payload: {} } : {}
    const headers = { 'if-match': '*' }
    for (const id of ['x'.repeat(300), '../../etc/passwd', "' or 1=1 --", '\u0000', '__proto__', '☃', '<script>'])
      await expectRefusal({ method, path: fill(path, id) }, { ...payload, headers }, `the id ${id.slice(0, 20)}`)
    await expectRefusal(
      { method, path: path.replaceAll(/\{\w+\}/g, '%zz') },
      { ...payload, headers },
      'a broken escape',
    )
  }
})

test('bodies in other encodings, types and sizes', async () => {
  const url = '/v2/policies'
  const post = (payload: string | Buffer, headers: Record<string, string>) =>
    server.ask('author', 'POST', url, { payload, headers })
  const json = JSON_TYPE
  expect((await post('{"name": ', json)).body.error).toMatchObject({ code: 'api/not-json' })
  expect((await post('', json)).body.error).toMatchObject({ code: 'api/not-json' })
  expect((await post(Buffer.from([0xff, 0xfe, 0x7b, 0x00]), json)).status).toBe(400)
  expect((await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), json)).body.error).toMatchObject({
    code: 'api/not-json',
    message: 'the body is not UTF-8',
  })
  expect((await post('{"name": "x", "text": "a\\u0000b"}', json)).body.error).toMatchObject({ code: 'api/not-json' })
  expect((await post('{"__proto__": {"admin": true}}', json)).status).toBe(400)
  expect((await post('{"constructor": {"prototype": {"admin": true}}}', json)).status).toBe(400)
  expect((await post('<a/>', { 'content-type': 'application/xml' })).body.error).toMatchObject({
    code: 'api/media-type',
  })
  expect((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415)
  expect((await post('{}', { 'content-type': 'nonsense' })).status).toBe(415)
  expect((await post(JSON.stringify({ name: 'x'.repeat(200_000) }), json)).body.error).toMatchObject({
    code: 'api/too-large',
  })
  expect((await post(`${'['.repeat(50_000)}`, json)).status).toBe(400)
  const big = await server.ask('operator', 'PUT', '/v2/sources/nova/tables/t/rows', {
    payload: { rows: [['x'.repeat(150_000)]] },
  })
  expect(big.status).toBe(204)
  const bigger = await server.ask('operator', 'PUT', '/v2/sources/nova/tables/t/rows', {
    payload: { rows: [['x'.repeat(250_000)]] },
  })
  expect(bigger.status).toBe(413)
})

test('headers that are not understood', async () => {
  const ask = (headers: Record<string, string>) => server.api.inject({ method: 'GET', url: '/v2/policies', headers })
  for (const value of [
    '',
    'Basic eA==',
    'Bearer',
    'Bearer a b',
    `Bearer ${'x'.repeat(10_000)}`,
    'Bearer usher_0000000000000000_x',
  ])
    expect((await ask({ authorization: value })).statusCode).toBe(401)
  const answer = await ask({ 'x-request-id': 'a\tb', 'x-auth-token': server.tokens.viewer })
  expect(answer.headers['x-request-id']).toMatch(/^req-[0-9a-f-]{36}$/)
  const kept = await ask({ 'x-request-id': 'req-1234-abcd', 'x-auth-token': server.tokens.viewer })
  expect(kept.headers['x-request-id']).toBe('req-1234-abcd')
})

test('an internal fault is our fault, and says nothing of what it was', async () => {
  for (const thrown of [
    new Error('password=hunter2 at /src/secret.ts:1'),
    new TypeError('Cannot read properties of undefined'),
    'a text',
    { odd: true },
    Object.assign(new Error('query failed: select secret'), { code: 'SQLITE_ERROR' }),
    new DiagnosticError([]),
  ]) {
    server.service.next = thrown
    const answer = await server.ask('viewer', 'GET', '/v2/policies')
    expect(answer.status).toBe(500)
    expect(answer.body.error).toMatchObject({ code: 'api/internal', requestId: expect.stringMatching(/^req-/) })
    expectForm(answer.body, 'internal fault')
    expect(answer.text).not.toMatch(/hunter2|secret|odd|undefined/)
  }
  expect(server.log.some(line => line.includes('"internal fault"'))).toBe(true)
})

test('the log holds no token, and no query of a request', async () => {
  await server.ask('viewer', 'GET', '/v2/violations?value=topsecret')
  await server.api.inject({ method: 'GET', url: '/v2/policies', headers: { 'x-auth-token': 'usher_leaked_token' } })
  const all = server.log.join('')
  expect(all).not.toMatch(/topsecret|usher_leaked_token/)
  for (const token of Object.values(server.tokens)) expect(all).not.toContain(token)
})

test('what is no HTTP is refused in the same form, and half requests do no harm', async () => {
  await server.api.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.api.server.address() as AddressInfo
  const raw = await new Promise<string>((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('NONSENSE / FOO\r\n\r\n'))
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('end', () => done(text))
    socket.on('error', fail)
  })
  expect(raw).toMatch(/^HTTP\/1\.1 400 /)
  expectNoInsides(raw, 'no HTTP')
  expect(JSON.parse(raw.split('\r\n\r\n')[1]!).error.code).toBe('api/bad-request')
  await new Promise<void>(done => {
    const half = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/v2/policies' })
    half.on('error', () => done())
    half.setHeader('content-length', '100')
    half.setHeader('x-auth-token', server.tokens.author)
    half.setHeader('content-type', 'application/json')
    half.write('{"name":')
    setTimeout(() => half.destroy(), 20)
    half.on('close', () => done())
  })
  expect((await server.ask('viewer', 'GET', '/v2/policies')).status).toBe(200)
})
