import { type BitMatrix, MATRIX_ROWS, matrixFor } from './bit-matrix.ts'
import { grownInts, mix } from './hash.ts'
import { RelationIndex } from './relation-index.ts'

/** Bits of a slot's state. A row that no transaction has touched has both; 0 is a free slot. */
export const OLD = 1
export const NEW = 2
const BOTH = OLD | NEW
const TOUCHED = 4

/** Rows up to which arrays grow fast: it costs little memory, and fewer copies. */
const SMALL = 16_384

/** Rows looked at to guess how many values a column has. */
const SAMPLE = 512

/** Rows of one value up to which an index is as good as the hash. */
const SHARP = 4

/**
 * A set of tuples of interned ids: one Int32Array for each column, a hash over whole rows, and indexes on column subsets made when
 * first asked for. A row lives in a *slot*, which stays its own until it is removed; slots of removed rows are used again.
 *
 * A *transaction* is whatever `insert`, `delete` and `adjust` did since the last `commit` or `rollback`. While one is open both states
 * can be read, by the bits OLD and NEW of each slot: that is how a change is joined with the tables as they were and as they will be.
 * Rows that left are forgotten, and new ones become old, at the commit.
 *
 * A *counted* relation keeps a row while its count, the number of its derivations, is above zero.
 */
export class Relation {
  readonly arity: number
  columns: Int32Array[]
  /** Bits for each slot: OLD, NEW, and whether the open transaction has touched it. */
  state = new Uint8Array(16)
  /** For each slot the row's derivations. Empty unless counted. */
  counts: Int32Array
  /** Rows in the set, the open transaction included. */
  size = 0
  /** Rows stored, those that the open transaction removed included. */
  linked = 0
  /** All slots in use are below this; some below it may be free. */
  top = 0
  /** Slots that the open transaction has touched, in order; the first `touchedCount` entries. */
  touched = new Int32Array(16)
  touchedCount = 0
  /** A place to lay a row for a call of the methods below, so that no array is made for each. */
  readonly scratch: Int32Array
  readonly #counted: boolean
  /** Counts before the transaction, as `touched`. */
  #before = new Int32Array(16)
  heads = new Int32Array(16).fill(-1)
  next = new Int32Array(16)
  #free: number[] = []
  readonly #distincts: { readonly size: number; readonly values: number }[] = []
  readonly #indexes: RelationIndex[] = []
  /** Which rows are in, instead of the hash, for a large and dense relation that only grew so far. */
  matrix: BitMatrix | undefined
  /** Whether `heads` and `next` are kept; otherwise they are made when a row is first looked for. */
  #hashed = true

