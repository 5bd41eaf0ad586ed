import { hashText, mix } from './hash.ts'
import type { Value } from './types.ts'

/** Bytes of text that one interner keeps as bytes; what would go beyond is kept as strings. */
const LARGEST_ARENA = 2 ** 31

/** ASCII texts as they stand in a file's bytes. Each array has one element for each text, or more. */
export interface TextBatch {
  readonly bytes: Buffer
  /** From where to before where a text stands. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** What `hashBytes` says of it. */
  readonly hashes: Int32Array
  /** Where its id is wanted. */
  readonly targets: Int32Array
  readonly count: number
}

/** Whole numbers below this are looked up without hashing. */
const SMALL = 1024

/**
 * Gives each distinct value a number 0, 1, 2 … so that tuples are rows of 32-bit ids and equality is equality of ids.
 * Values are never forgotten: an interner lives as long as the relations that use it.
 *
 * One open-addressing table in typed arrays: a million names take some 40 bytes each. ASCII texts are kept as bytes, one after the other
 * in the order of their ids, and made into a string when somebody asks for one; a reader of files interns them without making any
 * (`internTexts`). Other texts, which are few, and null, true, false and the empty text are kept in a `Map`.
 */
export class Interner {
  /**
   * The number behind each id, NaN for a value that is not a number: arithmetic and comparison read it without a look at the value.
   * Replaced when it grows: read it anew after an `intern`.
   */
  numbers = new Float64Array(1024)
  #size = 0
  /** Pairs of a hash and an id + 1, where 0 is a free place. At most half of the places are in use. */
  #slots = new Int32Array(4096)
  #used = 0
  /** Where the bytes of each id begin in the arena; they end where those of the next id begin. */
  #starts = new Uint32Array(1024)
  #arena: Buffer = Buffer.allocUnsafeSlow(8192)
  /** By small whole number: its id + 1, or 0. */
  readonly #small = new Int32Array(SMALL)
  readonly #others = new Map<Value, number>()
  /** By id: the values of `#others`, and the texts that somebody asked for. */
  readonly #values: Value[] = []
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)

  get size(): number {
    return this.#size
  }

  /** The id of a value, given now if it is new. -0 is 0. NaN and infinities are no values: an internal fault. */
  intern(value: Value): number {
    if (typeof value === 'number') return this.#internNumber(value)
    if (typeof value === 'string' && value !== '') {
      const hash = hashText(value)
      if (hash !== undefined) {
        const place = this.#placeOfText(value, hash)
        const known = this.#slots[place + 1]!
        if (known !== 0) return known - 1
        const start = this.#starts[this.#size]!
        if (this.#reserve(value.length)) {
          this.#arena.write(value, start, 'latin1')
          return this.#enter(place, hash, start + value.length, Number.NaN)
        }
      }
    }
    const known = this.#others.get(value)
    if (known !== undefined) return known
    this.#reserve(0)
    const id = this.#append(this.#starts[this.#size]!, Number.NaN)
    this.#others.set(value, id)
    this.#values[id] = value
    return id
  }

  /**
   * Intern texts that stand in a file, and put their ids where they belong. In batches, so that reads of memory overlap. A text is first
   * compared with the one before it and with the one that was new after that: files name the same things in the same order.
   */
  internTexts({ bytes, starts, ends, hashes, targets, count }: TextBatch, ids: Int32Array): void {
    let slots = this.#slots
    let arena = this.#arena
    let offsets = this.#starts
    let last = this.#size
    texts: for (let i = 0; i < count; i++) {
      const start = starts[i]!
      const length = ends[i]! - start
      if (last < this.#size) {
        const offset = offsets[last]!
        const after = offsets[last + 1]!
        if (after - offset === length && areSame(arena, offset, bytes, start, length)) {
          ids[targets[i]!] = last
          continue
        }
        if (last + 1 < this.#size && offsets[last + 2]! - after === length) {
          if (areSame(arena, after, bytes, start, length)) {
            ids[targets[i]!] = ++last
            continue
          }
        }
      }
      const hash = hashes[i]!
      const wrap = slots.length - 1
      let place = (hash << 1) & wrap
      for (;;) {
        const next = slots[place + 1]!
        if (next === 0) break
        if (slots[place] === hash) {
          const offset = offsets[next - 1]!
          if (offsets[next]! - offset === length && areSame(arena, offset, bytes, start, length)) {
            ids[targets[i]!] = last = next - 1
            continue texts
          }
        }
        place = (place + 2) & wrap
      }
      if (length > 0 && this.#reserve(length)) {
        arena = this.#arena
        offsets = this.#starts
        const offset = offsets[this.#size]!
        for (let k = 0; k < length; k++) arena[offset + k] = bytes[start + k]!
        last = this.#enter(place, hash, offset + length, Number.NaN)
        slots = this.#slots
      } else last = this.intern(bytes.toString('latin1', start, start + length))
      ids[targets[i]!] = last
    }
  }

  /** The id of a value, or -1 when it was never interned (so no tuple can hold it). */
  find(value: Value): number {
    if (typeof value === 'number') {
      const number = value === 0 ? 0 : value
      return this.#slots[this.#placeOfNumber(number, this.#hashNumber(number)) + 1]! - 1
    }
    if (typeof value === 'string' && value !== '') {
      const hash = hashText(value)
      if (hash !== undefined) {
        const known = this.#slots[this.#placeOfText(value, hash) + 1]!
        if (known !== 0) return known - 1
      }
    }
    return this.#others.get(value) ?? -1
  }

  value(id: number): Value {
    const number = this.numbers[id]!
    if (!Number.isNaN(number)) return number
    const known = this.#values[id]
    if (known !== undefined) return known
    const text = this.#arena.toString('latin1', this.#starts[id]!, this.#starts[id + 1]!)
    this.#values[id] = text
    return text
  }

  #internNumber(value: number): number {
    const small = value >= 0 && value < SMALL && Math.floor(value) === value
    if (small && this.#small[value] !== 0) return this.#small[value]! - 1
    if (!Number.isFinite(value)) throw new Error(`not a value: ${value}`)
    const number = value === 0 ? 0 : value
    const hash = this.#hashNumber(number)
    const place = this.#placeOfNumber(number, hash)
    const known = this.#slots[place + 1]!
    if (known !== 0) return known - 1
    this.#reserve(0)
    if (small) this.#small[number] = this.#size + 1
    return this.#enter(place, hash, this.#starts[this.#size]!, number)
  }

  #hashNumber(number: number): number {
    this.#double[0] = number
    return mix(mix(0, this.#halves[0]!), this.#halves[1]!)
  }

  /** The place in the table that holds a number, or the free one where it belongs. */
  #placeOfNumber(number: number, hash: number): number {
    const slots = this.#slots
    const wrap = slots.length - 1
    let place = (hash << 1) & wrap
    for (;;) {
      const next = slots[place + 1]!
      if (next === 0 || (slots[place] === hash && this.numbers[next - 1] === number)) return place
      place = (place + 2) & wrap
    }
  }

  #placeOfText(text: string, hash: number): number {
    const slots = this.#slots
    const wrap = slots.length - 1
    let place = (hash << 1) & wrap
    for (;;) {
      const next = slots[place + 1]!
      if (next === 0 || (slots[place] === hash && this.#isText(next - 1, text))) return place
      place = (place + 2) & wrap
    }
  }

  #isText(id: number, text: string): boolean {
    const start = this.#starts[id]!
    const length = text.length
    if (this.#starts[id + 1]! - start !== length) return false
    for (let i = 0; i < length; i++) if (this.#arena[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** Make room for one more value with so many bytes of text; false when the arena would grow too large. */
  #reserve(bytes: number): boolean {
    const size = this.#size
    if (size + 2 > this.#starts.length) this.#growIds(grown(this.#starts.length))
    const end = this.#starts[size]! + bytes
    if (end > this.#arena.length) {
      if (end > LARGEST_ARENA) return false
      this.#growArena(Math.min(LARGEST_ARENA, Math.max(end, grown(this.#arena.length))))
    }
    return true
  }

  /** A new id for a value whose place in the table is known. */
  #enter(place: number, hash: number, end: number, number: number): number {
    const id = this.#append(end, number)
    this.#slots[place] = hash
    this.#slots[place + 1] = id + 1
    if (++this.#used * 4 > this.#slots.length) this.#growTable(grown(this.#slots.length))
    return id
  }

  /** A new id whose bytes end at `end`. */
  #append(end: number, number: number): number {
    const id = this.#size++
    this.#starts[id + 1] = end
    this.numbers[id] = number
    return id
  }

  /** Make room for so many values and bytes of text in all, by a guess: it costs less than to grow step by step. */
  expect(values: number, bytes: number): void {
    if (bytes > this.#arena.length) this.#growArena(Math.min(bytes, LARGEST_ARENA))
    if (values + 2 > this.#starts.length) this.#growIds(values + 2)
    let places = this.#slots.length
    while (values * 4 > places) places *= 2
    if (places > this.#slots.length) this.#growTable(places)
  }

  #growArena(length: number): void {
    const arena = Buffer.allocUnsafeSlow(length)
    this.#arena.copy(arena, 0, 0, this.#starts[this.#size]!)
    this.#arena = arena
  }

  #growIds(length: number): void {
    const starts = new Uint32Array(length)
    starts.set(this.#starts)
    this.#starts = starts
    const numbers = new Float64Array(length)
    numbers.set(this.numbers)
    this.numbers = numbers
  }

  #growTable(length: number): void {
    const old = this.#slots
    const slots = new Int32Array(length)
    const wrap = length - 1
    for (let i = 0; i < old.length; i += 2) {
      const id = old[i + 1]!
      if (id === 0) continue
      const hash = old[i]!
      let place = (hash << 1) & wrap
      while (slots[place + 1] !== 0) place = (place + 2) & wrap
      slots[place] = hash
      slots[place + 1] = id
    }
    this.#slots = slots
  }
}

/** Whether bytes are the same: the last first, since names mostly begin alike. */
function areSame(a: Uint8Array, from: number, b: Uint8Array, at: number, length: number): boolean {
  for (let k = length - 1; k >= 0; k--) if (a[from + k] !== b[at + k]) return false
  return true
}

/** Lengths grow fast while they are small: half a megabyte costs nothing, being copied often does. */
function grown(length: number): number {
  return length * (length < 65_536 ? 8 : 2)
}
