import type { Value } from './types.ts'

/**
 * Gives each distinct value a number 0, 1, 2 … so that tuples are rows of 32-bit ids and equality is equality of ids.
 * Values are never forgotten: an interner lives as long as the relations that use it.
 */
export class Interner {
  readonly #ids = new Map<Value, number>()
  readonly #values: Value[] = []
  /**
   * The number behind each id, NaN for a value that is not a number: arithmetic and comparison read it without a look at the value.
   * Replaced when it grows: read it anew after an `intern`.
   */
  numbers = new Float64Array(1024)

  get size(): number {
    return this.#values.length
  }

  /** The id of a value, given now if it is new. -0 is 0. NaN and infinities are no values: an internal fault. */
  intern(value: Value): number {
    const known = this.#ids.get(value)
    if (known !== undefined) return known
    const id = this.#values.length
    if (id === this.numbers.length) {
      const grown = new Float64Array(id * 2)
      grown.set(this.numbers)
      this.numbers = grown
    }
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw new Error(`not a value: ${value}`)
      value = value === 0 ? 0 : value
      this.numbers[id] = value
    } else this.numbers[id] = Number.NaN
    this.#ids.set(value, id)
    this.#values.push(value)
    return id
  }

  /** The id of a value, or -1 when it was never interned (so no tuple can hold it). */
  find(value: Value): number {
    return this.#ids.get(value) ?? -1
  }

  value(id: number): Value {
    return this.#values[id]!
  }
}
