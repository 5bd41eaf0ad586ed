import type { AggregateLiteral, AggregateOperator } from '../../language/index.ts'
import { grownSlots, type Interner, Relation } from '../../tables/index.ts'
import { SUM_LIMIT } from '../aggregate.ts'
import { ExactSum } from '../exact-sum.ts'
import type { Warnings } from '../warnings.ts'
import { Extremes } from './extremes.ts'
import { FeedLog } from './feed-log.ts'

/**
 * The groups of one aggregate, kept current under bindings that come and go. A group lives in the slot that its key has in
 * `keys`. Its result is in `now`: a number for count, sum and mean, the id of a value for min and max, NaN where the literal
 * fails. During a transaction `before` has the result that a touched group had when it began.
 */
export class Group {
  readonly operator: AggregateOperator
  /** The first of the literals that look in here. */
  readonly literal: AggregateLiteral
  readonly keys: Relation
  /** Results are ids of values, not numbers. */
  readonly givesIds: boolean
  now = new Float64Array(16)
  /** Slots of the groups that the open transaction has touched, in order, and their results before it; the first `touchedCount` entries. */
  touched = new Int32Array(16)
  before = new Float64Array(16)
  touchedCount = 0
  /** By slot: its place in `touched` + 1, or 0. */
  touchedAt = new Int32Array(16)
  /** Bindings of each group. */
  bindings = new Int32Array(16)
  /**
   * A group's sum is exactly `sums + lows`, as long as that goes: a double, and what additions to it lost to rounding. NaN in `sums` for
   * one that is kept in more parts. Empty unless the aggregate adds up.
   */
  sums: Float64Array
  lows: Float64Array
  /** What was fed in the open transaction. */
  readonly fed = new FeedLog()
  /** Not in the first evaluation, which never goes back: it takes what is fed in at once, and touches no group. */
  remembering = true
  /** The result of a group that has no binding. */
  readonly nothing: number
  readonly #literals: readonly AggregateLiteral[]
  readonly #interner: Interner
  readonly #warnings: Warnings
  /** By group: bindings whose value the aggregate cannot take in, where there are any. */
  readonly #bad = new Map<number, number>()
  readonly #exact = new Map<number, ExactSum>()
  readonly #extremes = new Map<number, Extremes>()
  /** Entries of `fed` that were taken in. */
  #taken = 0

  /** `literals`: all that look in here, at least one; they state the same aggregate at their places. */
  constructor(literals: readonly AggregateLiteral[], interner: Interner, warnings: Warnings) {
    const literal = literals[0]!
    this.#literals = literals
    this.literal = literal
    this.operator = literal.operator
    this.keys = new Relation(literal.groupBy.length)
    this.givesIds = this.operator === 'min' || this.operator === 'max'
    this.#interner = interner
    this.#warnings = warnings
    this.nothing = this.operator === 'count' || this.operator === 'sum' ? 0 : Number.NaN
    this.sums = new Float64Array(this.addsUp ? 16 : 0)
    this.lows = new Float64Array(this.addsUp ? 16 : 0)
  }

  get addsUp(): boolean {
    return this.operator === 'sum' || this.operator === 'mean'
  }

  /**
   * A binding comes (1) or goes (-1) in the group whose key lies in `keys.scratch`. `value`: a number or NaN for sum and mean, an id or
   * -1 for min and max, nothing for count.
   */
  feed(value: number, by: 1 | -1): void {
    const known = this.keys.locate(this.keys.scratch)
    const slot = known >= 0 ? known : this.open(this.keys.scratch[0]!)
    if (this.remembering) this.fed.add(slot, value, by)
    else this.take(slot, value, by)
  }

  /** Begin a group whose key `keys` has not stored; its slot. The key lies in `keys.scratch`, or is `id` where it has one column. */
  open(id: number): number {
    const slot = this.keys.arity === 1 ? this.keys.addId(id) : this.keys.addNew()
    this.#reset(slot)
    if (this.remembering) this.#touch(slot)
    return slot
  }

  /** By id below `ids`, the slot + 1 of the group with this key of one column; 0: there is none. */
  slotsById(ids: number): Int32Array {
    const slots = new Int32Array(ids)
    this.keys.eachSlot(slot => {
      slots[this.keys.columns[0]![slot]!] = slot + 1
    })
    return slots
  }

