import { grownSlots } from '../../tables/index.ts'

/**
 * The bindings that came and went in the groups of an aggregate during a transaction, in order: they are taken in when it settles, and
 * given back when it is undone. Compiled functions write to it.
 */
export class FeedLog {
  /** Groups, signs and values of the first `length` entries. */
  slots = new Int32Array(16)
  signs = new Int8Array(16)
  values = new Float64Array(16)
  length = 0

  add(slot: number, value: number, by: 1 | -1): void {
    if (this.length === this.slots.length) this.grow()
    this.slots[this.length] = slot
    this.signs[this.length] = by
    this.values[this.length++] = value
  }

  /** Make room for as many entries again. */
  grow(): void {
    const length = this.slots.length * 2
    this.slots = grownSlots(this.slots, length)
    const signs = new Int8Array(length)
    signs.set(this.signs)
    this.signs = signs
    const values = new Float64Array(length)
    values.set(this.values)
    this.values = values
  }
}
