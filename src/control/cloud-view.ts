import type { Snapshot, TableSchema, Value } from '../tables/index.ts'
import type { Cells } from './named-rows.ts'

/** Single rows of a cloud as its tables show it now. */
export interface CloudView {
  /** Where a VM is; undefined: it is gone. */
  hostOf(vm: Value): Value | undefined
  /** Rows of a table with a value in a column; none where there is no such table or column. */
  rows(table: string, column: string, value: Value): readonly Cells[]
}

/** Over tables that are there as lists. */
export function viewOfTables(tables: () => Snapshot): CloudView {
  return {
    hostOf: vm =>
      tables()
        .get('nova:location')
        ?.rows.find(row => row[0] === vm)?.[1],
    rows(name, column, value) {
      const table = tables().get(name)
      if (!table) return []
      return matching(table.schema, column, at => table.rows.filter(row => row[at] === value))
    },
  }
}

/** Rows that are looked up by the place of a column, with the names of all. */
export function matching(
  { columns }: TableSchema,
  column: string,
  rowsAt: (place: number) => readonly (readonly Value[])[],
): readonly Cells[] {
  const names = columns.map(({ name }) => name)
  const at = names.indexOf(column)
  return at < 0 ? [] : rowsAt(at).map(row => new Map(row.map((cell, i) => [names[i] ?? '', cell])))
}
