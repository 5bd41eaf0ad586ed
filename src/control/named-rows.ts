import { fail } from '../diagnostic/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'

/** A row by the names of its columns. */
export type Cells = ReadonlyMap<string, Value>

/** The rows of a table by column name; none when there is no such table. */
export function rowsOf(tables: Snapshot, name: string): Cells[] {
  const table = tables.get(name)
  if (!table) return []
  const names = table.schema.columns.map(column => column.name)
  return table.rows.map(row => new Map(row.map((cell, i) => [names[i] ?? '', cell])))
}

/** A cell as text or number, null when it is not there. */
export const cell = (row: Cells, column: string): Value => row.get(column) ?? null

/** A number; undefined when the cell is empty or not there. Anything else is refused under this code. */
export function numberIn(row: Cells, column: string, table: string, code: string): number | undefined {
  const value = cell(row, column)
  if (value === null) return undefined
  if (typeof value === 'number') return value
  return fail(code, `\`${table}\` has \`${value}\` as \`${column}\` in the row of \`${[...row.values()][0]}\``, {
    help: 'give a number',
  })
}

/** One row for each key: another row that differs is refused. */
export function byKey(rows: readonly Cells[], key: string, table: string): Map<Value, Cells> {
  const found = new Map<Value, Cells>()
  for (const row of rows) {
    const name = cell(row, key)
    const before = found.get(name)
    const text = JSON.stringify([...row.values()])
    if (before && JSON.stringify([...before.values()]) !== text)
      fail('plan/duplicate-row', `\`${table}\` has two different rows for \`${name}\``, {
        help: 'leave one of them',
        notes: [{ message: `the rows are \`${JSON.stringify([...before.values()])}\` and \`${text}\`` }],
      })
    found.set(name, row)
  }
  return found
}
