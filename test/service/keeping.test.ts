import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { createService } from '../../src/control/index.ts'
import { Lease } from '../../src/control/service/record/lease.ts'
import { Retention } from '../../src/control/service/record/retention.ts'
import { openTestService, type TestService, tableSource, testConfig } from '../../src/control/service/testing/index.ts'
import { someone, until } from './cloud.ts'

let open: TestService | undefined
afterEach(() => open?.stop())

const pushed = () => tableSource('racks', { 'racks:of': { columns: ['host', 'rack'] } })

test('rows that are pushed to one replica are with the other, and are there after a restart', async () => {
  const [here, there] = [pushed(), pushed()]
  open = await openTestService([here])
  const { service, store } = open
  const other = await createService(testConfig(), { sources: [there], store })
  try {
    await service.tables.push('racks', 'racks:of', [['h1', 'a']], someone)
    const rows = async () => (await other.tables.rows('racks:of', {}))?.items.map(({ row }) => row)
    await until(async () => (await rows())?.length === 1, 'the other has them')
    expect(await rows()).toEqual([['h1', 'a']])
  } finally {
    await other.stop()
  }
  const next = await createService(testConfig(), { sources: [pushed()], store })
  try {
    expect((await next.tables.rows('racks:of', {}))?.items.map(({ row }) => row)).toEqual([['h1', 'a']])
    await expect(next.tables.push('racks', 'racks:of', [['h1'], ['h2', { no: 1 }]], someone)).rejects.toThrow(
      'row 1 has 1 values, and not 2; row 2 has a value that is no text',
    )
  } finally {
    await next.stop()
  }
})

test('history that is over is cut off by its age, and what is not over stays', async () => {
  const tables = tableSource('in', { 'in:bad': { columns: ['x'], rows: [['a']] } })
  open = await openTestService([tables])
  const { service, store } = open
  await service.policies.create({ name: 'p', text: 'error(x) :- in:bad(x)' }, someone)
  tables.set('in:bad', [['b']])
  const rows = () => store.db.selectFrom('violations').select(['text', 'until']).execute()
  await until(async () => (await rows()).filter(row => row.until !== null).length === 1, 'one is over')
  const config = testConfig({ retention: { violations: 3600, events: 3600, audit: 3600 } })
  const late = { now: () => Date.now() + 7_200_000, after: () => () => {} }
  const parts = { config, store, clock: late, log: pino({ level: 'silent' }), replica: 'late' }
  const lease = new Lease(parts, 'nobody')
  expect(await new Retention(parts, lease).clean()).toBeGreaterThan(3)
  expect(await rows()).toEqual([{ text: 'error("b")', until: null }])
  expect((await service.audit({})).items).toEqual([])
  expect((await service.policies.versions('p', {})).items).toHaveLength(1)
  const missed: unknown[] = []
  service.events.follow('1', undefined, event => missed.push(event.data))
  await until(() => missed.length > 0, 'a follower is told that events are gone')
  expect(missed[0]).toEqual({ missed: true })
})
