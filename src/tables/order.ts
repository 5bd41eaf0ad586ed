import type { Row, Value } from './types.ts'

/** Null, then booleans (false first), then numbers, then strings by UTF-16 code units: the order of all output. */
export function compareValues(a: Value, b: Value): number {
  const kind = rank(a) - rank(b)
  if (kind !== 0) return kind
  return a === b ? 0 : a! < b! ? -1 : 1
}

/** Rows column by column; a row that is another's beginning comes first. */
export function compareRows(a: Row, b: Row): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const order = compareValues(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function rank(v: Value): number {
  return v === null ? 0 : typeof v === 'boolean' ? 1 : typeof v === 'number' ? 2 : 3
}
