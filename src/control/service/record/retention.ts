import { forLog, type Parts } from '../parts.ts'
import type { Lease } from './lease.ts'

/** Milliseconds between two looks at what is too old. */
const LOOK_MS = 600_000
/** Rows removed in one transaction. */
const BATCH = 1000
const HOUR = 3_600_000

/** Removes history that is older than is asked for, a little at a time. What is not over is never removed. */
export class Retention {
  readonly #parts: Parts
  readonly #lease: Lease
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(parts: Parts, lease: Lease) {
    this.#parts = parts
    this.#lease = lease
    this.#later(LOOK_MS / 10)
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  /** Remove everything that is too old now. Gives the number of rows. */
  async clean(): Promise<number> {
    const { config, clock } = this.#parts
    const now = clock.now()
    const before = (seconds: number) => now - seconds * 1000
    const { violations, events, audit, plans, snapshots } = config.retention
    return (
      (await this.#remove('violations', 'until', before(violations))) +
      (await this.#remove('exceptions', 'until', before(violations))) +
      (await this.#remove('service_events', 'at', before(events))) +
      (await this.#remove('audit', 'at', before(audit))) +
      (await this.#remove('plans', 'ended_at', before(plans))) +
      (await this.#remove('cycles', 'ended_at', before(plans))) +
      (await this.#executions(before(plans))) +
      (await this.#snapshots(before(snapshots))) +
      (await this.#remove('vm_moves', 'at', before(Math.max(config.control.hysteresis.rest, 3600)))) +
      (await this.#remove('refusals', 'until', now)) +
      (await this.#remove('cron_ticks', 'tick', now - 24 * HOUR))
    )
  }

  #later(ms: number): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      const work = this.#lease.held ? this.clean() : Promise.resolve(0)
      work
        .then(rows => {
          if (rows > 0) this.#parts.log.info({ rows }, 'history that was too old was removed')
        })
        .catch(error => this.#parts.log.warn(forLog(error), 'old history could not be removed'))
        .finally(() => this.#later(LOOK_MS))
    })
  }

  async #remove(table: Aged, column: 'at' | 'until' | 'ended_at' | 'tick', before: number): Promise<number> {
    // One shape for all tables: the builder can not know which columns a table has that is named at run time.
    const key = table === 'cron_ticks' ? 'tick' : 'id'
    return this.#repeatedly(async tx => {
      const old = await tx
        .selectFrom(table as 'audit')
        .select(key as 'id')
        .where(column as 'at', '<', before)
        .limit(BATCH)
        .execute()
      const keys = old.map(row => (row as unknown as Record<string, number>)[key]!)
      if (keys.length === 0) return 0
      await tx
        .deleteFrom(table as 'audit')
        .where(key as 'id', 'in', keys)
        // A violation's id comes again: only the times that are over go.
        .where(column as 'at', '<', before)
        .execute()
      return keys.length
    })
  }

  /** Executions that have ended, with all that belongs to them. */
  #executions(before: number): Promise<number> {
    return this.#repeatedly(async tx => {
      const old = await tx
        .selectFrom('executions')
        .select('id')
        .where('ended_at', '<', before)
        .limit(BATCH / 10)
        .execute()
      const ids = old.map(({ id }) => id)
      if (ids.length === 0) return 0
      for (const table of ['tasks', 'items', 'variables', 'events'] as const)
        await tx.deleteFrom(table).where('execution', 'in', ids).execute()
      await tx.deleteFrom('executions').where('id', 'in', ids).execute()
      return ids.length
    })
  }

  #snapshots(before: number): Promise<number> {
    return this.#repeatedly(async tx => {
      const old = await tx.selectFrom('snapshots').select('id').where('created_at', '<', before).limit(1).execute()
      for (const { id } of old) {
        await tx.deleteFrom('snapshot_parts').where('snapshot', '=', id).execute()
        await tx.deleteFrom('snapshots').where('id', '=', id).execute()
      }
      return old.length
    })
  }

  async #repeatedly(remove: (tx: Transaction) => Promise<number>): Promise<number> {
    let rows = 0
    for (let last = 1; last > 0 && !this.#stopped; rows += last) last = await this.#parts.store.transaction(remove)
    return rows
  }
}

type Transaction = Parameters<Parameters<Parts['store']['transaction']>[0]>[0]
type Aged =
  | ('violations' | 'exceptions' | 'service_events' | 'audit')
  | ('plans' | 'cycles' | 'vm_moves' | 'refusals' | 'cron_ticks')
