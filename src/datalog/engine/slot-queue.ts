import { grownSlots, type Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import type { RowSink } from './compile.ts'

/** No list: the slots are the numbers themselves. */
const ALL_SLOTS = null

/**
 * Rows of a recursive table as they are found. The slots of those that were new are the queue, which the next round of the semi-naive
 * evaluation reads. Rules that look rows up in the table that they fill have theirs kept aside until `flush`: a row that goes in may
 * move the arrays they are reading.
 */
export class SlotQueue {
  readonly relation: Relation
  readonly #guard: () => Guard
  #slots = new Int32Array(64)
  #length = 0
  /** How far the rounds have come. */
  done = 0
  /** The table is being filled from nothing, outside of any transaction: its slots follow one another. */
  #filling = false
  #rows = new Int32Array(64)
  #pending = 0

  constructor(relation: Relation, guard: () => Guard) {
    this.relation = relation
    this.#guard = guard
  }

  clear(filling = false): void {
    this.#filling = filling
    this.#length = 0
    this.done = 0
    this.#pending = 0
  }

  get slots(): Int32Array | null {
    return this.#filling ? ALL_SLOTS : this.#slots
  }

  get length(): number {
    return this.#filling ? this.relation.top : this.#length
  }

  push(slot: number): void {
    if (this.#length === this.#slots.length) this.#slots = grownSlots(this.#slots, this.#length * 2)
    this.#slots[this.#length++] = slot
  }

  /** What takes the row in the relation's `scratch`; `aside`: only at the next flush. Removal moves nothing and never waits. */
  sink(kind: 'remove' | 'insert', aside: boolean): RowSink {
    if (kind === 'remove') return { take: () => this.#remove() }
    return { take: aside ? () => this.#keep() : () => this.#insert() }
  }

  #remove(): void {
    const slot = this.relation.delete(this.relation.scratch)
    if (slot >= 0) this.push(slot)
  }

  #insert(): void {
    const { relation } = this
    if (this.#filling) {
      if (relation.add(relation.scratch) >= 0) this.#guard().derived()
      return
    }
    const slot = relation.insert(relation.scratch)
    if (slot < 0) return
    this.push(slot)
    this.#guard().derived()
  }

  #keep(): void {
    const { relation } = this
    const { scratch, arity } = relation
    if (relation.has(scratch)) return
    if ((this.#pending + 1) * arity > this.#rows.length) this.#rows = grownSlots(this.#rows, this.#rows.length * 2)
    const at = this.#pending++ * arity
    for (let c = 0; c < arity; c++) this.#rows[at + c] = scratch[c]!
  }

  /** Put the kept rows in. */
  flush(): void {
    const { scratch, arity } = this.relation
    for (let i = 0; i < this.#pending; i++) {
      for (let c = 0; c < arity; c++) scratch[c] = this.#rows[i * arity + c]!
      this.#insert()
    }
    this.#pending = 0
  }
}
