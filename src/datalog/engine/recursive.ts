import { NEW } from '../../tables/index.ts'
import { sinkNode } from './lower.ts'
import type { RunningClause, Trigger } from './running-clause.ts'
import type { SlotQueue } from './slot-queue.ts'

/** What maintaining a recursive component needs of the engine. */
export interface RecursiveParts {
  readonly clauses: readonly RunningClause[]
  readonly triggers: readonly Trigger[]
  /** By table of the component. */
  readonly queues: ReadonlyMap<string, SlotQueue>
}

/**
 * Bring a recursive component up to date.
 * - `all`: from nothing. `again`: forget its rows and evaluate anew, within the transaction.
 * - `changes`: delete and rederive (Gupta, Mumick, Subrahmanian 1993). First every row goes that had some derivation by what went, as
 *   the old state tells. Then rows that the new state still derives come back, and with them and what came the usual rounds go on.
 */
export function maintainRecursive(parts: RecursiveParts, how: 'all' | 'again' | 'changes'): void {
  const queues = [...parts.queues.values()]
  for (const q of queues) q.clear(how === 'all')
  if (how === 'changes') {
    removeDependents(parts)
    rederive(parts)
    externalChanges(parts, 'insert')
  } else {
    if (how === 'again') for (const q of queues) q.relation.eachSlot(slot => q.relation.deleteSlot(slot))
    for (const c of parts.clauses) {
      c.run('full', 0, NO_SLOTS, 0, 0)
      for (const q of queues) q.flush()
    }
  }
  rounds(parts, 'insert')
}

const NO_SLOTS = new Int32Array(0)

function removeDependents(parts: RecursiveParts): void {
  externalChanges(parts, 'remove')
  rounds(parts, 'remove')
}

/** Run clauses over what changed outside the component. */
function externalChanges(parts: RecursiveParts, kind: 'remove' | 'insert'): void {
  const own = [...parts.queues.values()]
  for (const { clause, at, source } of parts.triggers) {
    if (source.touchedCount === 0 || own.some(q => q.relation === source)) continue
    clause.run(kind, at, source.touched, 0, source.touchedCount)
    for (const q of own) q.flush()
  }
}

/** Until no queue grows: each clause over the newest rows of each of its literals of the component. */
function rounds(parts: RecursiveParts, kind: 'remove' | 'insert'): void {
  const own = [...parts.queues.values()]
  for (;;) {
    const round = own.map(q => ({ q, from: q.done, to: q.length }))
    if (round.every(r => r.from === r.to)) return
    for (const r of round) r.q.done = r.to
    for (const { clause, at, source } of parts.triggers) {
      const r = round.find(x => x.q.relation === source)
      if (!r || r.from === r.to) continue
      clause.run(kind, at, r.q.slots, r.from, r.to)
      for (const q of own) q.flush()
    }
  }
}

/** Bring back removed rows that the new state derives in one step; the queues then hold just those. */
function rederive(parts: RecursiveParts): void {
  for (const [table, q] of parts.queues) {
    const gone = q.slots!.slice(0, q.length)
    q.clear()
    const clauses = parts.clauses.filter(c => sinkNode(c.clause.sink) === table)
    for (const slot of gone) {
      if ((q.relation.state[slot]! & NEW) !== 0) continue
      if (!clauses.some(c => c.run('derive', 0, NO_SLOTS, slot, slot))) continue
      q.relation.restoreSlot(slot)
      q.push(slot)
    }
  }
}
