import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluateWorld, openWorld, violationsOf } from '../src/control/index.ts'
import { openSources } from '../src/datasources/index.ts'
import { settingsFor } from '../src/datasources/openstack/testing/cloud.ts'
import { startReplay } from '../src/datasources/openstack/testing/replay.ts'
import type { Snapshot, TableData } from '../src/tables/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'usher-openstack-tables-'))
let cloud: Snapshot

beforeAll(async () => {
  const replay = await startReplay()
  const sources = await openSources([settingsFor(replay)], { environment: {}, base: '.' })
  const tables = new Map<string, TableData>()
  for (const source of sources) {
    source.want(new Set(source.tables.map(({ table }) => table)))
    await source.start()
    for (const [table, data] of await source.read()) tables.set(table, data)
  }
  cloud = tables
  await Promise.all(sources.map(source => source.stop()))
  await replay.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function violations(policy: string | { readonly file: string }, tables = cloud): Promise<string[]> {
  let file: string
  if (typeof policy === 'string') {
    file = join(folder, 'policy.dl')
    writeFileSync(file, policy)
  } else file = policy.file
  const world = await openWorld({ policies: [file], tables }, new Map())
  return violationsOf(world.program, evaluateWorld(world).view)
    .map(({ text }) => text)
    .sort()
}

it('policies written for Congress read the tables by position and by name', async () => {
  // By position, as many columns as Congress had.
  expect(
    await violations(
      'error(name) :- nova:servers(id, name, host, status, tenant, user, image, flavor, zone, host_name, created), ' +
        'nova:flavors(flavor, "m1.medium", vcpus, ram, disk, ephemeral, rxtx), zone = "az-b"',
    ),
  ).toEqual(['error("db1")', 'error("db2")'])
  // By name, and fewer than there are.
  expect(
    await violations(
      `error(vm, network) :- neutronv2:ports(id=port, device_id=vm, network_id=n), neutronv2:networks(n, name=network),
         neutronv2:security_group_port_bindings(port, group), neutronv2:security_groups(id=group, name="default"),
         neutronv2:fixed_ips(port, ip), builtin:ip_in_network(ip, "10.9.0.0/24")`,
    ),
  ).toEqual(['error("0c6c245d-a073-4a93-9e0a-e1c1f3a8fad3", "private")'])
  // Names with dots.
  expect(
    await violations(
      `error(name) :- nova:servers(id=vm, name=name), nova:servers.metadata(vm, "tier", "db"),
         nova:location(vm, host), nova:aggregates.hosts(a, host), nova:aggregates.metadata(aggregate_id=a, key="rack", value="b"),
         not nova:servers.addresses(server_id=vm)`,
    ),
  ).toEqual(['error("db1")', 'error("db2")'])
  expect(
    await violations('warning(user) :- keystonev3:users(id=u, name=user), not keystonev3:role_assignments(user_id=u)'),
  ).toEqual([])
})

it('hosts hold what Placement says that they can', async () => {
  expect(
    await violations(
      `capacity(host, n) :- nova:hypervisors(id=p, host=host), placement:inventories(p, "VCPU", total, reserved, ratio),
         n = (total - reserved) * ratio
       error(host, u) :- nova:hypervisors(id=p, host=host), placement:usages(p, "VCPU", u), capacity(host, n), u > n
       warning(host) :- nova:location(_, host), not capacity(host, _)`,
    ),
  ).toEqual([])
})

it('the policy library runs on a cloud as it does on the simulator', async () => {
  const members = cloud.get('nova:server_groups.members')!
  const pairs = members.rows.flatMap(([group, a]) =>
    members.rows.filter(([other, b]) => other === group && a! < b!).map(([, b]) => [a!, b!]),
  )
  const groups: TableData = {
    schema: { table: 'same_ha_group', columns: [{ name: 'vm1' }, { name: 'vm2' }] },
    rows: pairs,
    provenance: { source: 'test', readAt: '2026-11-20T00:00:00Z' },
  }
  const file = join(import.meta.dirname, '../policies/nfv-poc/ha.dl')
  const found = await violations({ file }, new Map([...cloud, ['same_ha_group', groups]]))
  // The three servers of the affinity group share a host; servers of the other two groups share none.
  expect(found).toHaveLength(3)
  expect(found.every(text => text.startsWith('error("cmp04", '))).toBe(true)
})
