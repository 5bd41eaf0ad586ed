import { grownInts, mix } from './hash.ts'
import type { Relation } from './relation.ts'

/**
 * The slots of a relation by the values of some columns: chained hashing, chains doubly linked so that a row leaves in constant time
 * however many rows share its key. A chain may hold rows of other keys with the same hash: the reader compares (see `matches`).
 *
 * A single column needs no hash: ids are handed out in order, so that their low bits spread rows well and keep neighbours near.
 */
export class RelationIndex {
  readonly columns: readonly number[]
  /** First slot of each bucket, or -1. Its length is a power of two. */
  heads: Int32Array
  /** Behind `next`; without it no slot has one after it. */
  #next: Int32Array | undefined
  /** Each bucket has one row at most, so that nothing is to be looked for behind its head. */
  isSingle = false
  /** The slot before a slot, or -1; made when a row first leaves, since most indexes are only read. */
  #previous: Int32Array | undefined
  readonly #relation: Relation
  #entries = 0

  constructor(relation: Relation, columns: readonly number[]) {
    this.#relation = relation
    this.columns = columns
    let buckets = 16
    while (buckets < relation.linked) buckets *= 2
    this.heads = new Int32Array(buckets).fill(-1)
    this.#linkAll()
    this.#entries = relation.linked
  }

  /** The slot after a slot, or -1. */
  get next(): Int32Array {
    this.#next ??= new Int32Array(this.#relation.capacity).fill(-1)
    return this.#next
  }

  /** The first slot whose bucket is that of `key`, or -1; go on with `next[slot]`. */
  first(key: ArrayLike<number>): number {
    let h = key[0]!
    if (this.columns.length > 1) {
      h = mix(0, h)
      for (let i = 1; i < this.columns.length; i++) h = mix(h, key[i]!)
    }
    return this.heads[h & (this.heads.length - 1)]!
  }

  /** Whether the row in a slot has this key. */
  matches(slot: number, key: ArrayLike<number>): boolean {
    const columns = this.#relation.columns
    for (let i = 0; i < this.columns.length; i++) if (columns[this.columns[i]!]![slot] !== key[i]) return false
    return true
  }

  /** Take in a row that the relation has just stored. */
  insert(slot: number): void {
    if (slot >= this.next.length) {
      this.#next = grownInts(this.next, this.#relation.capacity)
      if (this.#previous) this.#previous = grownInts(this.#previous, this.#relation.capacity)
    }
    this.#entries++
    if (this.#entries > this.heads.length) {
      this.heads = new Int32Array(this.heads.length * 2).fill(-1)
      this.#linkAll()
    } else this.#link(slot)
  }

  /** Let go of a row that the relation is about to forget; its columns must still stand. */
  remove(slot: number): void {
    const before = (this.#previous ??= this.#lookBack())
    const next = this.next[slot]!
    const previous = before[slot]!
    if (previous >= 0) this.next[previous] = next
    else this.heads[this.#bucket(slot)] = next
    if (next >= 0) before[next] = previous
    this.#entries--
  }

  /** Make what only the first removal asks for. */
  prepareRemoval(): void {
    this.#previous ??= this.#lookBack()
  }

  #lookBack(): Int32Array {
    const previous = new Int32Array(this.next.length)
    for (const head of this.heads) {
      for (let slot = head, last = -1; slot >= 0; slot = this.next[slot]!) {
        previous[slot] = last
        last = slot
      }
    }
    return previous
  }

  /** Backwards, so that chains run in the order of slots, which is that of memory. */
  #linkAll(): void {
    this.#previous = undefined
    const { state, top } = this.#relation
    if (this.columns.length > 1) {
      for (let slot = top - 1; slot >= 0; slot--) if (state[slot] !== 0) this.#link(slot)
      return
    }
    const column = this.#relation.columns[this.columns[0]!]!
    const from = this.#spread(column)
    if (from < 0) return
    const { heads, next } = this
    const wrap = heads.length - 1
    for (let slot = from; slot >= 0; slot--) {
      if (state[slot] === 0) continue
      const bucket = column[slot]! & wrap
      next[slot] = heads[bucket]!
      heads[bucket] = slot
    }
  }

  /**
   * Give each slot a bucket of its own, as long as that goes; the slot from which on it does not, or -1. Where two values meet in a bucket
   * there are twice as many buckets, once.
   */
  #spread(column: Int32Array): number {
    const { state, top, linked } = this.#relation
    const isWhole = linked === top
    // Links of slots that were in longer chains before the index grew.
    this.#next?.fill(-1)
    for (;;) {
      const { heads } = this
      const wrap = heads.length - 1
      let slot = top - 1
      let other = -1
      for (; slot >= 0; slot--) {
        if (!isWhole && state[slot] === 0) continue
        const bucket = column[slot]! & wrap
        other = heads[bucket]!
        if (other >= 0) break
        heads[bucket] = slot
      }
      this.isSingle = slot < 0
      if (slot < 0 || column[other] === column[slot] || heads.length >= linked * 2) return slot
      this.heads = new Int32Array(heads.length * 2).fill(-1)
    }
  }

  #link(slot: number): void {
    const bucket = this.#bucket(slot)
    const head = this.heads[bucket]!
    this.next[slot] = head
    if (head >= 0) this.isSingle = false
    if (this.#previous) {
      this.#previous[slot] = -1
      if (head >= 0) this.#previous[head] = slot
    }
    this.heads[bucket] = slot
  }

  #bucket(slot: number): number {
    const columns = this.#relation.columns
    let h = columns[this.columns[0]!]![slot]!
    if (this.columns.length > 1) {
      h = mix(0, h)
      for (let i = 1; i < this.columns.length; i++) h = mix(h, columns[this.columns[i]!]![slot]!)
    }
    return h & (this.heads.length - 1)
  }
}
