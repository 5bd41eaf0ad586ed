import { type Diagnostic, DiagnosticError } from '../../diagnostic/index.ts'
import type { ColumnSchema, Row, Snapshot, TableData, TableSchema, Value } from '../../tables/index.ts'
import { checkCloud, listedHosts } from '../check-cloud.ts'
import { CloudState, type Flavor, type Host, type Vm } from './state.ts'

/** The tables that the simulator keeps itself, with the columns they have when the snapshot does not give them. */
export const OWN_COLUMNS = {
  'nova:servers': 'id name host_id status tenant_id user_id image_id flavor_id zone host_name created_at',
  'nova:flavors': 'id name vcpus ram disk ephemeral rxtx_factor',
  'nova:services': 'service_id binary host zone status state updated_at disabled_reason',
  'nova:hypervisors': 'hypervisor_hostname id state status',
  'nova:availability_zones': 'zone state',
  'nova:location': 'vm host',
  'nova:migrations': 'id vm source destination status',
  'nova:image_cache': 'host image',
  'glancev2:images': 'id size',
  'placement:resource_providers': 'uuid name',
  'placement:inventories': 'provider resource_class total reserved allocation_ratio',
  'placement:allocations': 'consumer provider resource_class amount',
  'placement:usages': 'provider resource_class used',
  'ceilometer:average_utilization': 'resource meter value',
  host_cpu: 'server capacity',
  vm_cpu: 'vm load',
} as const

export type OwnTable = keyof typeof OWN_COLUMNS

/** The meter that the simulator computes from the loads of VMs. */
export const CPU_METER = 'cpu-util'

const UNITS: Readonly<Record<string, string>> = {
  'nova:flavors.ram': 'MiB',
  'nova:flavors.disk': 'GiB',
  'ceilometer:average_utilization.value': '%',
}

/** One table of the snapshot, read by column name; a table that isn't there has the usual columns and no rows. */
export class OwnRows {
  readonly schema: TableSchema
  readonly rows: readonly Row[]
  readonly given: boolean
  readonly #index: ReadonlyMap<string, number>

  constructor(table: OwnTable, data: TableData | undefined) {
    this.given = data !== undefined
    this.rows = data?.rows ?? []
    this.schema = data?.schema ?? { table, columns: OWN_COLUMNS[table].split(' ').map(name => column(table, name)) }
    const names = OWN_COLUMNS[table].split(' ')
    // A table of as many columns as usual is read by position where a name differs.
    const positional = this.schema.columns.length === names.length
    this.#index = new Map(
      names.flatMap((name, i): [string, number][] => {
        const at = this.schema.columns.findIndex(c => c.name === name)
        return at >= 0 ? [[name, at]] : positional ? [[name, i]] : []
      }),
    )
  }

  has(column: string): boolean {
    return this.#index.has(column)
  }

  get(row: Row | undefined, column: string): Value {
    const at = this.#index.get(column)
    return row === undefined || at === undefined ? null : (row[at] ?? null)
  }

  /** A row with these values; columns that are not named keep what `base` has. */
  make(base: Row | undefined, values: Readonly<Record<string, Value>>): Row {
    const row: Value[] = this.schema.columns.map((_, i) => base?.[i] ?? null)
    for (const [name, value] of Object.entries(values)) {
      const at = this.#index.get(name)
      if (at !== undefined) row[at] = value
    }
    return row
  }
}

export type OwnTables = Readonly<Record<OwnTable, OwnRows>>

export interface ReadCloud {
  readonly state: CloudState
  readonly own: OwnTables
  /** Rows of the own tables that belong to no host, VM or migration of the start: they stay as they are, whatever happens. */
  readonly fixed: ReadonlyMap<OwnTable, readonly Row[]>
}

/**
 * A cloud from the tables of a snapshot; any of them may be missing. Throws a `DiagnosticError` when they contradict each other. A
 * cloud without VMs is fine here: they can be created.
 */
export function readCloud(snapshot: Snapshot): ReadCloud {
  const own = Object.fromEntries(
    (Object.keys(OWN_COLUMNS) as OwnTable[]).map(table => [table, new OwnRows(table, snapshot.get(table))]),
  ) as Record<OwnTable, OwnRows>
  const problems = [
    ...checkCloud(snapshot).filter(d => d.severity === 'error' && d.code !== 'data/empty-cloud'),
    ...checkKey('nova:servers', 'id', own),
    ...checkKey('nova:flavors', 'id', own),
    ...checkKey('nova:services', 'host', own, isCompute(own['nova:services'])),
    ...checkKey('nova:hypervisors', 'hypervisor_hostname', own),
    ...checkKey('vm_cpu', 'vm', own),
  ]
  if (problems.length > 0) throw new DiagnosticError(problems)

  const state = new CloudState()
  readFlavors(state, own)
  readHosts(state, own, snapshot)
  readImages(state, own)
  readVms(state, own)
  readLoads(state, own)
  const ids = own['nova:migrations'].rows.map(row => Number(own['nova:migrations'].get(row, 'id')) || 0)
  state.lastMigration = Math.max(0, ...ids)
  return { state, own, fixed: fixedRows(state, own) }
}

