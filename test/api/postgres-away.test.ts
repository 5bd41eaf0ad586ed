import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import { type Server, startServer } from '../postgres/server.ts'
import { until } from '../service/cloud.ts'
import { type Served, serve } from './server.ts'

/* The service itself on a PostgreSQL that goes away and comes back. */

const missing = typeof inject('postgres') === 'string'
let database: Server
let running: TestService
let server: Served
const source = tableSource('cloud', { 'cloud:vm': { columns: ['vm', 'host'], rows: [['a', 'h1']] } })

beforeAll(async () => {
  if (missing) return
  const started = await startServer()
  if (typeof started === 'string') throw new Error(started)
  database = started
  await database.administer('create database away')
  running = await openTestService([source], {}, { url: database.url('away'), lockTimeoutMs: 1500 })
  server = await serve(running.service, running.store)
})
afterAll(async () => {
  await server?.close()
  await running?.stop()
  await database?.remove()
})

const text = 'error(x) :- cloud:vm(x, "h1")\n'
const write = (name: string) => server.ask('author', 'POST', '/v2/policies', { payload: { name, text } })

test.skipIf(missing)(
  'the database is away: reading goes on, writing says why it does not, nothing is lost',
  async () => {
    expect((await write('kept')).status).toBe(201)
    await until(async () => (await server.ask('viewer', 'GET', '/v2/violations')).body.items[0], 'a violation')
    await database.kill()
    for (const url of [
      '/v2/policies',
      '/v2/policies/kept',
      '/v2/policies/kept/rules',
      '/v2/violations',
      '/v2/tables/cloud:vm/rows',
      '/v2/sources',
      '/v2/placements',
      '/v1/policies/kept/tables/error/rows',
      '/metrics',
      '/v2/health/live',
    ])
      expect([url, (await server.ask('viewer', 'GET', url)).status]).toEqual([url, 200])
    // What happens meanwhile is seen.
    source.apply([{ table: 'cloud:vm', inserted: [['b', 'h1']], removed: [] }])
    await until(
      async () => (await server.ask('viewer', 'GET', '/v2/tables/kept:error/rows')).body.items.length === 2,
      'the new row is evaluated',
    )
    for (const answer of [
      await write('lost'),
      await server.ask('operator', 'POST', '/v2/snapshots'),
      await server.ask('author', 'POST', '/v2/policies', {
        payload: { name: 'lost', text },
        headers: { 'idempotency-key': 'during' },
      }),
    ]) {
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
      expect(answer.body.error.code).toMatch(/^store\//)
      expect(answer.text).not.toMatch(/password|postgres:|at \S+ \(/)
    }
    const ready = await server.ask('viewer', 'GET', '/v2/health/ready')
    expect(ready).toMatchObject({ status: 503, body: { reasons: [{ part: 'database' }] } })

    await database.start()
    const made = await until(async () => {
      const answer = await write('later')
      return answer.status === 201 && answer
    }, 'writing goes on')
    expect(made.body.name).toBe('later')
    expect((await server.ask('viewer', 'GET', '/v2/policies')).body.items).toHaveLength(2)
    await until(async () => (await server.ask('viewer', 'GET', '/v2/health/ready')).status === 200, 'it is ready')
  },
)
