import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Delta, Row } from '../../tables/index.ts'

/**
 * The files of fixtures/nfv-poc, made from the few facts that define the scenario, so that its tables can't disagree.
 * `npx tsx src/datasources/testing/nfv-poc.ts` writes them; a test keeps the committed files in step.
 */

interface Flavor {
  readonly name: string
  readonly id: string
  readonly vcpus: number
  readonly ramMiB: number
}
interface Vm {
  readonly name: string
  readonly flavor: Flavor
  readonly host: string
}

const LARGE2: Flavor = { id: 'large.2', name: 'large.2', vcpus: 1, ramMiB: 4096 }
const LARGE3: Flavor = { id: 'large.3', name: 'large.3', vcpus: 2, ramMiB: 8192 }
/** A server holds 8 × large.2 (12.5 % each) or 4 × large.3 (25 % each). */
const SERVER = { vcpus: 8, ramMiB: 32768 }
const FULL = 53
const DELETED = 'VM.a.large3.2'
const CREATED = '2014-12-01T00:00:00Z'

const numbers = Array.from({ length: FULL }, (_, i) => String(i + 1).padStart(2, '0'))
const servers = ['server-a', 'server-b', ...numbers.map(n => `server-${n}`)]
const vms: readonly Vm[] = [
  { name: 'VM.a.large3.1', flavor: LARGE3, host: 'server-a' },
  { name: DELETED, flavor: LARGE3, host: 'server-a' },
  { name: 'VM.one.large2', flavor: LARGE2, host: 'server-a' },
  { name: 'VM.b.large2.1', flavor: LARGE2, host: 'server-b' },
  { name: 'VM.b.large2.2', flavor: LARGE2, host: 'server-b' },
  { name: 'VM.two.large2', flavor: LARGE2, host: 'server-b' },
  ...numbers.flatMap(n =>
    [1, 2, 3, 4].map(i => ({ name: `VM.${n}.large3.${i}`, flavor: LARGE3, host: `server-${n}` })),
  ),
]

const CHANGING = {
  'nova:servers': (all: readonly Vm[]): Row[] =>
    all.map(vm => [
      vm.name,
      vm.name,
      vm.host,
      'ACTIVE',
      'nfv',
      'operator',
      'vnf',
      vm.flavor.id,
      'nova',
      vm.host,
      CREATED,
    ]),
  'nova:location': (all: readonly Vm[]): Row[] => all.map(vm => [vm.name, vm.host]),
  'ceilometer:average_utilization': (all: readonly Vm[]): Row[] =>
    servers.map(server => [server, 'cpu-util', (100 * sum(on(all, server), vm => vm.flavor.vcpus)) / SERVER.vcpus]),
  vm_cpu: (all: readonly Vm[]): Row[] => all.map(vm => [vm.name, vm.flavor.vcpus]),
  'placement:allocations': (all: readonly Vm[]): Row[] =>
    all.flatMap(vm => [
      [vm.name, vm.host, 'VCPU', vm.flavor.vcpus],
      [vm.name, vm.host, 'MEMORY_MB', vm.flavor.ramMiB],
    ]),
  'placement:usages': (all: readonly Vm[]): Row[] =>
    servers.flatMap(server => [
      [server, 'VCPU', sum(on(all, server), vm => vm.flavor.vcpus)],
      [server, 'MEMORY_MB', sum(on(all, server), vm => vm.flavor.ramMiB)],
    ]),
} satisfies Record<string, (all: readonly Vm[]) => Row[]>

const FIXED: Readonly<Record<string, readonly Row[]>> = {
  'nova:flavors': [LARGE2, LARGE3].map(f => [f.id, f.name, f.vcpus, f.ramMiB, 0, 0, 1]),
  'nova:services': servers.map((server, i) => [i + 1, 'nova-compute', server, 'nova', 'enabled', 'up', CREATED, null]),
  'nova:hypervisors': servers.map((server, i) => [server, i + 1, 'up', 'enabled']),
  'nova:availability_zones': [['nova', 'available']],
  'placement:resource_providers': servers.map(server => [server, server]),
  'placement:inventories': servers.flatMap(server => [
    [server, 'VCPU', SERVER.vcpus, 0, 1],
    [server, 'MEMORY_MB', SERVER.ramMiB, 0, 1],
  ]),
  type1_server: servers.map(server => [server]),
  same_ha_group: [['VM.one.large2', 'VM.two.large2']],
  host_cpu: servers.map(server => [server, SERVER.vcpus]),
}

const COLUMNS: Readonly<Record<string, string>> = {
  'nova:servers': 'id,name,host_id,status,tenant_id,user_id,image_id,flavor_id,zone,host_name,created_at',
  'nova:flavors': 'id,name,vcpus,ram,disk,ephemeral,rxtx_factor',
  'nova:services': 'service_id,binary,host,zone,status,state,updated_at,disabled_reason',
  'nova:hypervisors': 'hypervisor_hostname,id,state,status',
  'nova:availability_zones': 'zone,state',
  'nova:location': 'vm,host',
  'ceilometer:average_utilization': 'resource,meter,value',
  'placement:resource_providers': 'uuid,name',
  'placement:inventories': 'provider,resource_class,total,reserved,allocation_ratio',
  'placement:allocations': 'consumer,provider,resource_class,amount',
  'placement:usages': 'provider,resource_class,used',
  type1_server: 'server',
  same_ha_group: 'vm1,vm2',
  host_cpu: 'server,capacity',
  vm_cpu: 'vm,load',
}

/** Every generated file by its path in the folder. schema.yaml, alternatives.yaml and README.md are written by hand. */
export function nfvPocFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const make = CHANGING[table as keyof typeof CHANGING]
    const rows = make ? make(vms) : FIXED[table]!
    files.set(`${table.replace(':', '/')}.csv`, [columns, ...rows.map(csvLine), ''].join('\n'))
  }
  files.set(
    'delete-large3.change.jsonl',
    deletion()
      .map(delta => `${JSON.stringify(delta)}\n`)
      .join(''),
  )
  return files
}

/** What the deletion of one large.3 of server-a changes. */
function deletion(): Delta[] {
  const after = vms.filter(vm => vm.name !== DELETED)
  return Object.entries(CHANGING).map(([table, make]) => {
    const before = make(vms).map(row => JSON.stringify(row))
    const now = make(after).map(row => JSON.stringify(row))
    return {
      table,
      removed: before.filter(row => !now.includes(row)).map(row => JSON.parse(row) as Row),
      inserted: now.filter(row => !before.includes(row)).map(row => JSON.parse(row) as Row),
    }
  })
}

function on(all: readonly Vm[], server: string): Vm[] {
  return all.filter(vm => vm.host === server)
}

function sum(all: readonly Vm[], of: (vm: Vm) => number): number {
  return all.reduce((total, vm) => total + of(vm), 0)
}

/** No text of the scenario needs quotes. */
function csvLine(row: Row): string {
  return row.map(cell => (cell === null ? '' : String(cell))).join(',')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL('../../../fixtures/nfv-poc', import.meta.url))
  for (const [path, text] of nfvPocFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
