import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readMessage } from './message.ts'
import { touchesOf } from './touches.ts'

const file = fileURLToPath(new URL('../../../../fixtures/openstack/notifications.jsonl', import.meta.url))
const messages = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map(line => (JSON.parse(line) as { message: { event_type: string; payload: unknown } }).message)

const touchedBy = (body: unknown) => {
  const notification = readMessage(body)
  return (
    notification && touchesOf(notification).map(t => `${t.service}:${t.table}${t.key === undefined ? '' : ` ${t.key}`}`)
  )
}

test('what each recorded notification makes doubtful', () => {
  const all = Object.fromEntries(messages.map(message => [message.event_type, touchedBy(message)]))
  expect(all).toMatchInlineSnapshot(`
    {
      "aggregate.add_host.end": [
        "nova:aggregates",
        "nova:availability_zones",
      ],
      "aggregate.addhost.end": [
        "nova:aggregates",
        "nova:availability_zones",
      ],
      "compute.instance.create.end": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
        "placement:allocations",
        "placement:usages",
      ],
      "compute.instance.exists": [],
      "compute.instance.live_migration._post.end": [
        "nova:servers b79ee2bb-b9a8-468d-9810-02412e13086e",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "compute.instance.live_migration._rollback.end": [
        "nova:servers b38a8aea-76fd-46e7-90ed-a1a33180a912",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "compute.instance.update": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
      ],
      "compute.metrics.update": [],
      "compute_task.migrate_server": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "compute_task.migrate_server.error": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "flavor.create": [
        "nova:flavors",
      ],
      "instance.create.end": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.exists": [],
      "instance.live_migration_post.end": [
        "nova:servers b79ee2bb-b9a8-468d-9810-02412e13086e",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.live_migration_post_dest.end": [
        "nova:servers b79ee2bb-b9a8-468d-9810-02412e13086e",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.live_migration_pre.start": [
        "nova:servers b79ee2bb-b9a8-468d-9810-02412e13086e",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.live_migration_rollback.end": [
        "nova:servers b38a8aea-76fd-46e7-90ed-a1a33180a912",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.resize_confirm.end": [
        "nova:servers b38a8aea-76fd-46e7-90ed-a1a33180a912",
        "nova:migrations",
        "placement:allocations",
        "placement:usages",
      ],
      "instance.update": [
        "nova:servers f60d4acf-0d20-4425-9fb0-9d48e4d1a659",
      ],
      "metrics.update": [],
      "scheduler.select_destinations.end": [],
      "server_group.add_member": [
        "nova:server_groups",
      ],
      "servergroup.addmember": [
        "nova:server_groups",
      ],
      "service.update": [
        "nova:services",
        "nova:hypervisors",
        "nova:availability_zones",
      ],
    }
  `)
})

test('both formats of an event say the same', () => {
  const pairs = [
    ['instance.create.end', 'compute.instance.create.end'],
    ['instance.update', 'compute.instance.update'],
    ['instance.live_migration_post.end', 'compute.instance.live_migration._post.end'],
    ['instance.live_migration_rollback.end', 'compute.instance.live_migration._rollback.end'],
    ['aggregate.add_host.end', 'aggregate.addhost.end'],
    ['server_group.add_member', 'servergroup.addmember'],
    ['compute_task.migrate_server.error', 'compute_task.migrate_server'],
  ]
  const tables = (event: string | undefined) =>
    touchedBy(messages.find(m => m.event_type === event))?.map(text => text.split(' ')[0])
  for (const [versioned, older] of pairs) expect(tables(older)).toEqual(tables(versioned))
})

test('a message is read bare, in its envelope, as text and as bytes; what is none is left alone', () => {
  const [message] = messages
  const enveloped = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }
  const expected = touchedBy(message)
  expect(expected).not.toEqual([])
  for (const body of [enveloped, JSON.stringify(enveloped), Buffer.from(JSON.stringify(enveloped))])
    expect(touchedBy(body)).toEqual(expected)
  for (const body of [undefined, null, 7, '', 'no JSON', [], {}, { 'oslo.message': '{' }, { event_type: 'instance.x' }])
    expect(touchedBy(body)).toBeUndefined()
})
