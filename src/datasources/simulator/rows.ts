import type { Delta, Row, Snapshot, TableData, Value } from '../../tables/index.ts'
import { rowKey } from '../changes.ts'
import { CPU_METER, type OwnTable, type OwnTables, type ReadCloud } from './read-cloud.ts'
import type { CloudState, Entity, Host, ImageCopy, Migration, Vm } from './state.ts'

interface PlacedRow {
  readonly table: OwnTable
  readonly row: Row
  readonly key: string
}

/** Tables that a cloud without such a thing does not have. */
const ONLY_WITH_ROWS: ReadonlySet<OwnTable> = new Set(['host_cpu', 'nova:image_cache', 'glancev2:images'])

/**
 * The rows of a cloud, kept for each entity: no two entities share a row, so the tables are the union of theirs and of what the snapshot
 * has beside them. After a change only the touched entities' rows are made again, and the difference is the delta: its cost is that of
 * the change, and it is exact by construction.
 */
export class CloudRows {
  readonly #state: CloudState
  readonly #own: OwnTables
  readonly #fixed: ReadonlyMap<OwnTable, readonly Row[]>
  readonly #fixedKeys: ReadonlyMap<OwnTable, ReadonlySet<string>>
  /** Amounts held by consumers that are not VMs of this cloud, by provider and resource class. */
  readonly #foreign = new Map<Value, Map<Value, number>>()
  /** Resource classes that each provider lists in its inventory. */
  readonly #classes = new Map<Value, Set<Value>>()
  readonly #rows = new Map<Entity, readonly PlacedRow[]>()

  constructor({ state, own, fixed }: ReadCloud) {
    this.#state = state
    this.#own = own
    this.#fixed = fixed
    this.#fixedKeys = new Map([...this.#fixed].map(([table, rows]) => [table, new Set(rows.map(rowKey))]))
    const inventories = own['placement:inventories']
    for (const row of inventories.rows) {
      const provider = inventories.get(row, 'provider')
      let classes = this.#classes.get(provider)
      if (!classes) this.#classes.set(provider, (classes = new Set()))
      classes.add(inventories.get(row, 'resource_class'))
    }
    const allocations = own['placement:allocations']
    for (const row of this.#fixed.get('placement:allocations') ?? []) {
      const provider = allocations.get(row, 'provider')
      let amounts = this.#foreign.get(provider)
      if (!amounts) this.#foreign.set(provider, (amounts = new Map()))
      addTo(amounts, allocations.get(row, 'resource_class'), Number(allocations.get(row, 'amount')) || 0)
    }
    for (const entities of [state.hosts.values(), state.vms.values(), state.migrations, state.copies]) {
      for (const entity of entities) this.#rows.set(entity, this.#rowsOf(entity))
    }
  }

  /** Make the rows of the touched entities again; what they lost and gained, by table. */
  update(touched: Iterable<Entity>): Delta[] {
    const changes = new Map<OwnTable, { removed: Row[]; inserted: Row[] }>()
    const of = (table: OwnTable) => {
      let change = changes.get(table)
      if (!change) changes.set(table, (change = { removed: [], inserted: [] }))
      return change
    }
    for (const entity of touched) {
      const before = this.#rows.get(entity) ?? []
      const after = this.#rowsOf(entity)
      const kept = new Set(after.map(row => row.key))
      const had = new Set(before.map(row => row.key))
      for (const { table, row, key } of before) if (!kept.has(key)) of(table).removed.push(row)
      for (const { table, row, key } of after) if (!had.has(key)) of(table).inserted.push(row)
      if (after.length > 0) this.#rows.set(entity, after)
      else this.#rows.delete(entity)
    }
    return [...changes].map(([table, change]) => ({ table, ...change }))
  }

