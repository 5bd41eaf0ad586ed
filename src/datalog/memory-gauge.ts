import type { Relation } from '../tables/index.ts'

/** A table that rules of a policy fill. */
export interface FilledTable {
  readonly policy: string
  readonly relation: Relation
}

/**
 * Estimates the memory of derived tables from the arrays behind them, those for rows to come included. Indexes, groups of aggregates
 * and the texts of values are not in it.
 */
export class MemoryGauge {
  readonly #tables: () => Iterable<FilledTable>
  /** Tuples derived since a policy was measured, over many small transactions. */
  readonly #since = new Map<string | undefined, number>()

  constructor(tables: () => Iterable<FilledTable>) {
    this.#tables = tables
  }

  /** Note derived tuples; how many there are since the last measuring. */
  since(policy: string | undefined, tuples: number): number {
    const since = (this.#since.get(policy) ?? 0) + tuples
    this.#since.set(policy, since)
    return since
  }

  /** Bytes of the tables that a policy fills, or all of them. */
  bytes(policy: string | undefined): number {
    this.#since.set(policy, 0)
    const relations = new Set<Relation>()
    for (const t of this.#tables()) if (policy === undefined || t.policy === policy) relations.add(t.relation)
    let bytes = 0
    for (const r of relations) bytes += relationBytes(r)
    return bytes
  }
}

/** What a row takes at least: the ids of its columns, and its state. */
export function leastRowBytes(arity: number): number {
  return arity * 4 + 1
}

/** Bytes of a relation's rows and hash. */
function relationBytes({ columns, state, counts, touched, heads, next, matrix }: Relation): number {
  const arrays = [...columns, state, counts, touched, heads, next, ...(matrix ? [matrix.bits] : [])]
  return arrays.reduce((sum, array) => sum + array.byteLength, 0)
}
