import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LiveSource, readSourcesFile } from '../../../src/datasources/index.ts'
import { type Bed, openBed, until } from './bed.ts'
import { writeConfig } from './usher.ts'

/** Gnocchi with measures as Ceilometer's agents send them, read through the data source. */
let bed: Bed
let sources: readonly LiveSource[]
let gnocchi: LiveSource
let vm: string

const MINUTE = 60_000
/** Whole minutes, the last of which is over. */
let minutes: readonly number[]
/** What hosts showed in these minutes, in %. */
const load = { cmp01: [10, 20, 30, 40, 50], cmp02: [90, 90, 90, 90, 95] }

beforeAll(async () => {
  bed = await openBed()
  await bed.clear()
  await bed.plane.startExtra('gnocchi')
  vm = await bed.boot('measured')
  minutes = [5, 4, 3, 2, 1].map(ago => Math.floor(Date.now() / MINUTE - ago) * MINUTE)
  const { admin } = bed
  const string = (required: boolean) => ({ type: 'string', required, max_length: 255 })
  await admin.post('metrics', '/resource_type', { name: 'nova_compute', attributes: { host_name: string(true) } })
  await admin.post('metrics', '/resource_type', { name: 'instance', attributes: { display_name: string(false) } })
  // As Ceilometer has it: means of each minute.
  await admin.post('metrics', '/archive_policy', {
    name: 'minutes',
    aggregation_methods: ['mean'],
    definition: [{ granularity: '1 minute', timespan: '1 day' }],
  })
  const archived = { archive_policy_name: 'minutes' }
  for (const [host, values] of Object.entries(load)) {
    await admin.post('metrics', '/resource/nova_compute', {
      id: `${host}_${host}`,
      host_name: `compute.${host}`,
      metrics: { 'compute.node.cpu.percent': archived },
    })
    // Two measures in each minute, whose mean is the value.
    await measure(
      `nova_compute/${host}_${host}/metric/compute.node.cpu.percent`,
      minutes.flatMap((at, i) => [
        [at, values[i]! - 4],
        [at + 30_000, values[i]! + 4],
      ]),
      5,
    )
  }
  await admin.post('metrics', '/resource/instance', { id: vm, display_name: 'measured', metrics: { cpu: archived } })
  // Nanoseconds of processors since the start: a half of one is used.
  await measure(
    `instance/${vm}/metric/cpu`,
    minutes.map((at, i) => [at, i * 30e9]),
    5,
  )
  const more = ['ceilometer: { granularity: 1m, window: 20m, interval: 2s }', 'staleAfter: 1h']
  const { config } = writeConfig(bed.plane.layout, { notified: false, services: ['nova', 'ceilometer'], more })
  sources = await readSourcesFile(config, {})
  gnocchi = sources.find(source => source.name === 'ceilometer')!
  for (const source of sources) {
    source.want(new Set(['nova:location', ...gnocchi.tables.map(({ table }) => table)]))
    await source.start()
  }
})
afterAll(async () => {
  for (const source of sources ?? []) await source.stop()
  await bed?.plane.stopExtra('gnocchi')
  await bed?.clear()
})

/** Send measures, and wait until Gnocchi has worked them in: it shows so many minutes then. */
async function measure(path: string, points: readonly (readonly number[])[], count: number): Promise<void> {
  const measures = points.map(([time, value]) => ({ timestamp: iso(time!), value }))
  await bed.admin.post('metrics', `/resource/${path}/measures`, measures)
  const known = async () => (await bed.admin.get('metrics', `/resource/${path}/measures?granularity=60`)).length
  await until(`Gnocchi has worked ${path} in`, async () => (await known()) === count)
}

const iso = (ms: number) => new Date(ms).toISOString()
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const rowsOf = async (table: string) => [...(await gnocchi.read()).get(`ceilometer:${table}`)!.rows].sort()

test('what Gnocchi has is in the tables', async () => {
  expect(gnocchi.status().faults).toEqual([])
  expect(await rowsOf('average_utilization')).toEqual(
    [
      ['cmp01', 'cpu-util', mean(load.cmp01)],
      ['cmp02', 'cpu-util', mean(load.cmp02)],
      [vm, 'vm-cpu', 0.5],
    ].sort(),
  )
  const { columns } = gnocchi.tables.find(({ table }) => table === 'ceilometer:statistics')!
  const statistics = (await rowsOf('statistics')).map(row =>
    Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])),
  )
  expect(statistics.find(row => row['resource_id'] === 'cmp02')).toEqual({
    ...{ meter_name: 'cpu-util', resource_id: 'cmp02', unit: '%', period: 60 },
    ...{ avg: 91, count: 5, min: 90, max: 95, sum: 455 },
    ...{ duration: 240, duration_start: iso(minutes[0]!), duration_end: iso(minutes[4]!) },
    ...{ period_start: iso(minutes[0]!), period_end: iso(minutes[4]!) },
  })
  // A rate needs two points.
  expect(statistics.find(row => row['resource_id'] === vm)).toMatchObject({ avg: 0.5, count: 4, unit: 'CPUs' })
  expect((await rowsOf('meters')).map(row => row[1])).toEqual(
    expect.arrayContaining(['compute.node.cpu.percent', 'cpu']),
  )
})

test('what is measured later is seen at the next reading', async () => {
  // Gnocchi takes nothing that is older than what it has.
  await measure('nova_compute/cmp01_cmp01/metric/compute.node.cpu.percent', [[minutes[4]! + MINUTE, 100]], 6)
  const expected = mean([...load.cmp01, 100])
  await until('it is seen', async () => {
    const row = (await rowsOf('average_utilization')).find(([host]) => host === 'cmp01')
    return Math.abs(Number(row?.[2]) - expected) < 0.002
  })
})

test('while Gnocchi is away its tables keep their rows and say why; others go on', async () => {
  const before = await rowsOf('average_utilization')
  // Longer than from one reading to the next and all tries of that: a shorter absence is bridged, and nobody need hear of it.
  const away = bed.plane.interruptExtra('gnocchi', 12)
  await until('it is told of', async () => gnocchi.status().state === 'failing')
  expect(await rowsOf('average_utilization')).toEqual(before)
  expect(gnocchi.status().faults.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Gnocchi at `http:.*` can't be reached: /),
  ])
  expect(sources.find(({ name }) => name === 'nova')!.status().faults).toEqual([])
  await away
  await until('it is read again', async () => gnocchi.status().state === 'running')
  expect(gnocchi.status().faults).toEqual([])
})
