import type { Row, Value } from '../../tables/index.ts'
import type { ActionStatus } from '../types.ts'
import type { CloudEvent } from './events.ts'

export interface Flavor {
  readonly vcpus: number
  readonly ramMiB: number
  readonly diskGiB: number
}

export interface Vm {
  readonly kind: 'vm'
  readonly id: Value
  readonly name: Value
  readonly tenant: Value
  readonly flavor: Value
  readonly createdAt: Value
  /** Undefined: it runs nowhere. While it migrates, the source. */
  host: Host | undefined
  /** CPU load in the unit of the host's capacity; undefined: no row in vm_cpu. */
  load: number | undefined
  /** Allocations by resource class, as the snapshot gave them; undefined: what the flavor says. */
  resources: Map<Value, number> | undefined
  readonly serverRow: Row | undefined
  loadRow: Row | undefined
  migration: Migration | undefined
}

export interface Host {
  readonly kind: 'host'
  readonly name: Value
  /** 1, 2, …: its id where the snapshot gives none. */
  readonly number: number
  /** Id of its resource provider. */
  readonly provider: Value
  readonly zone: Value
  /** CPU capacity in the unit of vm_cpu's loads; 0: not known. */
  readonly capacity: number
  /** CPU utilization that no VM explains, in percent; undefined: never measured. */
  ownPercent: number | undefined
  up: boolean
  enabled: boolean
  reason: Value
  updatedAt: Value
  readonly serviceRow: Row | undefined
  readonly hypervisorRow: Row | undefined
  readonly vms: Set<Vm>
  /** VMs on their way here: they hold resources already. */
  readonly incoming: Set<Vm>
}

export interface Migration {
  readonly kind: 'migration'
  readonly id: number
  readonly token: string
  readonly vm: Vm
  readonly source: Host
  readonly destination: Host
  readonly endsAt: number
  readonly fails: string | null
  status: 'running' | 'completed' | 'error' | 'cancelled'
}

/** An image on its way to a host. */
export interface ImageCopy {
  readonly kind: 'copy'
  readonly token: string
  readonly image: Value
  /** Undefined: the image service. */
  readonly source: Host | undefined
  readonly destination: Host
  readonly endsAt: number
  readonly fails: string | null
  status: 'running' | 'completed' | 'error'
  /** It is by this copy that the host has the image. */
  brought: boolean
}

export type Entity = Vm | Host | Migration | ImageCopy

/** What a token got as answer. */
export interface TokenRecord {
  readonly refusal: Extract<CloudEvent, { op: 'refused' }> | undefined
  status: ActionStatus
}

/** What an event did: the entities whose rows may differ now, and the actions that ended. */
export interface Effect {
  readonly touched: ReadonlySet<Entity>
  readonly ended: readonly string[]
}

/** A migration that the cloud accepted. */
export interface Issued {
  readonly token: string
  readonly vm: Value
  readonly from: Value
  readonly to: Value
  readonly at: number
}

/**
 * The cloud as objects. Changes by `apply` alone and by what the event says alone, so that a journal replays to the same state. Whether an
 * event is allowed has been decided before.
 */
export class CloudState {
  readonly vms = new Map<Value, Vm>()
  readonly hosts = new Map<Value, Host>()
  readonly flavors = new Map<Value, Flavor>()
  readonly running = new Set<Migration | ImageCopy>()
  readonly migrations: Migration[] = []
  readonly copies: ImageCopy[] = []
  /** Size of each image of the image service, in bytes. */
  readonly images = new Map<Value, number>()
  readonly tokens = new Map<string, TokenRecord>()
  readonly issued: Issued[] = []
  /** VMs whose next migrations fail, and how many of them. */
  readonly failNext = new Map<Value, number>()
  /** Nova's opaque host ids where the snapshot has them. */
  readonly hostIds = new Map<Value, Value>()
  lastMigration = 0
  readonly #cached = new Map<Value, Set<Value>>()

  apply(event: CloudEvent): Effect {
    const touched = new Set<Entity>()
    const ended: string[] = []
    switch (event.op) {
      case 'migrate':
        this.#migrate(event, touched)
        break
      case 'cache-image':
        this.#cache(event)
        break
      case 'refused': {
        const detail = event.diagnostics.map(d => d.message).join('; ')
        const status: ActionStatus = { state: 'failed', detail, retryable: event.retryable }
        this.tokens.set(event.token, { refusal: event, status })
        break
      }
      case 'due':
        for (const action of [...this.running].filter(m => m.endsAt <= event.at).sort(byEnd))
          this.#stop(action, action.fails === null ? 'completed' : 'error', action.fails, touched, ended)
        break
      case 'create':
        this.#create(event, touched)
        break
      case 'delete': {
        const vm = this.vms.get(event.vm)!
        if (vm.migration) this.#end(vm.migration, 'cancelled', 'the VM was deleted', touched, ended)
        this.vms.delete(vm.id)
        this.failNext.delete(vm.id)
        touched.add(vm)
        if (vm.host) {
          vm.host.vms.delete(vm)
          touched.add(vm.host)
        }
        break
      }
      case 'host': {
        const host = this.hosts.get(event.host)!
        if (event.enabled !== undefined) {
          host.enabled = event.enabled
          host.reason = event.enabled ? null : (event.reason ?? null)
        }
        if (event.up !== undefined) host.up = event.up
        host.updatedAt = new Date(event.at).toISOString()
        touched.add(host)
        if (event.up === false) {
          for (const action of [...this.running].filter(m => m.source === host || m.destination === host))
            this.#stop(action, 'error', `the host \`${host.name}\` went down`, touched, ended)
        }
        break
      }
      case 'load': {
        const vm = this.vms.get(event.vm)!
        vm.load = event.load
        touched.add(vm)
        if (vm.host) touched.add(vm.host)
        break
      }
      case 'fail-next':
        this.failNext.set(event.vm, (this.failNext.get(event.vm) ?? 0) + 1)
        break
    }
    return { touched, ended }
  }