function readFlavors(state: CloudState, own: OwnTables): void {
  const flavors = own['nova:flavors']
  for (const row of flavors.rows) {
    const number = (column: string) => Number(flavors.get(row, column)) || 0
    const flavor: Flavor = { vcpus: number('vcpus'), ramMiB: number('ram'), diskGiB: number('disk') }
    state.flavors.set(flavors.get(row, 'id'), flavor)
    const name = flavors.get(row, 'name')
    if (!state.flavors.has(name)) state.flavors.set(name, flavor)
  }
}

function readImages(state: CloudState, own: OwnTables): void {
  const cache = own['nova:image_cache']
  for (const row of cache.rows) state.caches(cache.get(row, 'host'), cache.get(row, 'image'))
  const images = own['glancev2:images']
  for (const row of images.rows) state.images.set(images.get(row, 'id'), Number(images.get(row, 'size')) || 0)
}

function readHosts(state: CloudState, own: OwnTables, snapshot: Snapshot): void {
  const services = own['nova:services']
  const hypervisors = own['nova:hypervisors']
  const providers = own['placement:resource_providers']
  const capacity = own['host_cpu']
  const service = new Map(services.rows.filter(isCompute(services)).map(row => [services.get(row, 'host'), row]))
  const hypervisor = new Map(hypervisors.rows.map(row => [hypervisors.get(row, 'hypervisor_hostname'), row]))
  const provider = new Map(providers.rows.map(row => [providers.get(row, 'name'), providers.get(row, 'uuid')]))
  const cpu = new Map(capacity.rows.map(row => [capacity.get(row, 'server'), capacity.get(row, 'capacity')]))
  const names = new Set(listedHosts(snapshot) ?? [...provider.keys(), ...cpu.keys()])
  for (const row of own['nova:location'].rows) names.add(row[1] ?? null)
  if (!own['nova:location'].given) {
    for (const row of own['nova:servers'].rows) names.add(own['nova:servers'].get(row, 'host_name'))
  }
  names.delete(null)
  let number = 0
  for (const name of names) {
    number++
    const s = service.get(name)
    const h = hypervisor.get(name)
    const down = services.get(s, 'state') === 'down' || hypervisors.get(h, 'state') === 'down'
    const disabled = services.get(s, 'status') === 'disabled' || hypervisors.get(h, 'status') === 'disabled'
    const host: Host = {
      kind: 'host',
      name,
      number,
      provider: provider.get(name) ?? name,
      zone: services.get(s, 'zone') ?? 'nova',
      capacity: Number(cpu.get(name)) || 0,
      ownPercent: undefined,
      up: !down,
      enabled: !disabled,
      reason: services.get(s, 'disabled_reason'),
      updatedAt: services.get(s, 'updated_at'),
      serviceRow: s,
      hypervisorRow: h,
      vms: new Set(),
      incoming: new Set(),
    }
    state.hosts.set(name, host)
  }
}

function readVms(state: CloudState, own: OwnTables): void {
  const servers = own['nova:servers']
  const byId = new Map(servers.rows.map(row => [servers.get(row, 'id'), row]))
  const byName = new Map(servers.rows.map(row => [servers.get(row, 'name'), row]))
  const add = (id: Value, row: Row | undefined, host: Value) => {
    const vm: Vm = {
      kind: 'vm',
      id,
      name: servers.get(row, 'name') ?? id,
      tenant: servers.get(row, 'tenant_id'),
      flavor: servers.get(row, 'flavor_id'),
      createdAt: servers.get(row, 'created_at'),
      host: undefined,
      load: undefined,
      resources: undefined,
      serverRow: row,
      loadRow: undefined,
      migration: undefined,
    }
    state.vms.set(id, vm)
    const at = state.hosts.get(host)
    if (!at) return
    vm.host = at
    at.vms.add(vm)
    const hostId = servers.get(row, 'host_id')
    if (hostId !== null) state.hostIds.set(at.name, hostId)
  }
  const seen = new Set<Row>()
  for (const [id = null, host = null] of own['nova:location'].rows) {
    if (state.vms.has(id)) continue
    const row = byId.get(id) ?? byName.get(id)
    if (row) seen.add(row)
    add(id, row, host)
  }
  // Servers that no row of nova:location names run nowhere, unless there is no such table at all.
  for (const row of byId.values()) {
    if (!seen.has(row))
      add(servers.get(row, 'id'), row, own['nova:location'].given ? null : servers.get(row, 'host_name'))
  }
}

