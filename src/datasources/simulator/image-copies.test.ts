import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Row, Snapshot } from '../../tables/index.ts'
import { contents } from '../testing/tables.ts'
import { manualClock } from './clock.ts'
import { describeCloud } from './describe.ts'
import { createSimulator } from './simulator.ts'

const GIB = 1024 ** 3

/** Three hosts, of which h1 has the image `debian`. */
function cloud(): Snapshot {
  const given = (table: string, columns: string[], rows: Row[]) => ({
    schema: { table, columns: columns.map(name => ({ name })) },
    rows,
    provenance: { source: 'test', readAt: new Date(0).toISOString() },
  })
  return new Map([
    ...describeCloud({ hosts: ['h1', 'h2', 'h3'].map(name => ({ name })), vms: [{ id: 'v', host: 'h1' }] }),
    ['nova:image_cache', given('nova:image_cache', ['host', 'image'], [['h1', 'debian']])],
    ['glancev2:images', given('glancev2:images', ['id', 'name', 'size'], [['debian', 'Debian 12', 3 * GIB]])],
  ])
}

const cached = (tables: Snapshot) => tables.get('nova:image_cache')!.rows
const CACHE = 'nova:cache_image'

it('brings an image to a host in the time that its size takes', async () => {
  const clock = manualClock()
  const simulator = createSimulator({ cloud: cloud(), clock })
  const deltas: unknown[] = []
  simulator.subscribe(batch => deltas.push(...batch))
  await simulator.submit(CACHE, { image: 'debian', host: 'h2', from: 'glance' }, 'a')
  clock.advance(2900)
  expect(await simulator.status('a')).toEqual({ state: 'running' })
  expect(cached(simulator.snapshot())).toEqual([['h1', 'debian']])
  clock.advance(100)
  expect(await simulator.status('a')).toMatchObject({ state: 'succeeded' })
  expect(deltas).toEqual([{ table: 'nova:image_cache', removed: [], inserted: [['h2', 'debian']] }])
  // Once there, it is passed on; and a host that has it has it at once, and only once.
  await simulator.submit(CACHE, { image: 'debian', host: 'h3', from: 'h2' }, 'b')
  await simulator.submit(CACHE, { image: 'debian', host: 'h2' }, 'c')
  clock.advance(3000)
  expect(await simulator.status('c')).toMatchObject({ state: 'succeeded' })
  expect([...cached(simulator.snapshot())].sort()).toEqual([
    ['h1', 'debian'],
    ['h2', 'debian'],
    ['h3', 'debian'],
  ])
})

it('refuses what can not be', async () => {
  const simulator = createSimulator({ cloud: cloud(), clock: manualClock() })
  const refused = (input: Record<string, unknown>, token: string) => simulator.submit(CACHE, input, token)
  await expect(refused({ image: 'debian', host: 'mars' }, '1')).rejects.toThrow('there is no host `mars`')
  await expect(refused({ image: 'arch', host: 'h2' }, '2')).rejects.toThrow(
    'the image service does not have the image `arch`',
  )
  await expect(refused({ image: 'debian', host: 'h3', from: 'h2' }, '3')).rejects.toThrow('the host `h2` does not have')
  await expect(refused({ host: 'h2' }, '4')).rejects.toThrow('needs an image and a host')
  simulator.setHost('h2', { up: false })
  await expect(refused({ image: 'debian', host: 'h2' }, '5')).rejects.toThrow('is down')
})

it('fails with the host at either end, and may be tried again', async () => {
  const clock = manualClock()
  const simulator = createSimulator({ cloud: cloud(), clock })
  await simulator.submit(CACHE, { image: 'debian', host: 'h2', from: 'h1' }, 'a')
  simulator.setHost('h1', { up: false })
  expect(await simulator.status('a')).toMatchObject({
    state: 'failed',
    retryable: true,
    detail: 'the host `h1` went down',
  })
  expect(cached(simulator.snapshot())).toEqual([['h1', 'debian']])
})

it('goes on after a crash', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'usher-copies-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const clock = manualClock()
  const journal = join(folder, 'cloud.jsonl')
  const first = createSimulator({ cloud: cloud(), clock, journal, failureRate: 0.5, seed: 3 })
  for (const [token, host] of [
    ['a', 'h2'],
    ['b', 'h3'],
  ] as const)
    await first.submit(CACHE, { image: 'debian', host }, token)
  clock.advance(1000)
  first.close()
  const second = createSimulator({ cloud: cloud(), clock, journal, failureRate: 0.5, seed: 3 })
  expect(await second.status('a')).toEqual({ state: 'running' })
  clock.advance(2000)
  const fates = [await second.status('a'), await second.status('b')].map(status => status!.state)
  const rows = contents(second.snapshot())
  second.close()
  const third = createSimulator({ cloud: cloud(), clock, journal })
  expect([await third.status('a'), await third.status('b')].map(status => status!.state)).toEqual(fates)
  expect(contents(third.snapshot())).toEqual(rows)
  third.close()
})
