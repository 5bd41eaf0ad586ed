/** Not a number in canonical form: text, where text may stand. */
export const TEXT = Number.POSITIVE_INFINITY
/** A number in canonical form with more digits than can be read off. Every number read off is below this. */
export const LONG = Number.MAX_VALUE

const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57

/** Digits of which any integer is exact in a double. */
const MOST_DIGITS = 15
const POWERS = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i)

/**
 * The value of a number in canonical form (see `readCell`), read off its bytes. Exactly what `Number` makes of the text: digits and power
 * of ten are both exact, and their quotient is rounded once.
 */
export function canonicalNumber(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS
  let at = negative ? start + 1 : start
  const first = at
  let digits = 0
  while (at < end) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) break
    digits = digits * 10 + digit
    at++
  }
  if (at === first || (bytes[first] === ZERO && at > first + 1)) return TEXT
  let length = at - first
  let decimals = 0
  if (at < end) {
    if (bytes[at] !== POINT) return TEXT
    at++
    while (at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE) {
      digits = digits * 10 + (bytes[at]! - ZERO)
      decimals++
      at++
    }
    if (at < end || decimals === 0) return TEXT
    length += decimals
  }
  if (length > MOST_DIGITS) return LONG
  const value = decimals === 0 ? digits : digits / POWERS[decimals]!
  return negative && value !== 0 ? -value : value
}
