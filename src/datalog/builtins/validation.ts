import type { Value } from '../../tables/index.ts'
import { asInteger, asNumber, asString, type Builtin, BuiltinFault } from './builtin.ts'

/**
 * Validation gives empty text for a good value, or says what is wrong with it. Congress checks with the option types of oslo.config; these
 * do the same.
 *
 * - `validate_int(smallest, largest, value, complaint)`: the two bounds may stand in either order; empty text is no bound.
 * - `validate_string(pattern, longest, quotes, ignore_case, value, complaint)`: pattern is a regular expression found anywhere in the value
 *   (empty: no condition); longest 0 or empty is no limit; quotes non-zero strips a pair of quotes first, and an opening quote must be
 *   closed; ignore_case non-zero ignores case. A number is read as its text.
 */
export const validation: Readonly<Record<string, Builtin>> = {
  validate_int: ([a, b, value]) => [numberComplaint(a!, b!, value!, true)],
  validate_float: ([a, b, value]) => [numberComplaint(a!, b!, value!, false)],
  validate_string: ([pattern, longest, quotes, ignoreCase, value]) => [
    stringComplaint(
      asString(pattern!),
      longest === '' ? 0 : asInteger(longest!),
      isSet(quotes!),
      isSet(ignoreCase!),
      value!,
    ),
  ],
}

function isSet(v: Value): boolean {
  return v === true || (typeof v === 'number' && v !== 0)
}

function numberComplaint(a: Value, b: Value, value: Value, whole: boolean): string {
  const bounds = [a === '' ? Number.NEGATIVE_INFINITY : asNumber(a), b === '' ? Number.POSITIVE_INFINITY : asNumber(b)]
  const low = Math.min(...bounds)
  const high = Math.max(...bounds)
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof n !== 'number' || !Number.isFinite(n)) return `${JSON.stringify(value)} is not a number`
  if (whole && !Number.isInteger(n)) return `${n} is not a whole number`
  if (n < low) return `${n} is less than ${low}`
  return n > high ? `${n} is greater than ${high}` : ''
}

function stringComplaint(pattern: string, longest: number, quotes: boolean, ignoreCase: boolean, given: Value): string {
  const value = typeof given === 'number' ? String(given) : given
  if (typeof value !== 'string') return `${JSON.stringify(value)} is not a string`
  let inner = value
  if (quotes && /^["']/.test(value)) {
    if (value.at(-1) !== value[0]) return 'the text has an opening quote that is not closed'
    inner = value.slice(1, -1)
  }
  if (longest > 0 && [...inner].length > longest) return `the text is longer than ${longest}`
  let expression: RegExp
  try {
    expression = new RegExp(pattern, ignoreCase ? 'iu' : 'u')
  } catch {
    throw new BuiltinFault(`${JSON.stringify(pattern)} is not a regular expression`)
  }
  return expression.test(inner) ? '' : `the text does not match ${JSON.stringify(pattern)}`
}
