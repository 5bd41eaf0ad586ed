import { grownInts, mix } from './hash.ts'
import { RelationIndex } from './relation-index.ts'

/**
 * A set of tuples of interned ids: one Int32Array for each column, a hash over whole rows, and indexes on column subsets made when
 * first asked for. A row lives in a *slot*, which stays its own until it is removed; slots of removed rows are used again.
 */
export class Relation {
  readonly arity: number
  columns: Int32Array[]
  /** Rows in the set. */
  size = 0
  /** All slots in use are below this; some below it may be free. */
  top = 0
  #heads = new Int32Array(16).fill(-1)
  #next = new Int32Array(16)
  /** 1 where a slot holds a row. */
  #used = new Uint8Array(16)
  #free: number[] = []
  readonly #indexes = new Map<string, RelationIndex>()

  constructor(arity: number) {
    this.arity = arity
    this.columns = Array.from({ length: arity }, () => new Int32Array(16))
  }

  /** Slots there is room for. */
  get capacity(): number {
    return this.#next.length
  }

  /** The slot of a row, or -1. */
  find(row: ArrayLike<number>): number {
    let slot = this.#heads[this.#hash(row) & (this.#heads.length - 1)]!
    while (slot >= 0 && !this.#equals(slot, row)) slot = this.#next[slot]!
    return slot
  }

  /** Store a row; its slot, or -1 when it was there already. */
  add(row: ArrayLike<number>): number {
    if (this.find(row) >= 0) return -1
    const slot = this.#free.pop() ?? this.top++
    if (slot >= this.#next.length) this.#grow()
    for (let c = 0; c < this.arity; c++) this.columns[c]![slot] = row[c]!
    this.#used[slot] = 1
    if (++this.size > this.#heads.length) {
      this.#heads = new Int32Array(this.#heads.length * 2).fill(-1)
      this.eachSlot(other => this.#link(other))
    } else this.#link(slot)
    for (const index of this.#indexes.values()) index.insert(slot)
    return slot
  }

  /** Take a row out; false when it was not there. */
  remove(row: ArrayLike<number>): boolean {
    const bucket = this.#hash(row) & (this.#heads.length - 1)
    let before = -1
    let slot = this.#heads[bucket]!
    while (slot >= 0 && !this.#equals(slot, row)) {
      before = slot
      slot = this.#next[slot]!
    }
    if (slot < 0) return false
    for (const index of this.#indexes.values()) index.remove(slot)
    if (before >= 0) this.#next[before] = this.#next[slot]!
    else this.#heads[bucket] = this.#next[slot]!
    this.#used[slot] = 0
    this.#free.push(slot)
    this.size--
    return true
  }

  /** The index on some columns (at least one, ascending), made now if nobody asked before. */
  index(columns: readonly number[]): RelationIndex {
    const key = columns.join()
    let index = this.#indexes.get(key)
    if (!index) {
      index = new RelationIndex(this, columns)
      this.#indexes.set(key, index)
    }
    return index
  }

  eachSlot(visit: (slot: number) => void): void {
    for (let slot = 0; slot < this.top; slot++) if (this.#used[slot]) visit(slot)
  }

  holds(slot: number): boolean {
    return this.#used[slot] === 1
  }

  row(slot: number): number[] {
    return this.columns.map(c => c[slot]!)
  }

  #grow(): void {
    const length = this.#next.length * 2
    this.columns = this.columns.map(c => grownInts(c, length))
    this.#next = grownInts(this.#next, length)
    const used = new Uint8Array(length)
    used.set(this.#used)
    this.#used = used
  }

  #hash(row: ArrayLike<number>): number {
    let h = 0
    for (let c = 0; c < this.arity; c++) h = mix(h, row[c]!)
    return h
  }

  #equals(slot: number, row: ArrayLike<number>): boolean {
    for (let c = 0; c < this.arity; c++) if (this.columns[c]![slot] !== row[c]) return false
    return true
  }

  #link(slot: number): void {
    let h = 0
    for (let c = 0; c < this.arity; c++) h = mix(h, this.columns[c]![slot]!)
    const bucket = h & (this.#heads.length - 1)
    this.#next[slot] = this.#heads[bucket]!
    this.#heads[bucket] = slot
  }
}
