import { NEW } from '../../tables/index.ts'
import { closureIn, fillClosure } from './closure.ts'
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
 * - `all`: from nothing, by components of the graph where the table is a closure. `again`: forget its rows and evaluate anew, within the transaction.
 * - `changes`: delete and rederive (Gupta, Mumick, Subrahmanian 1993). First every row goes that had some derivation by what went, as
 *   the old state tells. Then rows that the new state still derives come back, and what they and what came derive goes in.
 */
export function maintainRecursive(parts: RecursiveParts, how: 'all' | 'again' | 'changes'): void {
  const queues = [...parts.queues.values()]
  for (const q of queues) q.clear(how === 'all')
  const closure = how === 'all' ? closureIn(parts.clauses, parts.triggers) : undefined
  if (closure && fillClosure(closure)) return
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
  drain(parts, 'insert')
}

const NO_SLOTS = new Int32Array(0)

function removeDependents(parts: RecursiveParts): void {
  externalChanges(parts, 'remove')
  drain(parts, 'remove')
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

/**
 * Until the queues are empty: each clause over each new row at each of its literals of the component. In any order: two rows that a
 * clause joins meet when the later of them is taken, since both are in the table by then.
 */
function drain(parts: RecursiveParts, kind: 'remove' | 'insert'): void {
  const own = [...parts.queues.values()]
  const followers = new Map(own.map(q => [q, parts.triggers.filter(t => t.source === q.relation)]))
  for (let busy = true; busy; ) {
    busy = false
    for (const q of own) {
      for (let batch = q.take(); batch; batch = q.take()) {
        busy = true
        for (const { clause, at } of followers.get(q)!) {
          clause.run(kind, at, q.slots, batch.from, batch.to)
          for (const other of own) other.flush()
        }
      }
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