  /** All tables: the simulator's own, and those of `start` that it does not keep, as they were. */
  snapshot(start: Snapshot, readAt: string): Snapshot {
    const rows = new Map<OwnTable, Row[]>()
    for (const [table, fixed] of this.#fixed) rows.set(table, [...fixed])
    for (const placed of this.#rows.values()) {
      for (const { table, row } of placed) rows.get(table)!.push(row)
    }
    const tables = new Map<string, TableData>(start)
    for (const [table, all] of rows) {
      if (ONLY_WITH_ROWS.has(table) && all.length === 0 && !this.#own[table].given) continue
      tables.set(table, {
        schema: this.#own[table].schema,
        rows: all,
        provenance: { source: 'simulator', readAt },
      })
    }
    return tables
  }

  #rowsOf(entity: Entity): PlacedRow[] {
    const rows: PlacedRow[] = []
    const add = (table: OwnTable, base: Row | undefined, values: Readonly<Record<string, Value>>) => {
      const row = this.#own[table].make(base, values)
      const key = rowKey(row)
      // What stands there anyway is not the entity's to take away.
      if (!this.#fixedKeys.get(table)?.has(key)) rows.push({ table, row, key: `${table} ${key}` })
    }
    if (entity.kind === 'host') this.#hostRows(entity, add)
    else if (entity.kind === 'vm') this.#vmRows(entity, add)
    else if (entity.kind === 'copy') copyRows(entity, add)
    else migrationRows(entity, add)
    return rows
  }

  #hostRows(host: Host, add: Add): void {
    const state = host.up ? 'up' : 'down'
    const status = host.enabled ? 'enabled' : 'disabled'
    const { name, number } = host
    if (host.serviceRow || !this.#own['nova:services'].given) {
      const made = host.serviceRow ? {} : { service_id: number, binary: 'nova-compute', host: name, zone: host.zone }
      const now = { status, state, updated_at: host.updatedAt, disabled_reason: host.reason }
      add('nova:services', host.serviceRow, { ...made, ...now })
    }
    if (host.hypervisorRow || !this.#own['nova:hypervisors'].given) {
      const made = host.hypervisorRow ? {} : { hypervisor_hostname: name, id: number }
      add('nova:hypervisors', host.hypervisorRow, { ...made, state, status })
    }
    if (!this.#own['placement:resource_providers'].given) {
      add('placement:resource_providers', undefined, { uuid: host.provider, name })
    }
    if (host.capacity > 0 || host.ownPercent !== undefined) {
      const value = tidy((host.ownPercent ?? 0) + this.#state.vmPercent(host))
      add('ceilometer:average_utilization', undefined, { resource: name, meter: CPU_METER, value })
    }
    const used = new Map<Value, number>()
    for (const kind of this.#classes.get(host.provider) ?? []) used.set(kind, 0)
    for (const [kind, amount] of this.#foreign.get(host.provider) ?? []) addTo(used, kind, amount)
    for (const vms of [host.vms, host.incoming]) {
      for (const vm of vms) for (const [kind, amount] of this.#state.resourcesOf(vm)) addTo(used, kind, amount)
    }
    for (const [kind, amount] of used) {
      add('placement:usages', undefined, { provider: host.provider, resource_class: kind, used: amount })
    }
  }

  #vmRows(vm: Vm, add: Add): void {
    if (this.#state.vms.get(vm.id) !== vm) return
    const { host, id } = vm
    const made = vm.serverRow
      ? {}
      : {
          id,
          name: vm.name,
          status: 'ACTIVE',
          tenant_id: vm.tenant,
          flavor_id: vm.flavor,
          zone: host?.zone ?? null,
          created_at: vm.createdAt,
        }
    const at = host ? { host_id: this.#state.hostIds.get(host.name) ?? host.name, host_name: host.name } : {}
    const busy = vm.migration ? { status: 'MIGRATING' } : {}
    add('nova:servers', vm.serverRow, { ...made, ...at, ...busy })
    if (vm.load !== undefined) add('vm_cpu', vm.loadRow, { vm: id, load: vm.load })
    if (!host) return
    add('nova:location', undefined, { vm: id, host: host.name })
    for (const end of vm.migration ? [host, vm.migration.destination] : [host]) {
      for (const [kind, amount] of this.#state.resourcesOf(vm)) {
        add('placement:allocations', undefined, {
          consumer: id,
          provider: end.provider,
          resource_class: kind,
          amount,
        })
      }
    }
  }
}

type Add = (table: OwnTable, base: Row | undefined, values: Readonly<Record<string, Value>>) => void

function migrationRows(migration: Migration, add: Add): void {
  const { id, vm, source, destination, status } = migration
  add('nova:migrations', undefined, { id, vm: vm.id, source: source.name, destination: destination.name, status })
}

function copyRows({ destination, image, brought }: ImageCopy, add: Add): void {
  if (brought) add('nova:image_cache', undefined, { host: destination.name, image })
}

function addTo(amounts: Map<Value, number>, key: Value, amount: number): void {
  amounts.set(key, (amounts.get(key) ?? 0) + amount)
}

/** Sums of loads carry rounding noise; nine decimals of a percent are plenty and make equal loads equal values. */
function tidy(percent: number): number {
  return Math.round(percent * 1e9) / 1e9 || 0
}
