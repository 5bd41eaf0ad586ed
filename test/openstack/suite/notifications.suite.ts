import { readFileSync } from 'node:fs'
import { Connection } from 'rabbitmq-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LiveSource, readSourcesFile } from '../../../src/datasources/index.ts'
import type { Delta, Row } from '../../../src/tables/index.ts'
import { queueUrl } from '../control-plane/layout.ts'
import { copyServer, deleteCopies } from '../control-plane/server-rows.ts'
import { type Bed, openBed, until } from './bed.ts'
import { writeConfig } from './usher.ts'

/** What is wished for, in milliseconds; printed. A loaded machine may take longer: only the generous bound fails. */
const GOAL = 2000
const BOUND = 30_000

let bed: Bed
let sources: readonly LiveSource[]
let nova: LiveSource
const batches: (readonly Delta[])[] = []

beforeAll(async () => {
  bed = await openBed()
  await bed.clear()
  // The exchange is there from the first notification on.
  await bed.boot('first')
  const { config } = writeConfig(bed.plane.layout)
  sources = await readSourcesFile(config, {})
  nova = sources.find(source => source.name === 'nova')!
  for (const source of sources) {
    source.want(new Set(source.tables.map(({ table }) => table).filter(t => t.startsWith('nova:'))))
    await source.start()
  }
  nova.subscribe(batch => batches.push(batch))
  await until('it listens', async () => nova.status().faults.length === 0)
})
afterAll(async () => {
  for (const source of sources ?? []) await source.stop()
  await bed.clear()
})

