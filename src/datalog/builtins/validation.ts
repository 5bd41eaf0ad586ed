import type { Value } from '../../tables/index.ts'
import { asInteger, asNumber, asString, type Builtin, BuiltinFault } from './builtin.ts'

/**
 * Validation gives empty text for a good value, or says what is wrong with it. The two bounds of a number may stand in either order.
 * `validate_string(pattern, longest, quotes, ignoreCase, value, complaint)`: pattern is a regular expression found anywhere in the value
 * (empty: no condition), longest 0 is no limit, quotes non-zero strips a pair of quotes first, ignoreCase non-zero ignores case.
 */
export const validation: Readonly<Record<string, Builtin>> = {
  validate_int: ([a, b, value]) => [numberComplaint(a!, b!, value!, true)],
  validate_float: ([a, b, value]) => [numberComplaint(a!, b!, value!, false)],
  validate_string: ([pattern, longest, quotes, ignoreCase, value]) => [
    stringComplaint(asString(pattern!), asInteger(longest!), isSet(quotes!), isSet(ignoreCase!), value!),
  ],
}

function isSet(v: Value): boolean {
  return v === true || (typeof v === 'number' && v !== 0)
}

function numberComplaint(a: Value, b: Value, value: Value, whole: boolean): string {
  const low = Math.min(asNumber(a), asNumber(b))
  const high = Math.max(asNumber(a), asNumber(b))
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof n !== 'number' || !Number.isFinite(n)) return `${JSON.stringify(value)} is not a number`
  if (whole && !Number.isInteger(n)) return `${n} is not a whole number`
  if (n < low) return `${n} is less than ${low}`
  return n > high ? `${n} is greater than ${high}` : ''
}

function stringComplaint(pattern: string, longest: number, quotes: boolean, ignoreCase: boolean, value: Value): string {
  if (typeof value !== 'string') return `${JSON.stringify(value)} is not a string`
  const inner = quotes && /^(["']).*\1$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value
  if (longest > 0 && [...inner].length > longest) return `the text is longer than ${longest}`
  let expression: RegExp
  try {
    expression = new RegExp(pattern, ignoreCase ? 'iu' : 'u')
  } catch {
    throw new BuiltinFault(`${JSON.stringify(pattern)} is not a regular expression`)
  }
  return expression.test(inner) ? '' : `the text does not match ${JSON.stringify(pattern)}`
}
