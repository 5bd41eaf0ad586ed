import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describedSources } from './described-sources.ts'
import { rowsOf, sourcesOf, startAll } from './testing/cloud.ts'
import { type Replay, startReplay } from './testing/replay.ts'

let replay: Replay
beforeEach(async () => {
  replay = await startReplay()
})
afterEach(() => replay.close())

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../../fixtures/openstack', name), 'utf8')

describe('the tables of a recorded cloud', () => {
  it('are read from every service', async () => {
    const sources = await sourcesOf(replay)
    const counts: Record<string, number> = {}
    const faults: string[] = []
    for (const source of Object.values(sources)) {
      await startAll(source)
      for (const [table, { rows }] of await source.read()) if (rows.length > 0) counts[table] = rows.length
      faults.push(...source.status().faults.map(fault => fault.code))
    }
    expect(counts).toMatchObject({
      'nova:servers': 10,
      'nova:location': 10,
      'nova:servers.metadata': 6,
      'nova:flavors': 4,
      'nova:services': 10,
      'nova:hypervisors': 8,
      'nova:aggregates': 3,
      'nova:aggregates.hosts': 10,
      'nova:aggregates.metadata': 5,
      'nova:server_groups': 3,
      'nova:server_groups.members': 10,
      'placement:resource_providers': 8,
      'placement:inventories': 24,
      'placement:usages': 24,
      'neutronv2:networks': 2,
      'neutronv2:ports': 2,
      'neutronv2:fixed_ips': 2,
      'keystonev3:users': 8,
      'glancev2:images': 1,
    })
    // What was not recorded, and Cinder, which that cloud did not have.
    expect(new Set(faults)).toEqual(new Set(['source/not-found', 'source/no-service']))
  })

  it('say where servers are, and what hosts have', async () => {
    const { nova, placement } = await sourcesOf(replay)
    await startAll(nova!)
    await startAll(placement!)
    const [server] = await rowsOf(nova!, 'nova:servers')
    expect(server!.slice(0, 11)).toEqual([
      '684c16d5-d7d6-4b00-b19f-b0ce8b631df4',
      'hr3',
      '1299aa39dcdbaf314cddb3669100c59fcca336bec7ccf3e7dbe8931f',
      'ACTIVE',
      '446519f3c9a54c7bb312f44e0da1abae',
      '8464cdb2a95e4edeb1545970d31a24c0',
      '4f016da8-ca13-4a18-94d2-b0e465eedace',
      'f0f5fb1e-e22c-40a0-86ca-2b8b5cfa859d',
      'az-b',
      'cmp08',
      '2026-11-20T03:54:55Z',
    ])
    expect(await rowsOf(nova!, 'nova:location')).toContainEqual(['684c16d5-d7d6-4b00-b19f-b0ce8b631df4', 'cmp08'])
    expect(await rowsOf(nova!, 'nova:flavors')).toContainEqual([
      'f0f5fb1e-e22c-40a0-86ca-2b8b5cfa859d',
      'm1.small',
      2,
      2048,
      10,
      0,
      1,
      0,
      true,
      false,
    ])
    expect(await rowsOf(nova!, 'nova:availability_zones')).toContainEqual(['az-a', 'available'])
    expect(await rowsOf(nova!, 'nova:aggregates.metadata')).toContainEqual([3, 'pci', 'true'])
    const hypervisor = (await rowsOf(nova!, 'nova:hypervisors')).find(row => row[0] === 'cmp06')
    expect(hypervisor).toEqual([
      'cmp06',
      'e317b420-500f-4b59-9dfb-8e724de26da0',
      'up',
      'enabled',
      'cmp06',
      'fake',
      '127.0.0.1',
      16,
      2,
      65536,
      2048,
      1000,
      10,
      1,
    ])
    expect(await rowsOf(placement!, 'placement:inventories')).toContainEqual([
      'e317b420-500f-4b59-9dfb-8e724de26da0',
      'VCPU',
      16,
      0,
      4,
      1,
      16,
      1,
    ])
    const used = (await rowsOf(placement!, 'placement:usages')).filter(row => row[1] === 'VCPU')
    const allocated = (await rowsOf(placement!, 'placement:allocations')).filter(row => row[2] === 'VCPU')
    for (const [provider, , amount] of used) {
      const sum = allocated.filter(row => row[1] === provider).reduce((total, row) => total + Number(row[3]), 0)
      expect(sum).toBe(amount)
    }
  })

  it('give addresses of servers on networks', async () => {
    const netvm = await (async () => {
      const line = fixture('compute.jsonl')
        .split('\n')
        .find(text => text.includes('name=netvm'))!
      return (JSON.parse(line) as { response: { body: unknown } }).response.body
    })()
    replay.answer('/compute/v2.1/servers/detail', () => ({ body: netvm }))
    const { nova } = await sourcesOf(replay)
    await startAll(nova!)
    expect(await rowsOf(nova!, 'nova:servers.addresses')).toEqual([
      ['0c6c245d-a073-4a93-9e0a-e1c1f3a8fad3', 'private', '10.9.0.24', 4, 'fa:16:3e:df:2d:91', 'fixed'],
      ['0c6c245d-a073-4a93-9e0a-e1c1f3a8fad3', 'public', '10.10.0.10', 4, 'fa:16:3e:78:c4:cf', 'fixed'],
    ])
  })

  it('tell how much hosts are used, by what Ceilometer measured', async () => {
    const recorded = JSON.parse(fixture('metric.jsonl')) as {
      response: { body: { group: { original_resource_id: string } }[] }
    }
    // The recording was grouped by another attribute: the same measures, by the name of the host.
    const body = recorded.response.body.map(group => ({
      ...group,
      group: { host_name: `compute.${group.group.original_resource_id.split('_')[0]}` },
    }))
    replay.answer('/metric/v1/aggregates', request => {
      const { resource_type: type, operations } = JSON.parse(request.body) as Record<string, string>
      if (type === 'nova_compute') return { body }
      expect(operations).toBe('(/ (rateofchange (metric cpu mean)) 60000000000)')
      return { status: 404, body: { code: 404, description: { cause: 'Metrics not found', detail: ['cpu'] } } }
    })
    const { ceilometer } = await sourcesOf(replay, { ceilometer: { granularity: 60, window: '10m' } })
    ceilometer!.want(new Set(['ceilometer:average_utilization', 'ceilometer:statistics']))
    await ceilometer!.start()
    expect(await rowsOf(ceilometer!, 'ceilometer:average_utilization')).toContainEqual(['cmp03', 'cpu-util', 33.667])
    const statistics = await rowsOf(ceilometer!, 'ceilometer:statistics')
    expect(statistics.find(row => row[1] === 'cmp03')).toEqual([
      'cpu-util',
      'cmp03',
      33.667,
      3,
      120,
      '2026-11-20T03:54:00.000Z',
      '2026-11-20T03:56:00.000Z',
      92,
      4,
      60,
      '2026-11-20T03:56:00.000Z',
      '2026-11-20T03:54:00.000Z',
      101,
      '%',
    ])
    expect(ceilometer!.status().faults.map(fault => fault.message)).toEqual([
      'Gnocchi has nothing for the meter `vm-cpu`: Metrics not found',
    ])
  })
})

it('begin with the columns of Congress, in its order', async () => {
  const congress = JSON.parse(fixture('congress-columns.json')) as Record<string, Record<string, string[]>>
  const ours = new Map(
    (await describedSources()).flatMap(({ tables }) => tables.map(t => [t.table, t.columns] as const)),
  )
  for (const [module, tables] of Object.entries(congress))
    for (const [table, columns] of Object.entries(tables)) {
      const found = ours.get(`${module}:${table}`)
      expect(
        found?.slice(0, columns.length).map(({ name }) => name),
        `${module}:${table}`,
      ).toEqual(columns)
    }
})
