import type { Value } from '../../tables/index.ts'
import { asNumber, asString, type Builtin, BuiltinFault, test } from './builtin.ts'

/** A number, or text that is one. */
function readNumber(v: Value): number {
  const n = typeof v === 'string' && v.trim() !== '' ? Number(v) : v
  if (typeof n === 'number' && Number.isFinite(n)) return n
  throw new BuiltinFault(`${JSON.stringify(v)} is not a number`)
}

function finite(n: number): readonly Value[] | undefined {
  if (!Number.isFinite(n) || (Number.isInteger(n) && !Number.isSafeInteger(n))) return undefined
  return [n === 0 ? 0 : n]
}

function ordered(holds: (order: number) => boolean): Builtin {
  return test(([x, y]) => {
    if (typeof x !== typeof y || (typeof x !== 'number' && typeof x !== 'string')) return false
    return holds(x === y ? 0 : x < y! ? -1 : 1)
  })
}

/** Numbers and strings. Comparison and most of arithmetic reach the evaluator in infix form; they are here for programs made otherwise. */
export const scalars: Readonly<Record<string, Builtin>> = {
  lt: ordered(order => order < 0),
  lteq: ordered(order => order <= 0),
  gt: ordered(order => order > 0),
  gteq: ordered(order => order >= 0),
  equal: test(([x, y]) => x === y),
  max: ([x, y]) => finite(Math.max(asNumber(x!), asNumber(y!))),
  plus: ([x, y]) => finite(asNumber(x!) + asNumber(y!)),
  minus: ([x, y]) => finite(asNumber(x!) - asNumber(y!)),
  mul: ([x, y]) => finite(asNumber(x!) * asNumber(y!)),
  // Two integers give the floor of their quotient, as in Congress; 4.0 is the integer 4 here.
  div: ([x, y]) => {
    const a = asNumber(x!)
    const b = asNumber(y!)
    if (b === 0) return undefined
    return finite(Number.isInteger(a) && Number.isInteger(b) ? Math.floor(a / b) : a / b)
  },
  float: ([x]) => finite(readNumber(x!)),
  int: ([x]) => finite(Math.trunc(readNumber(x!))),
  concat: ([x, y]) => [asString(x!) + asString(y!)],
  // Code points, as in Congress.
  len: ([x]) => [[...asString(x!)].length],
}
