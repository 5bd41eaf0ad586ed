import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Delta, Snapshot, TableData, TableSchema } from '../../tables/index.ts'
import type { Cloud } from '../types.ts'
import { Poller } from './poller.ts'
import type { Reading } from './reading.ts'
import { RowStore } from './row-store.ts'
import type { ActionDescription, Freshness, LiveSource, LiveTable, SourceStatus } from './types.ts'

export interface PolledOptions {
  readonly name: string
  readonly driver: string
  readonly description: string
  readonly readings: readonly Reading[]
  readonly actions?: readonly ActionDescription[]
  readonly cloud?: Cloud
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
  /** From 0 to below 1, for jitter. */
  readonly random?: () => number
  /** Called once, last of all. */
  readonly close?: () => Promise<void>
}

/** Milliseconds that changes wait for others, so that one moment's changes are one batch. */
const DEBOUNCE = 50

/** A live source made of readings: each is polled by itself, so that one that fails leaves the others alone. */
export class PolledSource implements LiveSource {
  readonly name: string
  readonly driver: string
  readonly description: string
  readonly actions: readonly ActionDescription[]
  readonly cloud?: Cloud
  readonly #options: PolledOptions
  readonly #store = new RowStore()
  readonly #pollers: readonly Poller[]
  readonly #listeners = new Set<(batch: readonly Delta[]) => void>()
  readonly #freshnessListeners = new Set<(freshness: Freshness) => void>()
  readonly #ending = new AbortController()
  readonly #now: () => number
  #wanted: ReadonlySet<string> = new Set()
  #flushTimer: NodeJS.Timeout | undefined
  #started = false

  constructor(options: PolledOptions) {
    this.#options = options
    this.name = options.name
    this.driver = options.driver
    this.description = options.description
    this.actions = options.actions ?? []
    if (options.cloud) this.cloud = options.cloud
    this.#now = options.now ?? Date.now
    this.#pollers = options.readings.map(
      reading =>
        new Poller(reading, {
          store: this.#store,
          now: this.#now,
          random: options.random ?? Math.random,
          changed: () => this.#flushSoon(),
          freshness: freshness => {
            for (const listener of this.#freshnessListeners) listener(freshness)
          },
          signal: this.#ending.signal,
        }),
    )
    this.#keep()
  }

  get tables(): readonly LiveTable[] {
    return this.#pollers.flatMap(poller => poller.tables)
  }

  async schemas(): Promise<readonly TableSchema[]> {
    return this.tables
  }

  async read(): Promise<Snapshot> {
    // What is told from here on must come on top of what is given.
    this.#flush()
    const readAt = new Date(this.#now()).toISOString()
    return new Map(
      this.#pollers.flatMap(poller =>
        poller.tables.map((schema): [string, TableData] => {
          const at = poller.lastRead === undefined ? readAt : new Date(poller.lastRead).toISOString()
          const provenance = { source: this.name, place: poller.reading.name, readAt: at }
          return [schema.table, { schema, rows: this.#store.rows(schema.table), provenance }]
        }),
      ),
    )
  }

  async start(): Promise<void> {
    this.#started = true
    await Promise.all(this.#pollers.map(poller => poller.start()))
    this.#flush()
  }

  async stop(): Promise<void> {
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    clearTimeout(this.#flushTimer)
    await Promise.all(this.#pollers.map(poller => poller.stop()))
    await this.#options.close?.()
  }

  want(tables: ReadonlySet<string>): void {
    this.#wanted = tables
    this.#keep()
  }

  async refresh(tables?: readonly string[]): Promise<void> {
    const named = (poller: Poller) => !tables || poller.tables.some(t => tables.includes(t.table))
    await Promise.all(this.#pollers.filter(named).map(poller => poller.refresh()))
    this.#flush()
  }

  touch(table: string, key?: string): void {
    for (const poller of this.#pollers) if (poller.tables.some(t => t.table === table)) poller.touch(key)
  }

  subscribe(listener: (batch: readonly Delta[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onFreshness(listener: (freshness: Freshness) => void): () => void {
    this.#freshnessListeners.add(listener)
    return () => this.#freshnessListeners.delete(listener)
  }

  status(): SourceStatus {
    const reads = this.#pollers.flatMap(poller => poller.lastRead ?? [])
    return {
      state: this.#state(),
      faults: distinct(this.#pollers.flatMap(poller => poller.faults)),
      tables: this.#pollers.flatMap(poller => poller.freshness()),
      ...(reads.length === 0 ? {} : { lastRead: new Date(Math.max(...reads)).toISOString() }),
    }
  }

  #state(): SourceStatus['state'] {
    if (this.#ending.signal.aborted) return 'stopped'
    if (!this.#started || this.#pollers.some(poller => poller.starting)) return 'starting'
    return this.#pollers.some(poller => poller.failing) ? 'failing' : 'running'
  }

  #keep(): void {
    const wanted = this.#wanted
    for (const poller of this.#pollers) poller.keep(({ table, lazy }) => !lazy || wanted.has(table))
  }

  #flushSoon(): void {
    this.#flushTimer ??= setTimeout(() => this.#flush(), DEBOUNCE)
  }

  #flush(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    const batch = this.#store.drain()
    if (batch.length > 0) for (const listener of this.#listeners) listener(batch)
  }
}

function distinct(faults: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>()
  for (const fault of faults) {
    const key = `${fault.code} ${fault.message}`
    if (!seen.has(key)) seen.set(key, fault)
  }
  return [...seen.values()]
}
