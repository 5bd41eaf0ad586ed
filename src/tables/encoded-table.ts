import type { EncodedRows, Provenance, Row, TableData, TableSchema } from './types.ts'

/** A table from columns of ids. Its `rows` are made when somebody reads them, and kept; where they are there already, they are given. */
export function encodedTable(
  schema: TableSchema,
  provenance: Provenance,
  encoded: EncodedRows,
  given?: readonly Row[],
): TableData {
  let rows = given
  const data: TableData = {
    schema,
    get rows() {
      return (rows ??= decode(encoded))
    },
    provenance,
  }
  // Not enumerable: `{ ...data, rows: others }` must not go on saying what the rows were.
  return Object.defineProperty(data, 'encoded', { value: encoded })
}

function decode({ interner, columns, count }: EncodedRows): Row[] {
  const rows: Row[] = []
  for (let i = 0; i < count; i++) rows.push(columns.map(column => interner.value(column[i]!)))
  return rows
}
