import { grownSlots, type Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import type { RowSink } from './compile.ts'

const BATCH = 256

/** No list: the slots are the numbers themselves. */
const ALL_SLOTS = null

/**
 * Rows of a recursive table as they are found. The slots of those that were new are the queue, which the semi-naive evaluation
 * works off. Rules that look rows up in the table that they fill have theirs kept aside until `flush`: a row that goes in may
 * move the arrays they are reading.
 */
export class SlotQueue {
  readonly relation: Relation
  readonly #guard: () => Guard
  #slots = new Int32Array(64)
  #length = 0
  /** Places in the queue that were not yet taken, as pairs of from and to, the newest last; `#seen` is where the last ends. */
  readonly #waiting: number[] = []
  #seen = 0
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
    this.#waiting.length = 0
    this.#seen = 0
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

  /**
   * The newest places that were not yet taken, at most `BATCH`, or undefined when none are left. Newest first: rows derived from one
   * another are near in memory, where rounds over the whole queue would come back to each only after all the others.
   */
  take(): { readonly from: number; readonly to: number } | undefined {
    const { length } = this
    if (length > this.#seen) {
      this.#waiting.push(this.#seen, length)
      this.#seen = length
    }
    const to = this.#waiting.pop()
    if (to === undefined) return undefined
    const start = this.#waiting.pop()!
    const from = Math.max(start, to - BATCH)
    if (from > start) this.#waiting.push(start, from)
    return { from, to }
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
