import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
let base: string
beforeEach(async () => {
  server = await startServer({ limits: { streams: 3 } })
  await server.api.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(server.api.server.address() as AddressInfo).port}`
})
afterEach(() => server.close())

interface Received {
  readonly id: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly data: any
}

/** Follow the stream; `take(n)` gives the next n events. */
async function follow(query = '', headers: Record<string, string> = {}) {
  const abort = new AbortController()
  const response = await fetch(`${base}/v2/events${query}`, {
    headers: { 'x-auth-token': server.tokens.viewer, ...headers },
    signal: abort.signal,
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<Received | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        const fields = Object.fromEntries(
          lines.map(line => [line.split(': ', 1)[0]!, line.slice(line.indexOf(': ') + 2)]),
        )
        if (fields['data']) return { id: fields['id']!, event: fields['event']!, data: JSON.parse(fields['data']) }
        continue
      }
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
      if (done) return undefined
      text += value
    }
  }
  return {
    response,
    next,
    async take(n: number) {
      const events = []
      for (let i = 0; i < n; i++) events.push((await next())!)
      return events
    },
    close: () => abort.abort(),
  }
}

test('events come in order, with their kind and all they say', async () => {
  const stream = await follow()
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(stream.response.headers.get('cache-control')).toBe('no-store')
  server.service.emit('violation', { id: 'v1', text: 'line\nbreak ☃' })
  server.service.emit('plan', { id: 'p1' })
  expect(await stream.take(2)).toEqual([
    {
      id: '1',
      event: 'violation',
      data: expect.objectContaining({ id: '1', data: { id: 'v1', text: 'line\nbreak ☃' } }),
    },
    { id: '2', event: 'plan', data: expect.objectContaining({ kind: 'plan', data: { id: 'p1' } }) },
  ])
  stream.close()
})

test('a client that comes back gets what it missed, once and in order', async () => {
  const first = await follow()
  for (let i = 1; i <= 5; i++) server.service.emit('violation', { n: i })
  const seen = await first.take(3)
  first.close()
  for (let i = 6; i <= 9; i++) server.service.emit('violation', { n: i })
  const second = await follow('', { 'last-event-id': seen.at(-1)!.id })
  server.service.emit('violation', { n: 10 })
  const rest = await second.take(7)
  expect([...seen, ...rest].map(event => event.data.data.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  second.close()
})

test('clients that catch up from far behind and ones that are there get the same', async () => {
  const there = await follow('?kinds=plan')
  for (let i = 0; i < 900; i++) server.service.emit(i % 3 === 0 ? 'plan' : 'cost', { i })
  const behind = await follow('?after=0&kinds=plan')
  const half = await follow('?after=450')
  for (let i = 900; i < 1000; i++) server.service.emit(i % 3 === 0 ? 'plan' : 'cost', { i })
  const plans = Array.from({ length: 334 }, (_, i) => 3 * i)
  expect((await there.take(334)).map(event => event.data.data.i)).toEqual(plans)
  expect((await behind.take(334)).map(event => event.data.data.i)).toEqual(plans)
  expect((await half.take(550)).map(event => event.data.data.i)).toEqual(Array.from({ length: 550 }, (_, i) => 450 + i))
  for (const stream of [there, behind, half]) stream.close()
})

test('only the kinds that are asked for come', async () => {
  const stream = await follow('?kinds=plan,workflow')
  for (const kind of ['violation', 'workflow', 'cost', 'plan'] as const) server.service.emit(kind, {})
  expect((await stream.take(2)).map(event => event.event)).toEqual(['workflow', 'plan'])
  stream.close()
})

test('a client that is told that it missed something can know it', async () => {
  for (let i = 0; i < 1200; i++) server.service.emit('cost', { i })
  const stream = await follow('?after=0')
  expect((await stream.next())!.data).toMatchObject({ kind: 'policy', data: { missed: true } })
  stream.close()
})

test('a long history reaches a client whole, however slowly it reads', async () => {
  const text = 'x'.repeat(2000)
  for (let i = 0; i < 1000; i++) server.service.emit('placement', { i, text })
  const stream = await follow('?after=0')
  await new Promise(done => setTimeout(done, 50))
  for (let i = 1000; i < 5000; i++) server.service.emit('placement', { i, text })
  const events = await stream.take(5000)
  expect(events.map(event => event.data.data.i)).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  stream.close()
})

test('streams are limited in number, and free when they end', async () => {
  const streams = [await follow(), await follow(), await follow()]
  const refused = await follow()
  expect(refused.response.status).toBe(503)
  streams[0]!.close()
  await expect.poll(async () => (await server.ask('viewer', 'GET', '/metrics')).text).toMatch(/^usher_streams 2$/m)
  const again = await follow()
  expect(again.response.status).toBe(200)
  for (const stream of [...streams, again]) stream.close()
})

test('wrong wishes are refused before anything is streamed', async () => {
  expect((await follow('?kinds=noise')).response.status).toBe(400)
  expect((await follow('?after=a%20b')).response.status).toBe(400)
  expect((await follow('', { 'x-auth-token': 'wrong' })).response.status).toBe(401)
})

test('a stream ends when the server stops, and a request under way is answered first', async () => {
  const stream = await follow()
  server.service.emit('cost', { last: true })
  const closing = server.api.close()
  expect((await stream.next())!.data.data).toEqual({ last: true })
  expect(await stream.next()).toBeUndefined()
  await closing
})

test('a server that stops answers what it was asked before, and refuses what comes after', async () => {
  let go: (() => void) | undefined
  const list = server.service.policies.list
  server.service.policies.list = async request => {
    await new Promise<void>(done => {
      go = done
    })
    return list(request)
  }
  const ask = () => fetch(`${base}/v2/policies`, { headers: { 'x-auth-token': server.tokens.viewer } })
  const before = ask()
  await expect.poll(() => go).toBeDefined()
  const closing = server.api.close()
  const after = await ask()
  expect([after.status, ((await after.json()) as { error: { code: string } }).error.code]).toEqual([
    503,
    'api/stopping',
  ])
  go!()
  expect((await before).status).toBe(200)
  await closing
})

test('events that are sent are counted', async () => {
  await server.ask('viewer', 'GET', '/v2/policies')
  const stream = await follow()
  for (let i = 0; i < 7; i++) server.service.emit('cost', {})
  await stream.take(7)
  const { text } = await server.ask('viewer', 'GET', '/metrics')
  expect(text).toMatch(/^usher_stream_events_total 7$/m)
  expect(text).toMatch(/^usher_violations\{role="error"\} 2$/m)
  expect(text).toMatch(/^usher_table_age_seconds\{source="nova",table="nova:servers"\} \d/m)
  expect(text).toMatch(/^usher_http_request_seconds_count\{method="GET",route="\/v2\/policies",status="200"\} 1$/m)
  stream.close()
})
