import type { Freshness } from '../../../datasources/index.ts'
import { forLog, type Parts } from '../parts.ts'
import type { LiveWorld } from '../world/live-world.ts'
import type { EventLog } from './event-log.ts'
import type { Lease } from './lease.ts'

/** Tells as events which tables turned stale or fresh. One replica does it; what changes while the database is away is not told. */
export class FreshnessRecorder {
  readonly #stop: () => void

  constructor(parts: Parts, world: LiveWorld, events: EventLog, lease: Lease, onFirstRead: () => void) {
    const last = new Map<string, Freshness['state']>()
    this.#stop = world.onFreshness(({ table, state, because }) => {
      const before = last.get(table)
      last.set(table, state)
      if (before === state) return
      // Until a table was read, nothing that rests on it is recorded.
      if (state === 'fresh' && before !== 'stale') onFirstRead()
      if (!lease.held || (before === undefined && state === 'fresh')) return
      const data = { table, state, ...(because && { because: because.message }) }
      parts.store
        .transaction(tx => events.write(tx, [{ kind: 'freshness', data }]))
        .then(() => events.announce())
        .catch(error => parts.log.debug(forLog(error), 'a change of freshness could not be recorded'))
    })
  }

  stop(): void {
    this.#stop()
  }
}
