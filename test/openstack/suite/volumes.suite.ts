import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LiveSource, readSourcesFile } from '../../../src/datasources/index.ts'
import { sql } from '../control-plane/databases.ts'
import { type Bed, openBed, until } from './bed.ts'
import { writeConfig } from './usher.ts'

/** Cinder's API and scheduler, with nothing behind them that would make the volumes: their records are all that is read. */
let bed: Bed
let sources: readonly LiveSource[] = []
beforeAll(async () => {
  bed = await openBed()
  await bed.plane.startExtra('cinder')
})
afterAll(async () => {
  for (const source of sources) await source.stop()
  await bed?.plane.stopExtra('cinder')
})

test("volumes and snapshots are in Cinder's tables, and a change at the next reading", async () => {
  const { admin } = bed
  // What is asked for before the scheduler listens is lost. It reports itself once it does; Cinder's API would ask it, and wait.
  const reports = "SELECT COUNT(*) FROM cinder.services WHERE topic = 'cinder-scheduler' AND updated_at IS NOT NULL"
  await until('the scheduler listens', async () => (await sql(bed.plane.layout, reports)).trim() === '1')
  const create = async (name: string, size: number): Promise<string> => {
    const { volume } = await admin.post('volumes', '/volumes', { volume: { name, size } })
    return volume.id
  }
  const become = (id: string, status: string) =>
    admin.post('volumes', `/volumes/${id}/action`, { 'os-reset_status': { status } })
  const [data, logs] = [await create('data', 2), await create('logs', 1)]
  const status = async (id: string) => (await admin.get('volumes', `/volumes/${id}`)).volume.status
  for (const id of [data, logs])
    await until('the scheduler has found no place', async () => (await status(id)) === 'error')
  await become(data, 'available')
  // Only of a volume that is somewhere can a snapshot be asked for.
  await sql(bed.plane.layout, "UPDATE cinder.volumes SET host = 'disks@one#pool'")
  const { snapshot } = await admin.post('volumes', '/snapshots', { snapshot: { volume_id: data, name: 'before' } })
  const more = ['pageSize: 1']
  const { config } = writeConfig(bed.plane.layout, { notified: false, services: ['cinder'], more })
  sources = await readSourcesFile(config, {})
  const [cinder] = sources
  cinder!.want(new Set(cinder!.tables.map(({ table }) => table)))
  await cinder!.start()
  expect(cinder!.status().faults).toEqual([])
  const rows = async (table: string, ...names: string[]) => {
    const { columns } = cinder!.tables.find(each => each.table === `cinder:${table}`)!
    const places = names.map(name => columns.findIndex(column => column.name === name))
    return (await cinder!.read())
      .get(`cinder:${table}`)!
      .rows.map(row => places.map(place => row[place]))
      .sort()
  }
  expect(await rows('volumes', 'id', 'name', 'size', 'status', 'bootable')).toEqual(
    [
      [data, 'data', 2, 'available', false],
      [logs, 'logs', 1, 'error', false],
    ].sort(),
  )
  expect(await rows('snapshots', 'id', 'volume_id', 'name', 'size')).toEqual([[snapshot.id, data, 'before', 2]])
  expect(await rows('services', 'binary', 'state')).toEqual([['cinder-scheduler', 'up']])
  await become(logs, 'available')
  await until('it is seen', async () => {
    await cinder!.refresh(['cinder:volumes'])
    return (await rows('volumes', 'name', 'status')).some(([name, status]) => name === 'logs' && status === 'available')
  })
})
