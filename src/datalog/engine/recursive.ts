import type { AggregateLiteral, AtomLiteral } from '../../language/index.ts'
import { grownSlots, NEW, type Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import type { RowSink } from './compile.ts'
import type { RunningClause } from './engine.ts'
import { sinkNode } from './lower.ts'

/** What maintaining a recursive component needs of the engine. */
export interface RecursiveParts {
  readonly clauses: readonly RunningClause[]
  /** By table of the component. */
  readonly queues: ReadonlyMap<string, SlotQueue>
  /** Slots of a table outside the component that the transaction touched. */
  readonly touched: (table: string) => { readonly list: Int32Array; readonly count: number }
  readonly groupTouched: (literal: AggregateLiteral) => boolean
}

/**
 * Rows of a recursive table as they are found: rules may be reading the table, so rows are kept aside and put in by `flush`; the slots
 * of those that were new are the queue, which the next round of the semi-naive evaluation reads.
 */
export class SlotQueue {
  readonly relation: Relation
  readonly #guard: () => Guard
  slots = new Int32Array(64)
  length = 0
  /** How far the rounds have come. */
  done = 0
  #rows = new Int32Array(64)
  #pending = 0

  constructor(relation: Relation, guard: () => Guard) {
    this.relation = relation
    this.#guard = guard
  }

  clear(): void {
    this.length = 0
    this.done = 0
    this.#pending = 0
  }

  push(slot: number): void {
    if (this.length === this.slots.length) this.slots = grownSlots(this.slots, this.length * 2)
    this.slots[this.length++] = slot
  }

  sink(kind: 'remove' | 'insert'): RowSink {
    return { take: kind === 'remove' ? () => this.#remove() : () => this.#keep() }
  }

  /** Removal changes no chain, so that it needs not wait. */
  #remove(): void {
    const slot = this.relation.delete(this.relation.scratch)
    if (slot >= 0) this.push(slot)
  }

  #keep(): void {
    const { relation } = this
    const { scratch, arity } = relation
    if (relation.find(scratch) >= 0) return
    if ((this.#pending + 1) * arity > this.#rows.length) this.#rows = grownSlots(this.#rows, this.#rows.length * 2)
    const at = this.#pending++ * arity
    for (let c = 0; c < arity; c++) this.#rows[at + c] = scratch[c]!
    // Many copies of few rows may be waiting.
    if (this.#pending % 4096 === 0) this.#guard().refuel()
  }

  /** Put the kept rows in. */
  flush(): void {
    const { relation } = this
    const { scratch, arity } = relation
    const guard = this.#guard()
    for (let i = 0; i < this.#pending; i++) {
      for (let c = 0; c < arity; c++) scratch[c] = this.#rows[i * arity + c]!
      const slot = relation.insert(scratch)
      if (slot < 0) continue
      this.push(slot)
      guard.derived()
    }
    this.#pending = 0
  }
}

/**
 * Bring a recursive component up to date.
 * - `all`: from nothing. `again`: forget its rows and evaluate anew, within the transaction.
 * - `changes`: delete and rederive (Gupta, Mumick, Subrahmanian 1993). First every row goes that had some derivation by what went, as
 *   the old state tells. Then rows that the new state still derives come back, and with them and what came the usual rounds go on.
 */
export function maintainRecursive(parts: RecursiveParts, how: 'all' | 'again' | 'changes'): void {
  const queues = [...parts.queues.values()]
  for (const q of queues) q.clear()
  if (how === 'changes') {
    removeDependents(parts)
    rederive(parts)
    externalChanges(parts, 'insert')
  } else {
    if (how === 'again') for (const q of queues) q.relation.eachSlot(slot => q.relation.deleteSlot(slot))
    for (const c of parts.clauses) {
      c.run({ kind: 'full' }, NO_SLOTS, 0, 0)
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
  for (const c of parts.clauses) {
    c.clause.body.forEach((literal, at) => {
      if (literal.kind === 'atom' && !parts.queues.has(literal.table)) {
        const { list, count } = parts.touched(literal.table)
        if (count > 0) c.run({ kind, at }, list, 0, count)
      } else if (literal.kind === 'aggregate' && parts.groupTouched(literal)) c.run({ kind, at }, NO_SLOTS, 0, 0)
      for (const q of parts.queues.values()) q.flush()
    })
  }
}

/** Until no queue grows: each clause over the newest rows of each of its literals of the component. */
function rounds(parts: RecursiveParts, kind: 'remove' | 'insert'): void {
  for (;;) {
    const round = [...parts.queues].map(([table, q]) => ({ table, q, from: q.done, to: q.length }))
    if (round.every(r => r.from === r.to)) return
    for (const r of round) r.q.done = r.to
    for (const c of parts.clauses) {
      c.clause.body.forEach((literal, at) => {
        const r = literal.kind === 'atom' ? round.find(x => x.table === (literal as AtomLiteral).table) : undefined
        if (!r || r.from === r.to) return
        c.run({ kind, at }, r.q.slots, r.from, r.to)
        for (const q of parts.queues.values()) q.flush()
      })
    }
  }
}

/** Bring back removed rows that the new state derives in one step; the queues then hold just those. */
function rederive(parts: RecursiveParts): void {
  for (const [table, q] of parts.queues) {
    const gone = q.slots.slice(0, q.length)
    q.clear()
    const clauses = parts.clauses.filter(c => sinkNode(c.clause.sink) === table)
    for (const slot of gone) {
      if ((q.relation.state[slot]! & NEW) !== 0) continue
      if (!clauses.some(c => c.run({ kind: 'derive' }, NO_SLOTS, slot, slot))) continue
      q.relation.restoreSlot(slot)
      q.push(slot)
    }
  }
}
