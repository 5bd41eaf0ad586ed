import type { Parts } from '../parts.ts'
import { forLog, isStoreFault, moment } from '../parts.ts'
import type { Held, ViolationBook } from '../world/violation-book.ts'
import type { EventLog, NewEvent } from './event-log.ts'
import { type Lease, LeaseLostError } from './lease.ts'

/** Changes written in one transaction. */
const BATCH = 500
const RETRY_MS = 200
const RETRY_LIMIT_MS = 5000

interface Change {
  readonly held: Pick<Held, 'id' | 'policy' | 'table' | 'role' | 'row' | 'text'>
  readonly since: number
  /** Undefined: it came. */
  readonly until: number | undefined
}

/**
 * Writes the history of violations, and tells of each change as an event. One replica does it at a time. Changes wait in memory while
 * the database is away; who takes over begins by comparing the database with what he sees.
 */
export class ViolationRecorder {
  readonly #parts: Parts
  readonly #book: ViolationBook
  readonly #events: EventLog
  readonly #lease: Lease
  /** Whether what a table says can be trusted: every table behind it was read. */
  readonly #isSettled: (table: string) => boolean
  #queue: Change[] = []
  /** Written or queued as present. */
  readonly #known = new Map<string, { since: number }>()
  /** Came while their tables were not to be trusted, or the other way round: looked at again when they are. */
  #compared = false
  #working: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #faults = 0
  #stopped = false

  constructor(
    parts: Parts,
    book: ViolationBook,
    events: EventLog,
    lease: Lease,
    isSettled: (table: string) => boolean,
  ) {
    this.#parts = parts
    this.#book = book
    this.#events = events
    this.#lease = lease
    this.#isSettled = isSettled
    book.onChange(({ came, went }) => {
      // The comparison reads everything from the book. It may have been put off: the lease was not held at that moment.
      if (!this.#compared) return this.work()
      for (const held of went) this.#gone(held)
      for (const held of came) this.#here(held)
      this.work()
    })
  }

  /** Changes that are not in the database yet. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Look at everything anew: this replica took over, or a table has become trustworthy. */
  compare(): void {
    this.#compared = false
    this.#queue = []
    this.#known.clear()
    this.work()
  }

  /** Write soon. */
  work(): void {
    if (this.#stopped || this.#working) return
    this.#cancelTimer?.()
    this.#working = this.#write()
      .then(() => {
        this.#faults = 0
      })
      .catch(error => {
        // What waits is written when the lease comes back, unless another had it meanwhile: then everything is compared.
        if (error instanceof LeaseLostError) return
        const level = isStoreFault(error) ? 'warn' : 'error'
        this.#parts.log[level]({ waiting: this.#queue.length, ...forLog(error) }, 'violations can not be recorded now')
        const wait = Math.min(RETRY_LIMIT_MS, RETRY_MS * 2 ** Math.min(this.#faults++, 10))
        this.#cancelTimer = this.#parts.clock.after(wait, () => this.work())
      })
      .finally(() => {
        this.#working = undefined
        if (this.#queue.length > 0 && this.#faults === 0 && this.#lease.held) this.work()
      })
  }

  async stop(): Promise<void> {
    await this.#working
    if (this.#queue.length > 0 && this.#lease.held) await this.#write().catch(() => {})
    this.#stopped = true
    this.#cancelTimer?.()
  }

  #here(held: Held): void {
    if (this.#known.has(held.id) || !this.#isSettled(held.table)) return
    this.#known.set(held.id, { since: held.since })
    this.#queue.push({ held, since: held.since, until: undefined })
  }

  #gone(held: Change['held'], settled = this.#isSettled(held.table)): void {
    const known = this.#known.get(held.id)
    if (!known || !settled) return
    this.#known.delete(held.id)
    this.#queue.push({ held, since: known.since, until: this.#parts.clock.now() })
  }

  async #write(): Promise<void> {
    if (!this.#lease.held) return
    if (!this.#compared) await this.#compare()
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH)
      await this.#parts.store.transaction(async tx => {
        await this.#lease.confirm(tx)
        const came = batch.filter(change => change.until === undefined)
        if (came.length > 0)
          await tx
            .insertInto('violations')
            .values(
              came.map(({ held: { id, policy, table, role, row, text }, since }) => ({
                ...{ id, since, until: null, policy, name: table, role, row: JSON.stringify(row), text },
              })),
            )
            .onConflict(c => c.columns(['id', 'since']).doUpdateSet({ until: null }))
            .execute()
        for (const { held, since, until } of batch)
          if (until !== undefined)
            await tx
              .updateTable('violations')
              .set({ until })
              .where('id', '=', held.id)
              .where('since', '=', since)
              .execute()
        await this.#events.write(tx, batch.map(eventOf))
      })
      this.#queue.splice(0, batch.length)
      this.#events.announce()
    }
  }

  /** What the database believes to be there, against what is. */
  async #compare(): Promise<void> {
    const open = await this.#parts.store.db.selectFrom('violations').selectAll().where('until', 'is', null).execute()
    // From here on nothing is awaited: changes that the book tells of later find everything in place.
    this.#queue = []
    this.#known.clear()
    const now = this.#book.all
    for (const row of open) {
      this.#known.set(row.id, { since: row.since })
      this.#book.learn(row.id, row.since)
    }
    for (const { id, policy, name: table, role, row, text } of open)
      if (!now.has(id))
        this.#gone({ id, policy, table, role: role as Held['role'], row: JSON.parse(row) as Held['row'], text })
    for (const held of now.values()) this.#here(held)
    this.#compared = true
  }
}

function eventOf({ held: { id, policy, table, role, row, text }, since, until }: Change): NewEvent {
  const state = until === undefined ? 'appeared' : 'vanished'
  const data = { id, policy, table, role, row, text, state, since: moment(since) }
  return { kind: 'violation', data: until === undefined ? data : { ...data, until: moment(until) } }
}
