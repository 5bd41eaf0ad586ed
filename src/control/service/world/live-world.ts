import {
  type Changes,
  createIsolatedEvaluator,
  createReplica,
  type IsolatedEvaluator,
  type Replica,
} from '../../../datalog/index.ts'
import type { Freshness, LiveSource } from '../../../datasources/index.ts'
import type { Program } from '../../../language/index.ts'
import { compareRows, type Delta, type Row, type TableSchema, type Value } from '../../../tables/index.ts'
import type { Clock } from '../../../workflow/index.ts'
import { type CloudView, matching } from '../../cloud-view.ts'
import { EVACUATION_TABLES } from '../../evacuating.ts'
import type { ServiceConfig } from '../config.ts'
import { forLog, type Parts } from '../parts.ts'
import { checkStrictly, dataTablesBehind } from './program.ts'

export const LOCATION = 'nova:location'

/** Something that changed in the tables that are watched. */
export type WorldListener = (changes: Changes) => void

/** First and longest wait before a source is followed again that could not be, in milliseconds. */
const RETRY_MS = 500
const RETRY_LIMIT_MS = 30_000
/** How long the start waits for first readings, in milliseconds. */
const START_MS = 5000

/**
 * The tables of all sources and everything that the active policies derive from them, kept current. One evaluator, in this process:
 * reads need no database.
 */
export class LiveWorld {
  readonly sources: readonly LiveSource[]
  readonly evaluator: IsolatedEvaluator
  program: Program
  readonly #config: ServiceConfig
  readonly #clock: Clock
  readonly #log: Parts['log']
  readonly #replicas = new Map<LiveSource, Replica>()
  readonly #listeners = new Set<WorldListener>()
  readonly #loadListeners = new Set<() => void>()
  readonly #freshnessListeners = new Set<(freshness: Freshness) => void>()
  readonly #batchListeners = new Set<(deltas: number, ms: number) => void>()
  readonly #stops: (() => void)[] = []
  #behind: ReturnType<typeof dataTablesBehind>
  #stopped = false
  /** While a program is tried: what listeners will hear. */
  #held: Changes[] | undefined
  /** Counts changes of anything, for what is kept between two of them. */
  revision = 0
  readonly #sorted = new Map<string, { revision: number; rows: Row[] }>()

  constructor({ config, clock, log }: Pick<Parts, 'config' | 'clock' | 'log'>, sources: readonly LiveSource[]) {
    this.sources = sources
    this.#config = config
    this.#clock = clock
    this.#log = log
    this.program = checkStrictly([], this.schemas())
    this.#behind = dataTablesBehind(this.program)
    this.evaluator = createIsolatedEvaluator(this.program, {
      limits: config.limits,
      clock: () => new Date(clock.now()),
      watch: program => watchedTables(program, config),
    })
  }

  /** Tables of all sources. */
  schemas(): TableSchema[] {
    return this.sources.flatMap(source => source.tables.map(({ table, columns }) => ({ table, columns })))
  }

