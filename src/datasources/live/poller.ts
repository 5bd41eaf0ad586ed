import { type Diagnostic, DiagnosticError } from '../../diagnostic/index.ts'
import type { ReadItem, Reading } from './reading.ts'
import type { Held, RowStore } from './row-store.ts'
import type { Freshness, LiveTable } from './types.ts'

/** What a poller needs of the world around it. */
export interface PollerContext {
  readonly store: RowStore
  readonly now: () => number
  readonly random: () => number
  /** Rows may have changed. */
  readonly changed: () => void
  readonly freshness: (freshness: Freshness) => void
  readonly signal: AbortSignal
}

interface Thing {
  held: Held
  /** When the request began that gave it: an answer to an earlier one knows less. */
  readonly asOf: number
}

/** Things touched at one time up to which each is read by itself; more of them are cheaper to read as one list. */
const FEW = 20
/** Milliseconds that touches wait for others to come. */
const GATHER = 100
/** Milliseconds from the first touch that others are waited for at most. */
const GATHER_AT_MOST = 400
const LONGEST_BACK_OFF = 300
const NOTHING: Held = []

/**
 * Keeps the tables of one reading current: reads at intervals (with jitter, so that many do not come at once), changes only where that is
 * enough and everything now and then; longer and longer pauses after failures; single things at once when they are touched. Readings
 * never overlap. An answer never undoes what a later request has brought.
 */
export class Poller {
  readonly reading: Reading
  readonly #context: PollerContext
  readonly #things = new Map<string, Thing>()
  #isKept: (table: LiveTable) => boolean = () => false
  /** Tables that are kept now. */
  #kept: ReadonlySet<string> = new Set()
  /** Tables that have been read since they are kept. */
  #read = new Set<string>()
  #tables: readonly LiveTable[]
  #timer: NodeJS.Timeout | undefined
  #staleTimer: NodeJS.Timeout | undefined
  #touchTimer: NodeJS.Timeout | undefined
  #firstTouch = 0
  readonly #touched = new Set<string>()
  #touchedAll = false
  #queue: Promise<void> = Promise.resolve()
  #failures = 0
  #faults: readonly Diagnostic[] = []
  #warnings: readonly Diagnostic[] = []
  #rightAt: number | undefined
  #fullAt = 0
  #tooOld = false
  #attempted = false
  #started = false

  constructor(reading: Reading, context: PollerContext) {
    this.reading = reading
    this.#context = context
    this.#tables = reading.tables
  }

  get tables(): readonly LiveTable[] {
    return this.#tables
  }

  /** Whether a first reading of what is kept has not ended yet. */
  get starting(): boolean {
    return this.#kept.size > 0 && !this.#attempted
  }

  get faults(): readonly Diagnostic[] {
    return this.#kept.size === 0 ? [] : [...this.#faults, ...this.#warnings]
  }

  get failing(): boolean {
    return this.#kept.size > 0 && (this.#faults.length > 0 || this.#tooOld)
  }

  get lastRead(): number | undefined {
    return this.#rightAt
  }

  freshness(): Freshness[] {
    return this.#tables.map(({ table }) => {
      if (!this.#read.has(table)) {
        const because = this.#kept.has(table) ? this.#faults[0] : undefined
        return because ? { table, state: 'stale', because } : { table, state: 'unread' }
      }
      const rightAt = this.#rightAt === undefined ? {} : { rightAt: new Date(this.#rightAt).toISOString() }
      if (this.#faults.length === 0 && !this.#tooOld) return { table, state: 'fresh', ...rightAt }
      return { table, state: 'stale', ...rightAt, because: this.#faults[0] ?? tooOld(this.reading.name) }
    })
  }

