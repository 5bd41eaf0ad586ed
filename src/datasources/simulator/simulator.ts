import { z } from 'zod'
import { DiagnosticError, fail, nearestName } from '../../diagnostic/index.ts'
import type { Delta, Snapshot, TableData, TableSchema, Value } from '../../tables/index.ts'
import type { ActionStatus, Cloud, DataSource } from '../types.ts'
import { type Clock, systemClock } from './clock.ts'
import { type CloudDescription, describeCloud } from './describe.ts'
import { type CloudEvent, eventSchema } from './events.ts'
import { Journal } from './journal.ts'
import { random } from './random.ts'
import { readCloud } from './read-cloud.ts'
import { CloudRows } from './rows.ts'
import type { CloudState, Host, Issued, Vm } from './state.ts'

export interface SimulatorOptions {
  /** The cloud at the start: tables such as `openFolder` reads, or a few words. A journal that has a start of its own wins. */
  readonly cloud: Snapshot | CloudDescription
  /** Default: the system's. */
  readonly clock?: Clock
  /** How long a live migration, or the copy of an image, takes: seconds, or a function of the GiB. Default: 1 s for each, at least 1. */
  readonly migrationSeconds?: number | ((memoryGiB: number) => number)
  /** How many migrations fail of their own, 0 to 1, drawn with `seed`. Default 0. */
  readonly failureRate?: number
  readonly seed?: number
  /** A file from which the cloud comes up again as it was, with migrations still running. Default: none. */
  readonly journal?: string
}

export interface NewVm {
  readonly id: string
  readonly host: Value
  readonly name?: string
  readonly flavor?: string
  readonly tenant?: string
  /** CPU load in the unit of the host's capacity. Default 0. */
  readonly load?: number
}

/** A cloud in memory. Listeners are called after the change, one batch for each moment, and must not throw. */
export interface Simulator extends DataSource, Cloud {
  subscribe(listener: (batch: readonly Delta[]) => void): () => void
  onEnded(listener: (token: string, status: ActionStatus) => void): () => void
  /** All tables now. */
  snapshot(): Snapshot
  createVm(vm: NewVm): void
  /** A running migration of the VM ends as failed. */
  deleteVm(vm: Value): void
  /** Take a host down or up, disable or enable it. Going down fails the migrations at either end; VMs stay where they are. */
  setHost(host: Value, change: { readonly up?: boolean; readonly enabled?: boolean; readonly reason?: string }): void
  setLoad(vm: Value, load: number): void
  /** The VM's next migration fails when its time is over. */
  failNext(vm: Value): void
  /** Every migration that was accepted, in order, those before a restart included. */
  readonly issued: readonly Issued[]
  /** Stop timers and close the journal. */
  close(): void
}

const RETRY_MS = 1000
const BYTES_PER_GIB = 1024 ** 3
const MIGRATE = 'nova:live_migrate'
const CACHE = 'nova:cache_image'
const name = z.union([z.string(), z.number()])
const migrateInput = z.object({ vm: name, host: name })
/** `from`: who sends; left out, or no host of this cloud: the image service. */
const cacheInput = z.object({ image: name, host: name, from: name.optional() })
const start = z.object({
  op: z.literal('start'),
  tables: z.array(
    z.object({
      schema: z.object({ table: z.string(), columns: z.array(z.looseObject({ name: z.string() })) }),
      rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
      provenance: z.object({ source: z.string(), place: z.string().optional(), readAt: z.string() }),
    }),
  ),
})

/** Bring up a simulated cloud. Throws a `DiagnosticError` when its tables contradict each other or the journal can't be used. */
export function createSimulator(options: SimulatorOptions): Simulator {
  return new SimulatedCloud(options)
}

/** An action that was admitted, before it has its token. */
type Begun =
  | Omit<Extract<CloudEvent, { op: 'migrate' }>, 'at' | 'token'>
  | Omit<Extract<CloudEvent, { op: 'cache-image' }>, 'at' | 'token'>

