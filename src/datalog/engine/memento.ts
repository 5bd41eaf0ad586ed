import { OLD, type Relation } from '../../tables/index.ts'

/** Undoes a committed transaction once everything committed after it was undone. */
export interface Memento {
  undo(): void
}

/** A row that a transaction touched, by its ids: its slot may be another's by the time of going back. */
export interface RememberedRow {
  readonly row: readonly number[]
  readonly wasIn: boolean
  readonly count: number
}

/** What a relation's open transaction has touched, as it was before. */
export function rememberRows(relation: Relation): RememberedRow[] {
  return Array.from({ length: relation.touchedCount }, (_, i) => {
    const slot = relation.touched[i]!
    return {
      row: relation.row(slot),
      wasIn: (relation.state[slot]! & OLD) !== 0,
      count: relation.countBefore(i),
    }
  })
}

export function restoreRows(relation: Relation, rows: readonly RememberedRow[]): void {
  for (const { row, wasIn, count } of rows) {
    if (!wasIn) relation.remove(row)
    else {
      relation.add(row)
      if (relation.isCounted) relation.counts[relation.locate(row)] = count
    }
  }
}