  /** Keep these tables from here on; those that are kept no longer lose their rows. */
  keep(isKept: (table: LiveTable) => boolean): void {
    this.#isKept = isKept
    const before = this.#kept
    this.#kept = new Set(this.#tables.filter(isKept).map(t => t.table))
    const dropped = [...before].filter(table => !this.#kept.has(table))
    if (dropped.length > 0) {
      for (const thing of this.#things.values()) {
        const rows = thing.held.filter(entry => this.#kept.has(entry.table))
        if (rows.length < thing.held.length) thing.held = this.#context.store.replace(thing.held, rows)
      }
      for (const table of dropped) this.#read.delete(table)
      this.#context.changed()
      this.#tellFreshness(dropped)
    }
    if (this.#kept.size === 0) {
      clearTimeout(this.#timer)
      clearTimeout(this.#staleTimer)
      this.#things.clear()
      this.#rightAt = undefined
      this.#failures = 0
      this.#attempted = false
      this.#faults = []
    } else if (this.#started && [...this.#kept].some(table => !before.has(table))) void this.refresh()
  }

  /** Read for the first time, when something is kept, and go on. */
  async start(): Promise<void> {
    this.#started = true
    if (this.#kept.size > 0) await this.refresh()
  }

  stop(): Promise<void> {
    this.#started = false
    for (const timer of [this.#timer, this.#staleTimer, this.#touchTimer]) clearTimeout(timer)
    return this.#queue
  }

  /** Read everything now, after a reading that runs. Never rejects. */
  refresh(): Promise<void> {
    return this.#enqueue(() => this.#readList(false))
  }

  touch(id: string | undefined): void {
    if (!this.#started || this.#kept.size === 0) return
    if (id === undefined || !this.reading.readOne) this.#touchedAll = true
    else this.#touched.add(id)
    const now = this.#context.now()
    if (this.#touchTimer === undefined) this.#firstTouch = now
    clearTimeout(this.#touchTimer)
    const left = Math.max(0, this.#firstTouch + GATHER_AT_MOST - now)
    this.#touchTimer = setTimeout(
      () => {
        this.#touchTimer = undefined
        void this.#enqueue(() => this.#readTouched())
      },
      Math.min(GATHER, left),
    )
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(task)
    return this.#queue
  }

  async #readTouched(): Promise<void> {
    const ids = [...this.#touched]
    const all = this.#touchedAll || ids.length > FEW
    this.#touched.clear()
    this.#touchedAll = false
    if (this.#kept.size === 0 || (ids.length === 0 && !all)) return
    // What is not read yet is read as a whole first.
    if (all || this.#rightAt === undefined) return this.#readList(true)
    const { signal } = this.#context
    const asOf = this.#context.now()
    const request = { tables: this.#kept, signal }
    const answers = await Promise.allSettled(ids.map(id => this.reading.readOne!(id, request)))
    if (signal.aborted) return
    for (const answer of answers) if (answer.status === 'fulfilled') this.#take(answer.value, asOf)
    this.#context.changed()
    // A thing that could not be read is found by the next list.
    const failed = answers.find(answer => answer.status === 'rejected')
    if (failed) this.#failed(failed.reason, false)
  }

  async #readList(changesOnly: boolean): Promise<void> {
    const { signal, now } = this.#context
    if (!this.#started || this.#kept.size === 0 || signal.aborted) return
    clearTimeout(this.#timer)
    const kept = this.#kept
    const asOf = now()
    const { fullInterval } = this.reading
    const isFullDue = fullInterval === undefined || asOf - this.#fullAt >= fullInterval * 1000
    const isNew = [...kept].some(table => !this.#read.has(table))
    const changes = changesOnly && !isFullDue && !isNew && this.#rightAt !== undefined
    try {
      const answer = await this.reading.read({ tables: kept, changes, signal })
      if (signal.aborted) return
      if (answer.tables) this.#adopt(answer.tables)
      for (const item of answer.items) this.#take(item, asOf)
      if (answer.complete) {
        const present = new Set(answer.items.map(item => item.id))
        for (const [id, thing] of this.#things) if (!present.has(id) && thing.asOf <= asOf) this.#forget(id, thing)
        this.#fullAt = asOf
      }
      this.#succeeded(asOf, answer.tables ? this.#kept : kept, answer.warnings ?? [])
    } catch (thrown) {
      if (signal.aborted) return
      this.#failed(thrown, true)
    }
    this.#attempted = true
    this.#context.changed()
    this.#schedule()
  }

  /** Tables that came or changed with a reading, which brings their rows too. */
  #adopt(tables: readonly LiveTable[]): void {
    this.#tables = tables
    this.#kept = new Set(tables.filter(this.#isKept).map(t => t.table))
    for (const table of this.#read) if (!this.#kept.has(table)) this.#read.delete(table)
  }

  /** Take in a thing as it was when the request began. Things that are gone stay known for as long as an older answer may bring them back. */
  #take(item: ReadItem, asOf: number): void {
    const known = this.#things.get(item.id)
    if (known && known.asOf > asOf) return
    const rows = (item.rows ?? []).filter(row => this.#kept.has(row.table))
    this.#things.set(item.id, { held: this.#context.store.replace(known?.held ?? NOTHING, rows), asOf })
  }

  #forget(id: string, thing: Thing): void {
    this.#context.store.replace(thing.held, [])
    this.#things.delete(id)
  }

  #succeeded(asOf: number, kept: ReadonlySet<string>, warnings: readonly Diagnostic[]): void {
    const turned = [...kept].filter(table => !this.#read.has(table) || this.#faults.length > 0 || this.#tooOld)
    this.#rightAt = asOf
    this.#failures = 0
    this.#faults = []
    this.#warnings = warnings
    this.#tooOld = false
    for (const table of kept) if (this.#kept.has(table)) this.#read.add(table)
    this.#watchAge()
    this.#tellFreshness(turned)
  }

  #failed(thrown: unknown, isWhole: boolean): void {
    const faults = thrown instanceof DiagnosticError ? thrown.diagnostics : [internal(thrown, this.reading.name)]
    const wait = thrown instanceof Error && 'retryAfter' in thrown ? Number(thrown.retryAfter) || 0 : 0
    this.#retryAfter = wait
    if (isWhole) this.#failures++
    const wasFine = this.#faults.length === 0
    this.#faults = faults
    if (wasFine) this.#tellFreshness([...this.#kept])
  }

  #retryAfter = 0

  #schedule(): void {
    const { interval } = this.reading
    clearTimeout(this.#timer)
    if (!this.#started || this.#kept.size === 0) return
    if (interval === undefined && this.#failures === 0) return
    const usual = interval ?? LONGEST_BACK_OFF
    const pause =
      this.#failures === 0
        ? usual
        : Math.min(Math.max(usual, LONGEST_BACK_OFF), Math.min(usual, 5) * 2 ** (this.#failures - 1))
    const jittered = pause * 1000 * (0.9 + 0.2 * this.#context.random())
    this.#timer = setTimeout(() => void this.#enqueue(() => this.#readList(true)), Math.max(jittered, this.#retryAfter))
    this.#retryAfter = 0
  }

  #watchAge(): void {
    clearTimeout(this.#staleTimer)
    const { interval, staleAfter } = this.reading
    const seconds = staleAfter ?? (interval === undefined ? undefined : 3 * interval + 60)
    if (seconds === undefined || !this.#started) return
    const at = this.#rightAt! + seconds * 1000
    this.#staleTimer = setTimeout(
      () => {
        this.#tooOld = true
        if (this.#faults.length === 0) this.#tellFreshness([...this.#kept])
      },
      Math.max(0, at - this.#context.now()),
    )
    this.#staleTimer.unref()
  }

  #tellFreshness(tables: readonly string[]): void {
    if (tables.length === 0) return
    const wanted = new Set(tables)
    for (const freshness of this.freshness()) if (wanted.has(freshness.table)) this.#context.freshness(freshness)
  }
}

function tooOld(name: string): Diagnostic {
  return {
    code: 'source/too-old',
    severity: 'warning',
    message: `\`${name}\` was last read longer ago than allowed`,
    help: 'see the faults of the data source, or raise `staleAfter`',
  }
}

function internal(thrown: unknown, name: string): Diagnostic {
  return {
    code: 'source/internal',
    severity: 'error',
    message: `reading \`${name}\` failed inside Usher: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    help: 'this is a bug of Usher; please report it',
  }
}