class SimulatedCloud implements Simulator {
  readonly name = 'simulator'
  readonly #clock: Clock
  readonly #options: SimulatorOptions
  readonly #start: Snapshot
  readonly #state: CloudState
  readonly #rows: CloudRows
  readonly #journal: Journal | undefined
  readonly #random: () => number
  readonly #listeners = new Set<(batch: readonly Delta[]) => void>()
  readonly #ended = new Set<(token: string, status: ActionStatus) => void>()
  readonly #outbox: (() => void)[] = []
  #sending = false
  #timer: (() => void) | undefined

  constructor(options: SimulatorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = random(options.seed ?? 0)
    const given =
      options.cloud instanceof Map ? (options.cloud as Snapshot) : describeCloud(options.cloud as CloudDescription)
    const opened = options.journal === undefined ? undefined : Journal.open(options.journal)
    const path = options.journal ?? ''
    this.#start = opened && opened.records.length > 0 ? journalStart(opened.records[0], path) : given
    const cloud = readCloud(this.#start)
    this.#state = cloud.state
    this.#journal = opened?.journal
    if (opened?.records.length === 0) opened.journal.append({ op: 'start', tables: [...this.#start.values()] })
    for (const record of opened?.records.slice(1) ?? []) {
      const event = journalEvent(record, path)
      if (event.op === 'migrate' || event.op === 'cache-image') this.#random()
      this.#state.apply(event)
    }
    this.#rows = new CloudRows(cloud)
    this.#due()
  }

  async schemas(): Promise<readonly TableSchema[]> {
    return [...this.snapshot().values()].map(data => data.schema)
  }

  async read(): Promise<Snapshot> {
    return this.snapshot()
  }

  snapshot(): Snapshot {
    return this.#rows.snapshot(this.#start, new Date(this.#clock.now()).toISOString())
  }

  subscribe(listener: (batch: readonly Delta[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onEnded(listener: (token: string, status: ActionStatus) => void): () => void {
    this.#ended.add(listener)
    return () => this.#ended.delete(listener)
  }

  get issued(): readonly Issued[] {
    return this.#state.issued
  }

  async submit(action: string, given: Readonly<Record<string, unknown>>, token: string): Promise<void> {
    const known = this.#state.tokens.get(token)
    if (known?.refusal) throw new DiagnosticError(known.refusal.diagnostics)
    if (known) return
    const now = this.#clock.now()
    // Time may have passed without the timer having had its turn.
    this.#due()
    try {
      this.#happen({ at: now, token, ...this.#admit(action, given, now) })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { diagnostics, retryable } = error
      this.#happen({ op: 'refused', at: now, token, diagnostics: [...diagnostics], retryable })
      throw new DiagnosticError(diagnostics)
    }
  }

  async status(token: string): Promise<ActionStatus | undefined> {
    this.#due()
    return this.#state.tokens.get(token)?.status
  }

  createVm(vm: NewVm): void {
    if (this.#state.vms.has(vm.id))
      fail('data/vm-exists', `there is a VM \`${vm.id}\` already`, { help: 'choose another id' })
    const host = this.#host(vm.host)
    if (!host.up || !host.enabled) throw unusable(host)
    if (vm.flavor !== undefined && this.#state.flavors.size > 0 && !this.#state.flavors.has(vm.flavor)) {
      const near = nearestName(vm.flavor, [...this.#state.flavors.keys()].map(String))
      fail('data/unknown-flavor', `there is no flavor \`${vm.flavor}\``, {
        help: near ? `did you mean \`${near}\`?` : 'name a flavor of `nova:flavors`',
      })
    }
    const { id, name = id, tenant = 'tenant', flavor = null, load = 0 } = vm
    checkLoad(load)
    this.#happen({ op: 'create', at: this.#clock.now(), vm: id, name, host: named(host.name), flavor, tenant, load })
  }

  deleteVm(vm: Value): void {
    this.#due()
    this.#happen({ op: 'delete', at: this.#clock.now(), vm: named(this.#vm(vm).id) })
  }

  setHost(host: Value, change: { readonly up?: boolean; readonly enabled?: boolean; readonly reason?: string }): void {
    this.#due()
    this.#happen({ op: 'host', at: this.#clock.now(), host: named(this.#host(host).name), ...change })
  }

  setLoad(vm: Value, load: number): void {
    checkLoad(load)
    this.#happen({ op: 'load', at: this.#clock.now(), vm: named(this.#vm(vm).id), load })
  }

  failNext(vm: Value): void {
    this.#happen({ op: 'fail-next', at: this.#clock.now(), vm: named(this.#vm(vm).id) })
  }

  close(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#journal?.close()
  }

  /** Write down, then do, then tell. */
  #happen(event: CloudEvent): void {
    this.#journal?.append(event)
    const { touched, ended } = this.#state.apply(event)
    const deltas = this.#rows.update(touched)
    if (deltas.length > 0) this.#outbox.push(() => each(this.#listeners, listener => listener(deltas)))
    for (const token of ended) {
      const { status } = this.#state.tokens.get(token)!
      this.#outbox.push(() => each(this.#ended, listener => listener(token, status)))
    }
    this.#arm()
    this.#send()
  }

  /** A listener may change the cloud itself: its batch waits its turn, so that everybody sees the same order. */
  #send(): void {
    if (this.#sending) return
    this.#sending = true
    try {
      for (let next = this.#outbox.shift(); next; next = this.#outbox.shift()) next()
    } finally {
      this.#sending = false
    }
  }

  /** End what is over by now; all that ends at one moment is one batch. */
  #due(): void {
    const now = this.#clock.now()
    if ([...this.#state.running].some(action => action.endsAt <= now)) this.#happen({ op: 'due', at: now })
    else this.#arm()
  }

  #arm(): void {
    this.#timer?.()
    this.#timer = undefined
    const next = Math.min(...[...this.#state.running].map(action => action.endsAt))
    if (next === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.after(next - this.#clock.now(), () => {
      try {
        this.#due()
      } catch (error) {
        // A journal that can't be written (a full disk) must not end the process: whoever asks is told, and it is tried again.
        if (!(error instanceof DiagnosticError)) throw error
        this.#timer = this.#clock.after(RETRY_MS, () => this.#arm())
      }
    })
  }

  #admit(action: string, given: Readonly<Record<string, unknown>>, now: number): Begun {
    if (action === MIGRATE) return this.#admitMigration(given, now)
    if (action === CACHE) return this.#admitCopy(given, now)
    const known = `use \`${MIGRATE}\` or \`${CACHE}\``
    throw new Refusal('data/unknown-action', `the simulator knows no action \`${action}\``, known)
  }

  #admitCopy(given: Readonly<Record<string, unknown>>, now: number): Begun {
    const parsed = cacheInput.safeParse(given)
    if (!parsed.success)
      throw new Refusal('data/bad-input', `\`${CACHE}\` needs an image and a host`, 'give `image` and `host`')
    const { image, host, from = null } = parsed.data
    const to = refusing(() => this.#host(host))
    const source = from === null ? undefined : this.#state.hosts.get(from)
    if (source ? !this.#state.hasCached(source.name, image) : !this.#state.images.has(image)) {
      const where = source ? `the host \`${source.name}\`` : 'the image service'
      throw new Refusal(
        'data/unknown-image',
        `${where} does not have the image \`${image}\``,
        'name another image',
        true,
      )
    }
    for (const end of source ? [to, source] : [to]) if (!end.up) throw unusable(end)
    const drawn = this.#drawAccident()
    const there = this.#state.hasCached(to.name, image)
    return {
      op: 'cache-image',
      image,
      from: source ? named(source.name) : null,
      to: named(to.name),
      endsAt: there ? now : now + this.#milliseconds((this.#state.images.get(image) ?? 0) / BYTES_PER_GIB),
      fails: there ? null : drawn,
    }
  }

  #admitMigration(given: Readonly<Record<string, unknown>>, now: number): Begun {
    const parsed = migrateInput.safeParse(given)
    if (!parsed.success) {
      throw new Refusal('data/bad-input', `\`${MIGRATE}\` needs a VM and a host`, 'give `vm` and `host`')
    }
    const vm = refusing(() => this.#vm(parsed.data.vm))
    const to = refusing(() => this.#host(parsed.data.host))
    const from = vm.host
    if (!from) throw new Refusal('data/not-running', `the VM \`${vm.id}\` runs on no host`, 'start it first')
    if (vm.migration) {
      const where = `from \`${from.name}\` to \`${vm.migration.destination.name}\``
      throw new Refusal(
        'data/already-migrating',
        `the VM \`${vm.id}\` is migrating ${where}`,
        'wait until it is done',
        true,
      )
    }
    if (to === from) {
      throw new Refusal('data/same-host', `the VM \`${vm.id}\` is on \`${to.name}\` already`, 'name another host')
    }
    if (!to.up || !to.enabled) throw unusable(to)
    if (!from.up) throw unusable(from)
    const drawn = this.#drawAccident()
    return {
      op: 'migrate',
      vm: named(vm.id),
      to: named(to.name),
      endsAt: now + this.#milliseconds(this.#state.memoryOf(vm) ?? 1),
      fails: this.#state.failNext.has(vm.id) ? 'it was told to fail' : drawn,
    }
  }

  #drawAccident(): string | null {
    return this.#random() < (this.#options.failureRate ?? 0) ? 'the connection between the hosts broke' : null
  }

  /** How long so many GiB take. */
  #milliseconds(gib: number): number {
    const rule = this.#options.migrationSeconds ?? (n => Math.max(1, n))
    return Math.round(1000 * (typeof rule === 'number' ? rule : rule(gib)))
  }

  #vm(id: Value): Vm {
    const vm = this.#state.vms.get(id)
    if (vm) return vm
    const near = nearestName(String(id), [...this.#state.vms.keys()].map(String))
    return fail('data/unknown-vm', `there is no VM \`${id}\``, {
      help: near ? `did you mean \`${near}\`?` : 'name a VM of `nova:servers`',
    })
  }

  #host(name: Value): Host {
    const host = this.#state.hosts.get(name)
    if (host) return host
    const near = nearestName(String(name), [...this.#state.hosts.keys()].map(String))
    return fail('data/unknown-host', `there is no host \`${name}\``, {
      help: near ? `did you mean \`${near}\`?` : 'name a host of `nova:services`',
    })
  }
}

/** The cloud says no to an action: a `DiagnosticError` to whoever asked, and remembered with its token. */
class Refusal extends DiagnosticError {
  readonly retryable: boolean

  constructor(code: string, message: string, help: string, retryable = false) {
    super([{ code, severity: 'error', message, help }])
    this.retryable = retryable
  }
}

function refusing<T>(look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    const { code, message, help = '' } = error.diagnostics[0]!
    throw new Refusal(code, message, help)
  }
}

function unusable(host: Host): Refusal {
  const state = host.up ? 'disabled' : 'down'
  return new Refusal('data/host-unusable', `the host \`${host.name}\` is ${state}`, 'name another host', true)
}

/** Over a copy: a listener may leave while it is called. */
function each<T>(listeners: ReadonlySet<T>, call: (listener: T) => void): void {
  for (const listener of [...listeners]) call(listener)
}

function checkLoad(load: number): void {
  if (Number.isFinite(load) && load >= 0) return
  fail('data/bad-input', `\`${load}\` is not a load`, { help: 'give a number of at least 0' })
}

/** VMs and hosts have names: null is none. */
function named(value: Value): string | number | boolean {
  if (value === null) throw new Error('a VM or host without a name')
  return value
}

function journalStart(record: unknown, path: string): Snapshot {
  const parsed = start.safeParse(record)
  if (!parsed.success) return badJournal(path, 1)
  const tables = parsed.data.tables as unknown as readonly TableData[]
  return new Map(tables.map(data => [data.schema.table, data]))
}

function journalEvent(record: unknown, path: string): CloudEvent {
  const parsed = eventSchema.safeParse(record)
  return parsed.success ? parsed.data : badJournal(path)
}

function badJournal(path: string, line?: number): never {
  const where = line === undefined ? 'a line' : `line ${line}`
  return fail('data/bad-journal', `${where} of the journal \`${path}\` is not this simulator's`, {
    help: 'give another journal, or move this one away to start the cloud anew',
  })
}
