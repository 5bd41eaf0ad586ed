/**
 * Which pairs of ids are in a set, one bit for each pair: for relations of two columns so full that this is smaller than a hash. A test
 * touches one word, where a hash of millions of rows misses the cache twice.
 */
export class BitMatrix {
  /** Bit `b` of row `a` is bit `a * width + b` of these words. */
  readonly bits: Int32Array
  readonly height: number
  readonly width: number

  constructor(height: number, width: number) {
    this.height = height
    this.width = width
    this.bits = new Int32Array(Math.ceil((height * width) / 32))
  }

  /** Whether a pair has a place. */
  covers(a: number, b: number): boolean {
    return a < this.height && b < this.width
  }

  has(a: number, b: number): boolean {
    const at = a * this.width + b
    return this.covers(a, b) && (this.bits[at >>> 5]! & (1 << (at & 31))) !== 0
  }

  /** Add a covered pair; false when it was there. */
  add(a: number, b: number): boolean {
    const at = a * this.width + b
    const word = this.bits[at >>> 5]!
    const bit = 1 << (at & 31)
    if ((word & bit) !== 0) return false
    this.bits[at >>> 5] = word | bit
    return true
  }
}

/** Rows from which a bit matrix may take the place of the hash. */
export const MATRIX_ROWS = 16_384

/** Bytes of bits that a row may cost: a hash takes about eight. A matrix of `SMALL` bytes is worth it whatever its rows. */
const BYTES_A_ROW = 8
const SMALL = 2 ** 24

/** An empty matrix for so many pairs of ids up to `a` and `b`, or undefined when it would be too empty. Its rows begin at words. */
export function emptyMatrix(a: number, b: number, rows: number): BitMatrix | undefined {
  // Some room for ids that come later.
  const height = Math.ceil((a + 1) * 1.25)
  const width = Math.ceil(((b + 1) * 1.25) / 32) * 32
  if ((height * width) / 8 > Math.max(SMALL, rows * BYTES_A_ROW) || height * width >= 2 ** 31) return undefined
  return new BitMatrix(height, width)
}

/** A matrix of pairs, or undefined when it would be too empty. */
export function matrixFor(a: Int32Array, b: Int32Array, rows: number): BitMatrix | undefined {
  let height = 0
  let width = 0
  for (let i = 0; i < rows; i++) {
    if (a[i]! > height) height = a[i]!
    if (b[i]! > width) width = b[i]!
  }
  const matrix = emptyMatrix(height, width, rows)
  if (matrix) for (let i = 0; i < rows; i++) matrix.add(a[i]!, b[i]!)
  return matrix
}
