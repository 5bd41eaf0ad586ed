import { grownSlots, type Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import type { RowSink } from './compile.ts'

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
  }

  /** Put the kept rows in. */
  flush(): void {
    if (this.#pending === 0) return
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
