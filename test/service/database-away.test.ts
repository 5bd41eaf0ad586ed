import { expect, test, vi } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { noServer, ownServer } from '../postgres/own-server.ts'
import { someone, until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

const own = ownServer(!noServer, server => server.administer('create database service_away'))

/** Milliseconds; the longer run sets 60,000. */
const AWAY_MS = Number(process.env['USHER_TEST_AWAY_MS'] ?? 1000)

test.skipIf(noServer)(
  'while the database is away reads go on and writes say why; then nothing is missing',
  async () => {
    const tables = tableSource('in', { 'in:bad': { columns: ['x'], rows: [['a']] } })
    const server = own()
    const database = { url: server.url('service_away'), lockTimeoutMs: 1000 }
    let open: TestService | undefined
    try {
      open = await openTestService([tables], {}, database)
      const { service, store } = open
      await service.policies.create({ name: 'p', text: 'error(x) :- in:bad(x)' }, someone)
      const recorded = async () => await store.db.selectFrom('violations').selectAll().orderBy('text').execute()
      await until(async () => (await recorded()).length === 1, 'the first violation is recorded')
      await server.kill()
      const began = performance.now()
      tables.set('in:bad', [['b']])
      tables.set('in:bad', [['b'], ['c']])
      expect((await service.violations.list({}, {})).items.map(v => v.text)).toEqual(['error("b")', 'error("c")'])
      expect((await service.tables.rows('p:error', {}))?.items.map(({ row }) => row)).toEqual([['b'], ['c']])
      expect((await service.policies.list({})).items).toHaveLength(1)
      const refusal = await service.policies.create({ name: 'q', text: 'error(x) :- in:bad(x)' }, someone).catch(e => e)
      expect(refusal).toBeInstanceOf(DiagnosticError)
      expect((refusal as DiagnosticError).diagnostics).toMatchObject([{ code: 'store/away', help: expect.any(String) }])
      // A policy that could not be written is not evaluated either.
      expect((await service.violations.list({}, {})).items).toHaveLength(2)
      const health = await service.health()
      expect(health).toMatchObject({ ready: false, reasons: [{ part: 'database' }] })
      tables.set('in:bad', [['c']])
      await new Promise(resolve => setTimeout(resolve, Math.max(0, AWAY_MS - (performance.now() - began))))
      await server.start()
      await until(async () => (await service.health()).ready, 'the database is back')
      const rows = await until(async () => {
        const all = await recorded().catch(() => [])
        return all.length === 3 && all.every(row => (row.until === null) === (row.text === 'error("c")'))
          ? all
          : undefined
      }, 'everything that happened meanwhile is recorded')
      expect(rows.map(({ text, until }) => [text, until === null])).toEqual([
        ['error("a")', false],
        ['error("b")', false],
        ['error("c")', true],
      ])
      expect(await service.policies.create({ name: 'q', text: 'error(x) :- in:bad(x)' }, someone)).toMatchObject({
        version: 1,
      })
    } finally {
      await open?.stop()
    }
  },
)