/** Milliseconds until a row of this table is as wished. */
async function seen(what: string, table: string, isIt: (row: Row) => boolean, there = true): Promise<void> {
  const begun = performance.now()
  for (;;) {
    const rows = (await nova.read()).get(table)!.rows
    const took = performance.now() - begun
    if (rows.some(isIt) === there) {
      console.log(`${what}: ${took.toFixed(0)} ms after the event${took > GOAL ? `, more than ${GOAL}` : ''}`)
      expect(took).toBeLessThan(BOUND)
      return
    }
    if (took > 2 * BOUND) throw new Error(`not seen: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** No polling in between: what is seen comes from notifications. */
async function poll(): Promise<void> {
  await nova.refresh()
}

test('a server is seen when it runs, moves and goes; a host when it is disabled; an aggregate', async () => {
  await poll()
  const vm = await bed.boot('seen', { host: 'cmp01' })
  await seen('a new server', 'nova:location', row => row[0] === vm && row[1] === 'cmp01')
  await bed.admin.post('compute', `/servers/${vm}/action`, {
    'os-migrateLive': { host: 'cmp02', block_migration: 'auto' },
  })
  await until('it moved', async () => (await bed.server(vm))['OS-EXT-SRV-ATTR:host'] === 'cmp02')
  await seen('a moved server', 'nova:location', row => row[0] === vm && row[1] === 'cmp02')
  const { services } = await bed.admin.get('compute', '/os-services?binary=nova-compute&host=cmp05')
  await bed.admin.put('compute', `/os-services/${services[0].id}`, { status: 'disabled' })
  await seen('a disabled host', 'nova:services', row => row.includes('cmp05') && row.includes('disabled'))
  await bed.admin.put('compute', `/os-services/${services[0].id}`, { status: 'enabled' })
  const { aggregate } = await bed.admin.post('compute', '/os-aggregates', { aggregate: { name: 'seen' } })
  await seen('a new aggregate', 'nova:aggregates', row => row.includes('seen'))
  await bed.admin.post('compute', `/os-aggregates/${aggregate.id}/action`, { add_host: { host: 'cmp03' } })
  await seen('its host', 'nova:aggregates.hosts', row => row.includes('cmp03'))
  await bed.admin.delete('compute', `/servers/${vm}`)
  await until('it is gone', async () =>
    bed.server(vm).then(
      () => false,
      () => true,
    ),
  )
  await seen('a deleted server', 'nova:location', row => row[0] === vm, false)
})

test('many servers at once are few batches', async () => {
  await poll()
  batches.length = 0
  const server = {
    name: 'burst',
    imageRef: bed.image,
    flavorRef: await bed.flavor('tiny', 1, 256),
    networks: 'none',
    min_count: 24,
    max_count: 24,
  }
  await bed.admin.post('compute', '/servers', { server })
  const running = async () =>
    (await bed.admin.get('compute', '/servers/detail?all_tenants=1&name=burst')).servers.filter(
      (s: { status: string }) => s.status === 'ACTIVE',
    ).length
  const took = await until('they run', async () => (await running()) === 24)
  const located = async () => (await nova.read()).get('nova:location')!.rows.length
  await until('they are seen', async () => (await located()) >= 24)
  // Each server has some ten events in two formats; batches are gathered for up to half a second.
  console.log(`24 servers in ${(took / 1000).toFixed(0)} s came as ${batches.length} batches`)
  expect(batches.length).toBeLessThan(8 + (took / 1000) * 4)
})

test('500 servers created in one moment are one batch, or few', async () => {
  const vm = await bed.boot('model')
  await poll()
  const located = async () => (await nova.read()).get('nova:location')!.rows.length
  const before = await located()
  const copies = await copyServer(bed.plane.layout, vm, 500)
  batches.length = 0
  await tell(copies, 'create.end')
  const took = await until('they are seen', async () => (await located()) === before + 500, 120)
  const created = batches.filter(batch => batch.some(({ table }) => table === 'nova:location')).length
  console.log(`500 servers are in the tables ${took.toFixed(0)} ms after the last message, by ${created} batches`)
  expect(created).toBeLessThanOrEqual(2)
  const row = (await nova.read()).get('nova:servers')!.rows.find(([id]) => id === copies[499])
  expect(row).toContain('ACTIVE')

  await deleteCopies(bed.plane.layout)
  batches.length = 0
  await tell(copies, 'delete.end')
  const gone = await until('they are gone', async () => (await located()) === before, 120)
  const deleted = batches.filter(batch => batch.some(({ table }) => table === 'nova:location')).length
  console.log(`and out of them after ${gone.toFixed(0)} ms, by ${deleted} batches`)
  expect(deleted).toBeLessThanOrEqual(2)
})

/** Send what Nova sends of these servers, in both formats, as it was recorded of another. Resolves when RabbitMQ has it all. */
async function tell(ids: readonly string[], what: 'create.end' | 'delete.end'): Promise<void> {
  const file = new URL('../../../fixtures/openstack/notifications.jsonl', import.meta.url)
  const recorded = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Recorded)
  const connection = new Connection(queueUrl(bed.plane.layout, 'amqp'))
  const publisher = connection.createPublisher({ confirm: true })
  const sent: Promise<void>[] = []
  for (const prefix of ['instance.', 'compute.instance.']) {
    const { routing_key, message } = recorded.find(
      ({ message: { event_type } }) => event_type === `${prefix}create.end`,
    )!
    const { payload } = message
    const model =
      (payload['nova_object.data'] as Record<string, string> | undefined)?.['uuid'] ?? payload['instance_id']
    const text = JSON.stringify({ ...message, event_type: prefix + what })
    for (const id of ids) {
      const body = { 'oslo.version': '2.0', 'oslo.message': text.replaceAll(String(model), id) }
      sent.push(publisher.send({ exchange: 'nova', routingKey: routing_key }, body))
    }
  }
  await Promise.all(sent)
  await publisher.close()
  await connection.close()
}

interface Recorded {
  readonly routing_key: string
  readonly message: { readonly event_type: string; readonly payload: Readonly<Record<string, unknown>> }
}

test('others get every message as before', async () => {
  const connection = new Connection(queueUrl(bed.plane.layout, 'amqp'))
  const waiting = async () => {
    const { messageCount } = await connection.queueDeclare({ queue: 'versioned_notifications.info', passive: true })
    return messageCount
  }
  const before = await waiting()
  const vm = await bed.boot('for others')
  await seen('another server', 'nova:location', row => row[0] === vm)
  await until('it waits in the queue of others too', async () => (await waiting()) > before)
  await connection.close()
})

test('RabbitMQ goes away and comes back; what was missed is found', async () => {
  await bed.plane.interruptQueue(5)
  await until('it is told of, or back already', async () => nova.status().faults.length >= 0)
  const vm = await bed.bootAtLast('meanwhile')
  await seen('a server booted right after', 'nova:location', row => row[0] === vm)
  await until('it listens again', async () => nova.status().faults.length === 0)
  const later = await bed.bootAtLast('later')
  await seen('a server booted later', 'nova:location', row => row[0] === later)
})
