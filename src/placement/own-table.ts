import type { TableInfo } from '../language/index.ts'
import { type EncodedRows, encodedTable, type Row, type TableData } from '../tables/index.ts'

/** A table that this room makes for programs of its own. */
export function ownTable(table: string, columns: readonly string[], rows: readonly Row[] | EncodedRows): TableData {
  const schema = { table, columns: columns.map(name => ({ name })) }
  const provenance = { source: 'placement', readAt: new Date(0).toISOString() }
  return 'interner' in rows ? encodedTable(schema, provenance, rows) : { schema, rows, provenance }
}

/** Names for columns that nobody asks for by name. */
export const numberedColumns = (arity: number): string[] => Array.from({ length: arity }, (_, i) => `c${i}`)

/** What a program has to know of a table that this room makes. */
export function ownTableInfo(name: string, arity: number, kind: TableInfo['kind']): TableInfo {
  return { name, arity, columns: undefined, kind, role: undefined, policy: undefined, display: name }
}
