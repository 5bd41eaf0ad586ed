import { type Interner, Relation } from '../tables/index.ts'

/** What reads tables by name: queries, explanations, aggregates computed where they stand. */
export interface Database {
  readonly interner: Interner
  /** A table's relation, or undefined for a table that nobody declared. */
  get(table: string): Relation | undefined
  /** About how many rows of a table agree with a row in some columns. */
  rows(table: string, columns: readonly number[]): number
}

/** An empty relation of some arity stands in for tables that are not there. */
const empty = new Map<number, Relation>()

export function emptyRelation(arity: number): Relation {
  let relation = empty.get(arity)
  if (!relation) {
    relation = new Relation(arity)
    empty.set(arity, relation)
  }
  return relation
}