function readLoads(state: CloudState, own: OwnTables): void {
  const loads = own['vm_cpu']
  for (const row of loads.rows) {
    const vm = state.vms.get(loads.get(row, 'vm'))
    if (!vm) continue
    vm.load = Number(loads.get(row, 'load')) || 0
    vm.loadRow = row
  }
  const allocations = own['placement:allocations']
  for (const row of allocations.rows) {
    const vm = state.vms.get(allocations.get(row, 'consumer'))
    if (!vm?.host || allocations.get(row, 'provider') !== vm.host.provider) continue
    const resources = (vm.resources ??= new Map())
    resources.set(allocations.get(row, 'resource_class'), Number(allocations.get(row, 'amount')) || 0)
  }
  const measured = own['ceilometer:average_utilization']
  for (const row of measured.rows) {
    const host = state.hosts.get(measured.get(row, 'resource'))
    const value = measured.get(row, 'value')
    if (!host || measured.get(row, 'meter') !== CPU_METER || typeof value !== 'number') continue
    // What the loads of VMs do not explain is the host's own and stays with it.
    host.ownPercent = value - state.vmPercent(host)
  }
}

function fixedRows(state: CloudState, own: OwnTables): Map<OwnTable, readonly Row[]> {
  const providers = new Map([...state.hosts.values()].map(host => [host.provider, host]))
  const keep: Partial<Record<OwnTable, (row: Row, table: OwnRows) => boolean>> = {
    'nova:servers': () => false,
    'nova:location': () => false,
    'nova:services': row => !isCompute(own['nova:services'])(row),
    'nova:hypervisors': (row, table) => !state.hosts.has(table.get(row, 'hypervisor_hostname')),
    'placement:allocations': (row, table) => {
      const vm = state.vms.get(table.get(row, 'consumer'))
      return !vm?.host || vm.host.provider !== table.get(row, 'provider')
    },
    'placement:usages': (row, table) => !providers.has(table.get(row, 'provider')),
    'ceilometer:average_utilization': (row, table) =>
      !state.hosts.has(table.get(row, 'resource')) ||
      table.get(row, 'meter') !== CPU_METER ||
      typeof table.get(row, 'value') !== 'number',
    vm_cpu: (row, table) => !state.vms.has(table.get(row, 'vm')),
  }
  const fixed = new Map<OwnTable, readonly Row[]>()
  for (const name of Object.keys(OWN_COLUMNS) as OwnTable[]) {
    const table = own[name]
    fixed.set(
      name,
      table.rows.filter(row => keep[name]?.(row, table) ?? true),
    )
  }
  const zones = own['nova:availability_zones']
  if (!zones.given) {
    const names = new Set([...state.hosts.values()].map(host => host.zone))
    fixed.set(
      'nova:availability_zones',
      [...names].map(zone => zones.make(undefined, { zone, state: 'available' })),
    )
  }
  return fixed
}

/** Rows of nova:services that speak of a compute host; the others are left alone. */
function isCompute(services: OwnRows): (row: Row) => boolean {
  return row => !services.has('binary') || services.get(row, 'binary') === 'nova-compute'
}

function checkKey(table: OwnTable, key: string, own: OwnTables, counts = (_: Row) => true): Diagnostic[] {
  const rows = own[table]
  if (!rows.has(key)) {
    return [
      {
        code: 'data/missing-column',
        severity: 'error',
        message: `\`${table}\` has no column \`${key}\``,
        help: `give it the columns ${OWN_COLUMNS[table].split(' ').join(', ')}`,
      },
    ]
  }
  const seen = new Map<Value, string>()
  return rows.rows.filter(counts).flatMap((row): Diagnostic[] => {
    const value = rows.get(row, key)
    const text = JSON.stringify(row)
    const before = seen.get(value)
    seen.set(value, text)
    if (before === undefined || before === text) return []
    return [
      {
        code: 'data/duplicate-key',
        severity: 'error',
        message: `\`${table}\` has two different rows for \`${value}\``,
        help: 'leave one of them',
        notes: [{ message: `the rows are \`${before}\` and \`${text}\`` }],
      },
    ]
  })
}

function column(table: string, name: string): ColumnSchema {
  const unit = UNITS[`${table}.${name}`]
  return unit ? { name, unit } : { name }
}