  /** What the loads of its VMs make of a host's CPU, in percent. A VM that migrates works at its source. */
  vmPercent(host: Host): number {
    if (host.capacity <= 0) return 0
    let load = 0
    for (const vm of host.vms) load += vm.load ?? 0
    return (100 * load) / host.capacity
  }

  /** The host has the image in its cache from now on. */
  caches(host: Value, image: Value): void {
    const cached = this.#cached.get(host) ?? new Set()
    this.#cached.set(host, cached.add(image))
  }

  hasCached(host: Value, image: Value): boolean {
    return this.#cached.get(host)?.has(image) === true
  }

  /** What a VM holds of each resource class, at each end of a migration. */
  resourcesOf(vm: Vm): ReadonlyMap<Value, number> {
    if (vm.resources) return vm.resources
    const flavor = this.flavors.get(vm.flavor)
    const amounts = new Map<Value, number>()
    if (flavor?.vcpus) amounts.set('VCPU', flavor.vcpus)
    if (flavor?.ramMiB) amounts.set('MEMORY_MB', flavor.ramMiB)
    if (flavor?.diskGiB) amounts.set('DISK_GB', flavor.diskGiB)
    return amounts
  }

  /** Memory that a live migration moves, in GiB. Undefined when neither allocations nor the flavor tell. */
  memoryOf(vm: Vm): number | undefined {
    const mib = this.resourcesOf(vm).get('MEMORY_MB')
    return mib === undefined ? undefined : mib / 1024
  }

  #migrate(event: Extract<CloudEvent, { op: 'migrate' }>, touched: Set<Entity>): void {
    const vm = this.vms.get(event.vm)!
    const source = vm.host!
    const destination = this.hosts.get(event.to)!
    const { token, endsAt, fails } = event
    const migration: Migration = {
      kind: 'migration',
      id: ++this.lastMigration,
      token,
      vm,
      source,
      destination,
      endsAt,
      fails,
      status: 'running',
    }
    const failures = this.failNext.get(vm.id) ?? 0
    if (failures > 1) this.failNext.set(vm.id, failures - 1)
    else this.failNext.delete(vm.id)
    vm.migration = migration
    destination.incoming.add(vm)
    this.running.add(migration)
    this.migrations.push(migration)
    this.issued.push({ token, vm: vm.id, from: source.name, to: destination.name, at: event.at })
    this.tokens.set(token, { refusal: undefined, status: { state: 'running' } })
    for (const entity of [vm, destination, migration]) touched.add(entity)
  }

  #cache({ token, image, from, to, endsAt, fails }: Extract<CloudEvent, { op: 'cache-image' }>): void {
    const source = from === null ? undefined : this.hosts.get(from)!
    const destination = this.hosts.get(to)!
    const way = { token, image, source, destination, endsAt, fails }
    const copy: ImageCopy = { kind: 'copy', ...way, status: 'running', brought: false }
    this.running.add(copy)
    this.copies.push(copy)
    this.tokens.set(token, { refusal: undefined, status: { state: 'running' } })
  }

  #stop(
    action: Migration | ImageCopy,
    status: 'completed' | 'error',
    reason: string | null,
    touched: Set<Entity>,
    ended: string[],
  ): void {
    if (action.kind === 'migration') {
      this.#end(action, status, reason, touched, ended)
      return
    }
    const { token, image, destination } = action
    action.status = status
    this.running.delete(action)
    if (status === 'completed') {
      action.brought = !this.hasCached(destination.name, image)
      this.caches(destination.name, image)
    }
    this.tokens.get(token)!.status =
      status === 'completed'
        ? { state: 'succeeded', detail: `\`${destination.name}\` has \`${image}\`` }
        : { state: 'failed', detail: reason ?? 'it failed', retryable: true }
    touched.add(action)
    ended.push(token)
  }

  #end(
    migration: Migration,
    status: 'completed' | 'error' | 'cancelled',
    reason: string | null,
    touched: Set<Entity>,
    ended: string[],
  ): void {
    const { vm, source, destination, token } = migration
    migration.status = status
    this.running.delete(migration)
    vm.migration = undefined
    destination.incoming.delete(vm)
    if (status === 'completed') {
      source.vms.delete(vm)
      destination.vms.add(vm)
      vm.host = destination
    }
    this.tokens.get(token)!.status =
      status === 'completed'
        ? { state: 'succeeded', detail: `\`${vm.id}\` is on \`${destination.name}\`` }
        : { state: 'failed', detail: reason ?? 'it failed', retryable: status === 'error' }
    for (const entity of [vm, source, destination, migration]) touched.add(entity)
    ended.push(token)
  }

  #create(event: Extract<CloudEvent, { op: 'create' }>, touched: Set<Entity>): void {
    const host = this.hosts.get(event.host)!
    const vm: Vm = {
      kind: 'vm',
      id: event.vm,
      name: event.name,
      tenant: event.tenant,
      flavor: event.flavor,
      createdAt: new Date(event.at).toISOString(),
      host,
      load: event.load,
      resources: undefined,
      serverRow: undefined,
      loadRow: undefined,
      migration: undefined,
    }
    this.vms.set(vm.id, vm)
    host.vms.add(vm)
    touched.add(vm).add(host)
  }
}

/** Those that end at one moment end in the order of their starts: the sort is stable, and the set remembers. */
function byEnd(a: { readonly endsAt: number }, b: { readonly endsAt: number }): number {
  return a.endsAt - b.endsAt
}
