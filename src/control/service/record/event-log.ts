import type { Store, StoreTransaction } from '../../../store/index.ts'
import type { Parts } from '../parts.ts'
import { forLog, moment } from '../parts.ts'
import type { Events, ServiceEvent } from '../types.ts'
import { countUp, readCounter } from './counters.ts'

/** Topic of the store's signals: there are new events. */
const TOPIC = 'service-events'

/** Events read at once. */
const BATCH = 500

/** Milliseconds after which followers look though nothing was heard. */
const LOOK_MS = 1000

export type NewEvent = Pick<ServiceEvent, 'kind' | 'data'>

/**
 * What happened, in one order for all replicas. Events are written by the transaction that makes what they tell of, as its last
 * statement: their ids come from a counter that the transaction holds until it commits, so nobody can see an event before one with a
 * lower id.
 */
export class EventLog implements Events {
  readonly #parts: Pick<Parts, 'store' | 'clock' | 'log'>
  readonly #followers = new Set<Follower>()
  readonly #unsubscribe: () => void
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(parts: Pick<Parts, 'store' | 'clock' | 'log'>) {
    this.#parts = parts
    this.#unsubscribe = parts.store.onSignal(TOPIC, () => this.#lookAll())
    this.#lookLater()
  }

  /** Add events at the end of a transaction. Call `announce` when it has committed. */
  async write(tx: StoreTransaction, events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return
    const { clock } = this.#parts
    const last = await countUp(tx, 'events', events.length)
    const first = last - events.length + 1
    const at = clock.now()
    const rows = events.map(({ kind, data }, i) => ({ id: first + i, at, kind, data: JSON.stringify(data) }))
    for (let i = 0; i < rows.length; i += BATCH)
      await tx
        .insertInto('service_events')
        .values(rows.slice(i, i + BATCH))
        .execute()
  }

  announce(): void {
    this.#parts.store.signal(TOPIC, '')
  }

  follow(
    after: string | undefined,
    kinds: ReadonlySet<ServiceEvent['kind']> | undefined,
    listener: (event: ServiceEvent) => void,
  ): () => void {
    const follower = new Follower(this.#parts, after, kinds, listener)
    this.#followers.add(follower)
    follower.look()
    return () => {
      follower.stop()
      this.#followers.delete(follower)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
    for (const follower of this.#followers) follower.stop()
  }

  #lookAll(): void {
    for (const follower of this.#followers) follower.look()
  }

  #lookLater(): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => {
      this.#lookAll()
      this.#lookLater()
    })
  }
}

/** Events between two ids, oldest first. */
export async function readEvents(
  store: Store,
  after: number,
  limit: number,
): Promise<(ServiceEvent & { n: number })[]> {
  const rows = await store.db
    .selectFrom('service_events')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id, at, kind, data }) => ({
    n: id,
    id: String(id),
    at: moment(at),
    kind: kind as ServiceEvent['kind'],
    data: JSON.parse(data) as ServiceEvent['data'],
  }))
}

class Follower {
  readonly #parts: Pick<Parts, 'store' | 'log'>
  readonly #kinds: ReadonlySet<ServiceEvent['kind']> | undefined
  readonly #listener: (event: ServiceEvent) => void
  /** The last event that was looked at; undefined: what was the last one is asked first. */
  #after: number | undefined
  #isFirst: boolean
  #looking = false
  #again = false
  #stopped = false

  constructor(
    parts: Pick<Parts, 'store' | 'log'>,
    after: string | undefined,
    kinds: ReadonlySet<ServiceEvent['kind']> | undefined,
    listener: (event: ServiceEvent) => void,
  ) {
    this.#parts = parts
    const number = Number(after)
    this.#after = after !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined
    this.#isFirst = this.#after !== undefined
    this.#kinds = kinds
    this.#listener = listener
  }

  look(): void {
    this.#again = true
    if (this.#looking || this.#stopped) return
    this.#looking = true
    this.#read()
      .catch(error => this.#parts.log.debug(forLog(error), 'events can not be read now'))
      .finally(() => {
        this.#looking = false
      })
  }

  stop(): void {
    this.#stopped = true
  }

  async #read(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      if (this.#after === undefined) this.#after = await lastEvent(this.#parts.store)
      if (this.#isFirst) await this.#tellOfMissed(this.#after)
      for (;;) {
        const events = await readEvents(this.#parts.store, this.#after, BATCH)
        for (const { n, ...event } of events) {
          if (this.#stopped) return
          this.#after = n
          if (!this.#kinds || this.#kinds.has(event.kind)) this.#listener(event)
        }
        if (events.length < BATCH) break
      }
    }
  }

  /** Events between the one that was named and the oldest that is kept: the follower must look at the state itself. */
  async #tellOfMissed(after: number): Promise<void> {
    const { store } = this.#parts
    const oldest = await store.db.selectFrom('service_events').selectAll().orderBy('id').limit(1).executeTakeFirst()
    this.#isFirst = false
    const last = await lastEvent(store)
    const next = oldest?.id ?? last + 1
    if (after + 1 >= next && after <= last) return
    this.#after = Math.min(Math.max(after, next - 1), last)
    const at = moment(oldest?.at ?? 0)
    this.#listener({ id: String(this.#after), at, kind: 'policy', data: { missed: true } })
  }
}

const lastEvent = (store: Store): Promise<number> => readCounter(store, 'events')