  #touch(slot: number): void {
    const i = this.touchedCount++
    if (i === this.touched.length) {
      this.touched = grownSlots(this.touched, i * 2)
      this.before = grownDoubles(this.before, i * 2)
    }
    this.touched[i] = slot
    this.before[i] = this.now[slot]!
    this.touchedAt[slot] = i + 1
  }

  /** A binding comes or goes in a group that is touched. */
  take(slot: number, value: number, by: 1 | -1): void {
    this.bindings[slot]! += by
    if (this.operator === 'count') return
    if (this.givesIds) this.#takeId(slot, value, by)
    else if (value <= SUM_LIMIT && value >= -SUM_LIMIT) this.#add(slot, by === 1 ? value : -value)
    else this.#takeBad(slot, by)
  }

  #takeBad(slot: number, by: 1 | -1): void {
    const bad = (this.#bad.get(slot) ?? 0) + by
    if (bad === 0) this.#bad.delete(slot)
    else this.#bad.set(slot, bad)
  }

  #takeId(slot: number, id: number, by: 1 | -1): void {
    const type = id < 0 ? 'none' : typeof this.#interner.value(id)
    if (type !== 'number' && type !== 'string') {
      this.#takeBad(slot, by)
      return
    }
    let extremes = this.#extremes.get(slot)
    if (!extremes) {
      extremes = new Extremes(this.#interner, this.operator as 'min' | 'max')
      this.#extremes.set(slot, extremes)
    }
    extremes.adjust(id, by)
  }

  #add(slot: number, x: number): void {
    const sum = this.sums[slot]!
    const total = sum + x
    const shadow = total - sum
    const error = sum - (total - shadow) + (x - shadow)
    const low = this.lows[slot]!
    const rest = low + error
    const shade = rest - low
    if (low - (rest - shade) + (error - shade) === 0) {
      this.sums[slot] = total
      this.lows[slot] = rest
    } else this.#addToParts(slot, x)
  }

  #addToParts(slot: number, x: number): void {
    let parts = this.#exact.get(slot)
    if (!parts) {
      parts = new ExactSum()
      parts.add(this.sums[slot]!)
      parts.add(this.lows[slot]!)
      this.#exact.set(slot, parts)
      this.sums[slot] = Number.NaN
    }
    parts.add(x)
  }

  /** The end of the first evaluation: work out the results of all groups. */
  settleAll(): void {
    this.keys.eachSlot(slot => {
      this.now[slot] = this.#result(slot)
    })
  }

  /** Take in what was fed, and work out the results of the groups that it touched; whether any differs from before. */
  settle(): boolean {
    const { slots, values, signs, length } = this.fed
    for (; this.#taken < length; this.#taken++) {
      const slot = slots[this.#taken]!
      if (this.touchedAt[slot] === 0) this.#touch(slot)
      this.take(slot, values[this.#taken]!, signs[this.#taken] as 1 | -1)
    }
    let changed = false
    for (let i = 0; i < this.touchedCount; i++) {
      const slot = this.touched[i]!
      const result = this.#result(slot)
      this.now[slot] = result
      if (!Object.is(result, this.before[i])) changed = true
    }
    return changed
  }

  #result(slot: number): number {
    const bindings = this.bindings[slot]!
    if (bindings === 0) return this.nothing
    if (this.operator === 'count') return bindings
    if (this.#bad.size > 0 && this.#bad.has(slot)) return this.#fail('mixed-aggregate', slot)
    if (this.givesIds) {
      const extremes = this.#extremes.get(slot)!
      return extremes.best ?? this.#fail('mixed-aggregate', slot)
    }
    const held = this.sums[slot]! + this.lows[slot]!
    const sum = Number.isNaN(held) ? this.#exact.get(slot)!.value : held
    if (this.operator === 'mean') return sum / bindings + 0
    return Math.abs(sum) > Number.MAX_SAFE_INTEGER ? this.#fail('sum-past-2^53', slot) : sum + 0
  }

  #fail(why: 'mixed-aggregate' | 'sum-past-2^53', slot: number): number {
    const detail = () => {
      const key = this.keys.row(slot).map(id => JSON.stringify(this.#interner.value(id)))
      return key.length === 0 ? `\`${this.operator}\`` : `\`${this.operator}\` for ${key.join(', ')}`
    }
    for (const { span } of this.#literals) this.#warnings.add(why, span, detail)
    return Number.NaN
  }

  commit(): void {
    // Backwards, so that groups that are begun again get the slots of those forgotten in the same order.
    for (let i = this.touchedCount - 1; i >= 0; i--) {
      const slot = this.touched[i]!
      this.touchedAt[slot] = 0
      if (this.bindings[slot] === 0) this.#forget(slot)
    }
    this.touchedCount = 0
    this.fed.length = 0
    this.#taken = 0
  }

  rollback(): void {
    const { slots, values, signs } = this.fed
    for (let i = this.#taken - 1; i >= 0; i--) this.take(slots[i]!, values[i]!, signs[i] === 1 ? -1 : 1)
    for (let i = 0; i < this.touchedCount; i++) this.now[this.touched[i]!] = this.before[i]!
    this.commit()
  }

  /** A way back from the open transaction for after its commit. */
  remember(): () => void {
    const { slots, values, signs, length } = this.fed
    const fed = Array.from({ length }, (_, i) => ({
      key: this.keys.row(slots[i]!),
      value: values[i]!,
      by: signs[i] === 1 ? (-1 as const) : (1 as const),
    }))
    return () => {
      for (const { key, value, by } of fed.reverse()) {
        this.keys.scratch.set(key)
        this.feed(value, by)
      }
      this.settle()
      this.commit()
    }
  }

  #forget(slot: number): void {
    this.keys.removeSlot(slot)
    this.#exact.delete(slot)
    this.#extremes.delete(slot)
  }

  #reset(slot: number): void {
    if (slot >= this.now.length) {
      const length = this.now.length * 2
      this.now = grownDoubles(this.now, length)
      if (this.addsUp) {
        this.sums = grownDoubles(this.sums, length)
        this.lows = grownDoubles(this.lows, length)
      }
      this.bindings = grownSlots(this.bindings, length)
      this.touchedAt = grownSlots(this.touchedAt, length)
    }
    this.now[slot] = this.nothing
    this.bindings[slot] = 0
    if (this.addsUp) {
      this.sums[slot] = 0
      this.lows[slot] = 0
    }
  }
}

function grownDoubles(old: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length)
  copy.set(old)
  return copy
}
