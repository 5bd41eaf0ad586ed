import { hashBytes, mix, TEXT_FACTOR } from './hash.ts'
import type { Value } from './types.ts'

/** Bytes of text that one interner keeps as bytes; texts beyond are kept as strings. */
const LARGEST_ARENA = 2 ** 31

/**
 * Gives each distinct value a number 0, 1, 2 … so that tuples are rows of 32-bit ids and equality is equality of ids.
 * Values are never forgotten: an interner lives as long as the relations that use it.
 *
 * One open-addressing table of typed arrays: a million names take some 40 bytes each. ASCII texts are kept as bytes, one after the other
 * in order of their ids, and made into a string when somebody asks for one; a reader of files interns them without making any
 * (`internBytes`). Other texts, which are few, and null, true, false and the empty text are kept in a `Map`.
 */
export class Interner {
  /**
   * The number behind each id, NaN for a value that is not a number: arithmetic and comparison read it without a look at the value.
   * Replaced when it grows: read it anew after an `intern`.
   */
  numbers = new Float64Array(1024)
  #size = 0
  /** Pairs of hash and id + 1, where 0 is free; at most half of them are in use. */
  #slots = new Int32Array(4096)
  #used = 0
  /** Where each id's bytes begin in the arena; they end where those of the next id begin. */
  #starts = new Uint32Array(1024)
  #arena: Buffer = Buffer.allocUnsafeSlow(8192)
  readonly #others = new Map<Value, number>()
  /** Values of ids that are not numbers: all of `#others`, and the texts that were asked for. */
  readonly #values: Value[] = []
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)

  get size(): number {
    return this.#size
  }

  /** The id of a value, given now if it is new. -0 is 0. NaN and infinities are no values: an internal fault. */
  intern(value: Value): number {
    if (typeof value === 'number') return this.internNumber(value)
    if (typeof value === 'string' && value !== '') {
      const hash = hashText(value)
      if (hash !== undefined) {
        const i = this.#placeOfText(value, hash)
        const known = this.#slots[i + 1]!
        if (known !== 0) return known - 1
        const end = this.#used_bytes + value.length
        if (end <= LARGEST_ARENA) {
          this.#reserve(value.length)
          this.#arena.latin1Write(value, this.#starts[this.#size]!)
          return this.#enter(i, hash, end)
        }
      }
    }
    return this.#internOther(value)
  }
}
