import { mix } from './hash.ts'
import type { Relation } from './relation.ts'

/**
 * Store rows, given as columns of ids below `ids`, in a fresh relation: all arrays are made at their size at once, and no row is looked
 * for. The columns are copied, since relations write to theirs; rows may repeat.
 */
export function fillRelation(relation: Relation, from: readonly Int32Array[], count: number, ids: number): void {
  let room = 16
  while (room < count) room *= 2
  const columns = from.map(() => new Int32Array(room))
  if (areDistinct(from, count, ids)) {
    from.forEach((column, c) => {
      columns[c]!.set(column.subarray(0, count))
    })
    relation.adopt(columns, count)
  } else relation.adopt(columns, copyDistinct(from, count, columns))
}

/**
 * Whether rows are surely distinct, found in one pass when the rows of each first value stand together, as they do in most files: then
 * a row can only repeat one of its neighbours, and does not if their second values differ.
 */
function areDistinct(columns: readonly Int32Array[], count: number, ids: number): boolean {
  const [first, second] = columns
  if (!first) return count <= 1
  const seen = new Uint8Array(ids)
  /** By second value: the first row of the group in which it was last met, + 1. */
  const met = new Int32Array(second ? ids : 0)
  for (let row = 0; row < count; ) {
    const a = first[row]!
    if (seen[a] !== 0) return false
    seen[a] = 1
    const group = row + 1
    if (row + 1 < count && first[row + 1] === a) {
      if (!second) return false
      do {
        const b = second[row]!
        if (met[b] === group) return false
        met[b] = group
        row++
      } while (row < count && first[row] === a)
    } else row++
  }
  return true
}

/** Copy each row once; the number of rows. */
function copyDistinct(from: readonly Int32Array[], count: number, to: readonly Int32Array[]): number {
  const arity = from.length
  let buckets = 16
  while (buckets < count) buckets *= 2
  const heads = new Int32Array(buckets).fill(-1)
  const next = new Int32Array(count)
  let top = 0
  rows: for (let row = 0; row < count; row++) {
    let hash = 0
    for (let c = 0; c < arity; c++) hash = mix(hash, from[c]![row]!)
    const bucket = hash & (buckets - 1)
    const head = heads[bucket]!
    slots: for (let slot = head; slot >= 0; slot = next[slot]!) {
      for (let c = 0; c < arity; c++) if (to[c]![slot] !== from[c]![row]) continue slots
      continue rows
    }
    for (let c = 0; c < arity; c++) to[c]![top] = from[c]![row]!
    next[top] = head
    heads[bucket] = top++
  }
  return top
}
