/** Differences below this, relative to the largest number in play, are rounding. The one tolerance of the translation. */
export const EPSILON = 1e-9

/** Smallest step, relative to the largest coefficient, that is still believed to be a step and not noise; whole numbers have no noise. */
const SMALLEST_STEP = 1e-6

/**
 * The largest g such that every value is a multiple of g: Euclid's algorithm on floats with a relative tolerance, so that 12.5, 25 and
 * 100/3 work as well as integers. 0 when there is no believable g.
 */
export function granularity(values: Iterable<number>): number {
  let g = 0
  let largest = 0
  let whole = true
  for (const value of values) {
    const v = Math.abs(value)
    if (v === 0) continue
    if (!Number.isFinite(v)) return 0
    largest = Math.max(largest, v)
    whole &&= Number.isSafeInteger(v)
    g = g === 0 ? v : gcd(g, v, whole ? 0 : largest * EPSILON)
    if (!whole && g < largest * SMALLEST_STEP) return 0
  }
  return g
}

function gcd(a: number, b: number, tolerance: number): number {
  while (b > tolerance) {
    const rest = a % b
    a = b
    // A remainder just below the divisor is a rounding error around zero.
    b = a - rest <= tolerance ? 0 : rest
  }
  return a
}
