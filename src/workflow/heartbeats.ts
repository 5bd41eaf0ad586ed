import { type Store, textsIn } from '../store/index.ts'
import type { Clock } from './types.ts'

/*
 * Whether runners live. Each runner that holds something counts up a number of its own; one whose number has stood still for the
 * length of a lease, by the watch of whoever looks, is taken for dead. No two clocks are ever compared, so none of them has to be
 * right.
 */

export interface Heartbeats {
  /** Count up; at most once in a third of a lease. */
  beat(): Promise<void>
  /** Those of `holders` that are silent for a lease's length, or known to be gone. */
  silent(holders: readonly string[]): Promise<string[]>
  /** Our number is no longer needed. */
  retire(): Promise<void>
}

export function createHeartbeats(
  store: Store,
  clock: Clock,
  worker: string,
  leaseMs: number,
  isGone: (worker: string) => boolean,
): Heartbeats {
  let last: number | undefined
  /** What was seen of others: their number, and since when it stands still. */
  const seen = new Map<string, { readonly beat: number; readonly since: number }>()
  return {
    async beat() {
      const now = clock.now()
      if (last !== undefined && now - last < leaseMs / 3) return
      last = now
      await store.db
        .insertInto('workers')
        .values({ name: worker, beat: 1, seen_at: now })
        .onConflict(c => c.column('name').doUpdateSet(e => ({ beat: e('workers.beat', '+', 1), seen_at: now })))
        .execute()
    },
    async silent(holders) {
      const others = holders.filter(name => name !== worker)
      for (const name of seen.keys()) if (!others.includes(name)) seen.delete(name)
      if (others.length === 0) return []
      const now = clock.now()
      const rows = await store.db
        .selectFrom('workers')
        .select(['name', 'beat'])
        .where('name', 'in', textsIn(store, others))
        .execute()
      const beats = new Map(rows.map(row => [row.name, row.beat]))
      return others.filter(name => {
        const beat = beats.get(name) ?? 0
        const before = seen.get(name)
        if (before?.beat !== beat) seen.set(name, { beat, since: now })
        return isGone(name) || (before?.beat === beat && now - before.since >= leaseMs)
      })
    },
    async retire() {
      if (last !== undefined) await store.db.deleteFrom('workers').where('name', '=', worker).execute()
    },
  }
}