  /**
   * Bring the sources up and follow them. Resolves when each was read once, well or badly, or when that takes long: it goes on then, and
   * `onRead` tells of each that has come. A source that is away is tried again.
   */
  async start(onRead: () => void): Promise<void> {
    for (const source of this.sources)
      this.#stops.push(
        source.onFreshness(freshness => {
          for (const listener of this.#freshnessListeners) listener(freshness)
        }),
      )
    const all = Promise.all(this.sources.map(source => this.#follow(source).then(onRead)))
    let cancel = () => {}
    const late = new Promise<void>(resolve => {
      cancel = this.#clock.after(START_MS, resolve)
    })
    await Promise.race([all, late])
    cancel()
  }

  /** Whether a source was read and is followed. */
  isFollowed(source: LiveSource): boolean {
    return this.#replicas.has(source)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const stop of this.#stops) stop()
    for (const replica of this.#replicas.values()) replica.close()
    await Promise.all(this.sources.map(source => source.stop()))
  }

  onChanges(listener: WorldListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** After a full reading of a source: anything may have changed. */
  onLoaded(listener: () => void): () => void {
    this.#loadListeners.add(listener)
    return () => this.#loadListeners.delete(listener)
  }

  onFreshness(listener: (freshness: Freshness) => void): () => void {
    this.#freshnessListeners.add(listener)
    return () => this.#freshnessListeners.delete(listener)
  }

  /** How many rows a change of a source had, and how long it took to bring everything up to date. */
  onBatch(listener: (rows: number, ms: number) => void): () => void {
    this.#batchListeners.add(listener)
    return () => this.#batchListeners.delete(listener)
  }

  /** Put other policies in place. Throws and changes nothing when they can't be evaluated at all; a policy at its limit is stopped. */
  changeProgram(program: Program): void {
    const changes = this.evaluator.changeRules(program)
    this.#adopt(program)
    this.#tell(changes)
  }

  /**
   * The same, undone when `accept` refuses. Listeners hear of nothing until that is decided; one at a time.
   */
  async tryProgram(program: Program, accept: () => Promise<void>): Promise<void> {
    if (this.#held) throw new Error('two programs are tried at once')
    const before = this.program
    const first = this.evaluator.changeRules(program)
    this.#adopt(program)
    this.#held = [first]
    try {
      await accept()
    } catch (error) {
      this.#held.push(this.evaluator.changeRules(before))
      this.#adopt(before)
      throw error
    } finally {
      const net = netOf(this.#held)
      this.#held = undefined
      this.#tell(net)
    }
  }

  /** Whether a table misses rows because a policy that has a part in it is stopped. */
  isHeldBack(table: string): boolean {
    const stopped = new Set(this.evaluator.stopped.map(({ policy }) => policy))
    if (stopped.size === 0) return false
    return this.program.rules.some(({ head, policy }) => head.table === table && stopped.has(policy))
  }

  /** Data tables that a table rests on. */
  behind(table: string): ReadonlySet<string> {
    return this.#behind(table)
  }

  freshness(): readonly Freshness[] {
    return this.sources.flatMap(source => {
      const { tables } = source.status()
      // What the source has is not here yet.
      return this.isFollowed(source) ? tables : tables.map(({ table }) => ({ table, state: 'unread' as const }))
    })
  }

  /** Tables behind this one that can't be trusted now, by state. */
  doubts(table: string, states: ReadonlySet<Freshness['state']>): string[] {
    const behind = this.#behind(table)
    return this.freshness()
      .filter(({ table: name, state }) => states.has(state) && behind.has(name))
      .map(({ table: name }) => name)
  }

  /** Rows in order; sorted once for each state. */
  rows(table: string): readonly Row[] {
    const kept = this.#sorted.get(table)
    if (kept?.revision === this.revision) return kept.rows
    const rows = this.evaluator.view.rows(table)
    // Only the last few: a large table is as large again here.
    for (const name of [...this.#sorted.keys()].slice(0, -3)) this.#sorted.delete(name)
    this.#sorted.delete(table)
    this.#sorted.set(table, { revision: this.revision, rows })
    return rows
  }

  /** The row of `nova:location` that a VM has. */
  placeOf(vm: Value): Row | undefined {
    return this.evaluator.view.matching(LOCATION, [0], [vm])[0]
  }

  /** Single rows, by index. */
  readonly look: CloudView = {
    hostOf: vm => this.placeOf(vm)?.[1],
    rows: (name, column, value) => {
      const schema = this.sources.flatMap(({ tables }) => tables).find(({ table }) => table === name)
      return schema ? matching(schema, column, at => this.evaluator.view.matching(name, [at], [value])) : []
    },
  }

  #adopt(program: Program): void {
    this.program = program
    this.#behind = dataTablesBehind(program)
    this.revision++
    this.#wantTables()
  }

  /** Lazy tables are read while some policy reads them. */
  #wantTables(): void {
    const read = new Set<string>()
    for (const rule of this.program.rules) for (const table of this.#behind(rule.head.table)) read.add(table)
    read.add(LOCATION)
    if (this.#config.control.evacuate) for (const table of EVACUATION_TABLES) read.add(table)
    for (const source of this.sources)
      source.want(new Set(source.tables.flatMap(t => (read.has(t.table) ? [t.table] : []))))
  }

  async #follow(source: LiveSource): Promise<void> {
    this.#wantTables()
    for (let wait = RETRY_MS; !this.#stopped; wait = Math.min(RETRY_LIMIT_MS, 2 * wait))
      try {
        await source.start()
        const followed = {
          read: () => source.read(),
          subscribe: (listener: (batch: readonly Delta[]) => void) =>
            source.subscribe(batch => {
              const started = performance.now()
              listener(batch)
              // Not every change is one of a watched table.
              this.revision++
              const rows = batch.reduce((n, { inserted, removed }) => n + inserted.length + removed.length, 0)
              for (const told of this.#batchListeners) told(rows, performance.now() - started)
            }),
        }
        const replica = await createReplica(this.evaluator, followed, {
          onChanges: changes => this.#tell(changes),
          onLoaded: () => this.#loaded(),
          onError: error => {
            this.#log.error({ source: source.name, ...forLog(error) }, 'a change could not be applied; reading again')
            if (!this.#stopped) this.#clock.after(RETRY_MS, () => void this.#follow(source))
          },
        })
        this.#replicas.get(source)?.close()
        this.#replicas.set(source, replica)
        return
      } catch (error) {
        this.#log.warn({ source: source.name, ...forLog(error) }, 'a data source could not be read')
        await new Promise<void>(resolve => void this.#clock.after(wait, resolve))
      }
  }

  #tell(changes: Changes): void {
    this.revision++
    if (this.#held) this.#held.push(changes)
    else if (changes.size > 0) for (const listener of this.#listeners) listener(changes)
  }

  #loaded(): void {
    this.revision++
    for (const listener of this.#loadListeners) listener()
  }
}

/** Several changes, one after the other, as one: what came and went again is not in it. */
function netOf(all: readonly Changes[]): Changes {
  const tables = new Map<string, Map<string, { readonly row: Row; readonly first: boolean; last: boolean }>>()
  for (const changes of all)
    for (const [table, { inserted, removed }] of changes) {
      const rows = tables.get(table) ?? new Map()
      tables.set(table, rows)
      for (const [list, comes] of [[removed, false] as const, [inserted, true] as const])
        for (const row of list) {
          const key = JSON.stringify(row)
          const known = rows.get(key)
          if (known) known.last = comes
          else rows.set(key, { row, first: comes, last: comes })
        }
    }
  const net = new Map<string, { inserted: Row[]; removed: Row[] }>()
  for (const [table, rows] of tables) {
    const changed = [...rows.values()].filter(({ first, last }) => first === last)
    const part = (comes: boolean) => changed.filter(({ last }) => last === comes).map(({ row }) => row)
    if (changed.length > 0) net.set(table, { inserted: part(true), removed: part(false) })
  }
  return net
}

/** Violations and what they cost, rows that start workflows, where VMs are, and what begins cycles. */
function watchedTables(program: Program, { control }: ServiceConfig): string[] {
  const own = [...program.tables.values()].filter(
    ({ name, role }) => role === 'error' || role === 'warning' || role === 'cost' || name.startsWith('execute['),
  )
  return [...new Set([...own.map(table => table.name), LOCATION, ...control.events.tables])]
}

/** Where a row is in a sorted list, or would be. */
export function positionOf(rows: readonly Row[], row: Row): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareRows(rows[middle]!, row) < 0) low = middle + 1
    else high = middle
  }
  return low
}
