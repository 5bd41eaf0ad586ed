import { Interner, Relation } from '../tables/index.ts'

/** The relations of one evaluator by table name, with the interner they share. */
export class Database {
  readonly interner = new Interner()
  readonly relations = new Map<string, Relation>()

  /** A table's relation, or undefined for a table that has no row and nobody declared. */
  get(table: string): Relation | undefined {
    return this.relations.get(table)
  }

  size(table: string): number {
    return this.relations.get(table)?.size ?? 0
  }
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
