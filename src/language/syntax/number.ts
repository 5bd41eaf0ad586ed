const LIMIT = 2 ** 53

/**
 * The value of a number as written: an integer, a decimal with or without exponent, or Congress's `0x`, `0o`, `0b` integers.
 * `undefined` when it is beyond 2^53, where numbers are no longer exact.
 */
export function readNumber(text: string): number | undefined {
  const value = Number(text)
  if (value < LIMIT) return value
  // A number just past the limit rounds to it: only spellings of exactly 2^53 may stand.
  if (value === LIMIT && isExactly(text, BigInt(LIMIT))) return value
  return undefined
}

function isExactly(text: string, wanted: bigint): boolean {
  const integer = /^0[xob][0-9a-f]+$/i.test(text) ? text : /^(\d+)(?:\.0+)?$/.exec(text)?.[1]
  return integer !== undefined && BigInt(integer) === wanted
}
