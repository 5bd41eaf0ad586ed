import { mix } from './hash.ts'
import { NEW, OLD, type Relation } from './relation.ts'

/**
 * Store rows, given as columns of ids, in a relation that is empty and has no indexes yet: all arrays are made at their size at once.
 * The columns are copied; rows may repeat.
 */
export function fillRelation(relation: Relation, from: readonly Int32Array[], count: number): void {
  if (relation.top > 0 || relation.isCounted)
    throw new Error('fillRelation wants an empty relation that does not count')
  let capacity = 16
  while (capacity < count) capacity *= 2
  const columns = from.map(() => new Int32Array(capacity))
  const heads = new Int32Array(capacity).fill(-1)
  const next = new Int32Array(capacity)
  const top =
    from.length === 2
      ? storePairs(from[0]!, from[1]!, count, columns[0]!, columns[1]!, heads, next)
      : storeRows(from, count, columns, heads, next)
  relation.columns = columns
  relation.heads = heads
  relation.next = next
  relation.state = new Uint8Array(capacity).fill(OLD | NEW, 0, top)
  relation.top = relation.size = relation.linked = top
}

function storeRows(
  from: readonly Int32Array[],
  count: number,
  columns: readonly Int32Array[],
  heads: Int32Array,
  next: Int32Array,
): number {
  const mask = heads.length - 1
  const arity = columns.length
  let top = 0
  rows: for (let row = 0; row < count; row++) {
    let hash = 0
    if (arity === 1) hash = from[0]![row]!
    else for (let c = 0; c < arity; c++) hash = mix(hash, from[c]![row]!)
    const bucket = hash & mask
    slots: for (let slot = heads[bucket]!; slot >= 0; slot = next[slot]!) {
      for (let c = 0; c < arity; c++) if (columns[c]![slot] !== from[c]![row]) continue slots
      continue rows
    }
    for (let c = 0; c < arity; c++) columns[c]![top] = from[c]![row]!
    next[top] = heads[bucket]!
    heads[bucket] = top++
  }
  return top
}

/** `storeRows` for the most common width. */
function storePairs(
  fromA: Int32Array,
  fromB: Int32Array,
  count: number,
  columnA: Int32Array,
  columnB: Int32Array,
  heads: Int32Array,
  next: Int32Array,
): number {
  const mask = heads.length - 1
  let top = 0
  for (let row = 0; row < count; row++) {
    const a = fromA[row]!
    const b = fromB[row]!
    const bucket = mix(mix(0, a), b) & mask
    const head = heads[bucket]!
    let slot = head
    while (slot >= 0 && (columnA[slot] !== a || columnB[slot] !== b)) slot = next[slot]!
    if (slot >= 0) continue
    columnA[top] = a
    columnB[top] = b
    next[top] = head
    heads[bucket] = top++
  }
  return top
}