  constructor(arity: number, options: { readonly counted?: boolean } = {}) {
    this.arity = arity
    this.columns = Array.from({ length: arity }, () => new Int32Array(16))
    this.scratch = new Int32Array(arity)
    this.#counted = options.counted ?? false
    this.counts = new Int32Array(this.#counted ? 16 : 0)
  }

  /** Slots there is room for. */
  get capacity(): number {
    return this.state.length
  }

  /** The slot of a row that is in the set now, or -1. */
  find(row: ArrayLike<number>): number {
    const slot = this.locate(row)
    return slot >= 0 && (this.state[slot]! & NEW) !== 0 ? slot : -1
  }

  /** The slot of a row that is stored, whatever its state, or -1. */
  locate(row: ArrayLike<number>): number {
    if (!this.#hashed) this.makeHash()
    const { columns, next } = this
    const key = this.#lay(row)
    let slot = this.heads[this.#hash(key) & (this.heads.length - 1)]!
    if (this.arity === 2) {
      const a = columns[0]!
      const b = columns[1]!
      const x = key[0]!
      const y = key[1]!
      while (slot >= 0 && (a[slot] !== x || b[slot] !== y)) slot = next[slot]!
      return slot
    }
    while (slot >= 0 && !this.#equals(slot, key)) slot = next[slot]!
    return slot
  }

  /** A row in `scratch`, so that all that follows reads one kind of array. */
  #lay(row: ArrayLike<number>): Int32Array {
    const { scratch } = this
    if (row !== scratch) for (let c = 0; c < this.arity; c++) scratch[c] = row[c]!
    return scratch
  }

  /** Whether a row is in the set now. */
  has(row: ArrayLike<number>): boolean {
    const matrix = this.matrix
    if (!matrix) return this.find(row) >= 0
    const key = this.#lay(row)
    return matrix.has(key[0]!, key[1]!)
  }

  /** Store a row outside of any transaction; its slot, or -1 when it was there already. */
  add(row: ArrayLike<number>): number {
    const matrix = this.matrix
    if (matrix) {
      const key = this.#lay(row)
      const a = key[0]!
      const b = key[1]!
      if (matrix.covers(a, b)) {
        if (!matrix.add(a, b)) return -1
        const slot = this.top
        if (slot === this.state.length) this.grow()
        this.columns[0]![slot] = a
        this.columns[1]![slot] = b
        this.state[slot] = BOTH
        this.appended(slot + 1)
        return slot
      }
      this.makeHash()
    }
    if (this.locate(row) >= 0) return -1
    if (this.linked === this.heads.length && this.#becomesMatrix()) return this.add(row)
    return this.addNew()
  }

  /** Store the row in `scratch` outside of any transaction, when `locate` has just said that it is not there; its slot. */
  addNew(): number {
    const slot = this.#store()
    this.state[slot] = BOTH
    if (this.#counted) this.counts[slot] = 1
    this.size++
    return slot
  }

  /** The same for the only id of a row. */
  addId(id: number): number {
    const { heads } = this
    const slot = this.top
    if (slot === this.state.length || this.linked === heads.length || this.#free.length + this.#indexes.length > 0) {
      this.scratch[0] = id
      return this.addNew()
    }
    const bucket = id & (heads.length - 1)
    this.columns[0]![slot] = id
    this.state[slot] = BOTH
    this.next[slot] = heads[bucket]!
    heads[bucket] = slot
    this.linked++
    this.size++
    this.top++
    return slot
  }

  /** Rows that were written behind the last one, and noted in the matrix, from outside: the slots in use end at `top` now. */
  appended(top: number): void {
    const rows = top - this.top
    this.top = top
    this.size += rows
    this.linked += rows
  }

  /**
   * A large relation of two columns that is full of rows is known by a bit for each pair while it only grows, outside of transactions; the
   * hash is made when a row's slot is first asked for.
   */
  #becomesMatrix(): boolean {
    if (this.arity !== 2 || this.#counted || this.linked < MATRIX_ROWS) return false
    if (this.#indexes.length > 0 || this.linked < this.top) return false
    this.matrix = matrixFor(this.columns[0]!, this.columns[1]!, this.top)
    this.#hashed = this.matrix === undefined
    return !this.#hashed
  }

  /** Whether it never held a row and was never asked for an index, nor counts derivations. */
  get isFresh(): boolean {
    return this.top === 0 && !this.#counted && this.#indexes.length === 0
  }

  /** Take columns of distinct rows, of equal room, for the relation's own, when it is fresh; `matrix` has just these rows. */
  adopt(columns: Int32Array[], rows: number, matrix?: BitMatrix): void {
    if (!this.isFresh) throw new Error('only a fresh relation adopts rows')
    this.matrix = matrix
    this.columns = columns
    this.state = new Uint8Array(Math.max(16, columns[0]?.length ?? 0)).fill(BOTH, 0, rows)
    this.size = this.linked = this.top = rows
    this.#hashed = false
  }

  /** Make the hash over all rows, instead of the matrix if there is one. */
  makeHash(): void {
    if (this.#hashed) return
    this.#hashed = true
    this.matrix = undefined
    this.next = new Int32Array(this.state.length)
    let buckets = this.heads.length
    while (buckets < this.linked) buckets *= 2
    this.heads = new Int32Array(buckets).fill(-1)
    for (let slot = this.top - 1; slot >= 0; slot--) this.#link(slot)
  }

  /** Make what finds a row that changes, and what takes one out; not where a matrix does without. */
  prepareChanges(): void {
    if (this.matrix) return
    this.makeHash()
    for (const index of this.#indexes) index.prepareRemoval()
  }

  /** Take a row out outside of any transaction; false when it was not there. */
  remove(row: ArrayLike<number>): boolean {
    const slot = this.locate(row)
    if (slot < 0) return false
    this.removeSlot(slot)
    return true
  }

  /** The same for a row that is there. */
  removeSlot(slot: number): void {
    this.#forget(slot)
    this.size--
  }

  /** Put a row in; its slot, or -1 when it was in. */
  insert(row: ArrayLike<number>): number {
    let slot = this.locate(row)
    if (slot < 0) slot = this.#store()
    else if ((this.state[slot]! & NEW) !== 0) return -1
    this.#touch(slot)
    this.state[slot]! |= NEW
    this.size++
    return slot
  }

  /** Take a row out; its slot, or -1 when it was not in. */
  delete(row: ArrayLike<number>): number {
    const slot = this.locate(row)
    return slot >= 0 && this.deleteSlot(slot) ? slot : -1
  }

  deleteSlot(slot: number): boolean {
    if ((this.state[slot]! & NEW) === 0) return false
    this.#touch(slot)
    this.state[slot]! &= ~NEW
    this.size--
    return true
  }

  /** Bring back a stored row that is out. */
  restoreSlot(slot: number): void {
    this.#touch(slot)
    this.state[slot]! |= NEW
    this.size++
  }

  /** Change a row's count; it may pass through values below zero. True when the row came in by it. */
  adjust(row: ArrayLike<number>, by: number): boolean {
    let slot = this.locate(row)
    if (slot < 0) slot = this.#store()
    this.#touch(slot)
    const count = this.counts[slot]! + by
    this.counts[slot] = count
    const state = this.state[slot]!
    if (count > 0) {
      if ((state & NEW) !== 0) return false
      this.state[slot] = state | NEW
      this.size++
      return true
    }
    if ((state & NEW) !== 0) {
      this.state[slot] = state & ~NEW
      this.size--
    }
    return false
  }

  /** Whether the open transaction, as it stands, changes the set. */
  get changed(): boolean {
    for (let i = 0; i < this.touchedCount; i++) {
      const bits = this.state[this.touched[i]!]! & BOTH
      if (bits === OLD || bits === NEW) return true
    }
    return false
  }

  /** Visit the slots of rows that the open transaction puts in (`NEW`) or takes out (`OLD`). */
  eachChange(which: typeof OLD | typeof NEW, visit: (slot: number) => void): void {
    for (let i = 0; i < this.touchedCount; i++) {
      const slot = this.touched[i]!
      if ((this.state[slot]! & BOTH) === which) visit(slot)
    }
  }

  commit(): void {
    const { touched, state } = this
    for (let i = 0; i < this.touchedCount; i++) {
      const slot = touched[i]!
      if ((state[slot]! & NEW) !== 0) state[slot] = BOTH
      else this.#forget(slot)
    }
    this.touchedCount = 0
  }

  rollback(): void {
    const { touched, state } = this
    for (let i = this.touchedCount - 1; i >= 0; i--) {
      const slot = touched[i]!
      const bits = state[slot]!
      if ((bits & OLD) !== 0) {
        if ((bits & NEW) === 0) this.size++
        state[slot] = BOTH
        if (this.#counted) this.counts[slot] = this.#before[i]!
      } else {
        if ((bits & NEW) !== 0) this.size--
        this.#forget(slot)
      }
    }
    this.touchedCount = 0
  }

  /** The count that the row of the i-th touched slot had before the transaction. */
  countBefore(i: number): number {
    return this.#before[i]!
  }

  get isCounted(): boolean {
    return this.#counted
  }

  /** All slots up to `top` have a row that both states have. */
  get isWhole(): boolean {
    return this.size === this.top && this.touchedCount === 0
  }

  /** The index on some columns (at least one, ascending), made now if nobody asked before. */
  index(columns: readonly number[]): RelationIndex {
    for (const index of this.#indexes) {
      if (index.columns.length === columns.length && index.columns.every((c, i) => c === columns[i])) return index
    }
    if (this.matrix) this.makeHash()
    const index = new RelationIndex(this, columns)
    this.#indexes.push(index)
    return index
  }

  /** An index on a single column that is there already and whose values have few rows each, so that it finds rows as the hash does. */
  sharpIndex(): RelationIndex | undefined {
    return this.#indexes.find(i => i.columns.length === 1 && this.rowsFor(i.columns) <= SHARP)
  }

  /** About how many rows agree with a row in some columns, as if columns did not depend on each other. */
  rowsFor(columns: readonly number[]): number {
    let rows = this.size
    for (const c of columns) rows /= this.#distinct(c)
    return rows
  }

  /**
   * About how many values a column has: from the pairs of equal values in a sample, of which n(n-1)/2D are to be expected among n
   * values out of D.
   */
  #distinct(column: number): number {
    const known = this.#distincts[column]
    if (known && known.size <= this.size * 2 && known.size * 2 >= this.size) return known.values
    const seen = new Map<number, number>()
    const step = Math.max(1, Math.floor(this.top / SAMPLE))
    let sampled = 0
    let pairs = 0
    for (let slot = 0; slot < this.top; slot += step) {
      if ((this.state[slot]! & NEW) === 0) continue
      const id = this.columns[column]![slot]!
      const before = seen.get(id) ?? 0
      pairs += before
      seen.set(id, before + 1)
      sampled++
    }
    const values = pairs === 0 ? this.size : (sampled * (sampled - 1)) / 2 / pairs
    const bounded = Math.max(1, Math.min(this.size, sampled === this.size ? seen.size : values))
    this.#distincts[column] = { size: this.size, values: bounded }
    return bounded
  }

  /** Visit the slots of all rows in the set now. */
  eachSlot(visit: (slot: number) => void): void {
    for (let slot = 0; slot < this.top; slot++) if ((this.state[slot]! & NEW) !== 0) visit(slot)
  }

  holds(slot: number): boolean {
    return (this.state[slot]! & NEW) !== 0
  }

  row(slot: number): number[] {
    return this.columns.map(c => c[slot]!)
  }

  #touch(slot: number): void {
    if (!this.#hashed) this.makeHash()
    const state = this.state[slot]!
    if ((state & TOUCHED) !== 0) return
    this.state[slot] = state | TOUCHED
    const i = this.touchedCount++
    if (i === this.touched.length) {
      this.touched = grownInts(this.touched, i * 2)
      if (this.#counted) this.#before = grownInts(this.#before, i * 2)
    }
    this.touched[i] = slot
    if (this.#counted) this.#before[i] = this.counts[slot]!
  }

  /** A slot for the row in `scratch`, linked everywhere; its state is for the caller to set. */
  #store(): number {
    const slot = this.#free.length > 0 ? this.#free.pop()! : this.top++
    if (slot >= this.state.length) this.grow()
    const { scratch } = this
    for (let c = 0; c < this.arity; c++) this.columns[c]![slot] = scratch[c]!
    if (this.#counted) this.counts[slot] = 0
    this.linked++
    if (this.linked > this.heads.length) {
      this.heads = new Int32Array(this.heads.length * (this.linked < SMALL ? 4 : 2)).fill(-1)
      for (let other = this.top - 1; other >= 0; other--) {
        if (this.state[other] !== 0 || other === slot) this.#link(other)
      }
    } else this.#link(slot)
    if (this.#indexes.length > 0) {
      // An index that grows links all slots in use, this one among them.
      this.state[slot] = TOUCHED
      for (const index of this.#indexes) index.insert(slot)
      this.state[slot] = 0
    }
    return slot
  }

  #forget(slot: number): void {
    for (const index of this.#indexes) index.remove(slot)
    const bucket = this.#bucketOf(slot)
    let at = this.heads[bucket]!
    if (at === slot) this.heads[bucket] = this.next[slot]!
    else {
      while (this.next[at] !== slot) at = this.next[at]!
      this.next[at] = this.next[slot]!
    }
    this.state[slot] = 0
    this.#free.push(slot)
    this.linked--
  }

  /** Make room for as many slots again. */
  grow(): void {
    const length = this.state.length * (this.top < SMALL ? 4 : 2)
    this.columns = this.columns.map(c => grownInts(c, length))
    if (this.#hashed) this.next = grownInts(this.next, length)
    if (this.#counted) this.counts = grownInts(this.counts, length)
    const state = new Uint8Array(length)
    state.set(this.state)
    this.state = state
  }

  #hash(row: Int32Array): number {
    if (this.arity === 1) return row[0]!
    let h = 0
    for (let c = 0; c < this.arity; c++) h = mix(h, row[c]!)
    return h
  }

  #equals(slot: number, row: Int32Array): boolean {
    for (let c = 0; c < this.arity; c++) if (this.columns[c]![slot] !== row[c]) return false
    return true
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(slot)
    this.next[slot] = this.heads[bucket]!
    this.heads[bucket] = slot
  }

  #bucketOf(slot: number): number {
    const { columns, arity } = this
    let h = 0
    if (arity === 1) h = columns[0]![slot]!
    else for (let c = 0; c < arity; c++) h = mix(h, columns[c]![slot]!)
    return h & (this.heads.length - 1)
  }
}
