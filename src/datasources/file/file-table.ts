import type { Span } from '../../diagnostic/index.ts'
import type { ColumnType, Row } from '../../tables/index.ts'
import type { CellProblem } from './cell.ts'
import type { Findings } from './source-text.ts'

/** What a reader needs to know of a table before it reads: what schema.yaml says of it. */
export interface TableSpec {
  /** Every column in order, when schema.yaml lists them all. */
  readonly columns: readonly string[] | undefined
  typeOf(column: string): ColumnType | undefined
  unitOf(column: string): string | undefined
}

/** A table as its file has it. `place` is where a row stands. */
export interface FileTable {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  place(row: number): Span
}

/** Report a cell that could not be read. */
export function reportCell(findings: Findings, problem: CellProblem, column: string | undefined, span: Span): void {
  const where = column === undefined ? '' : ` in column \`${column}\``
  findings.error(problem.code, `${problem.message}${where}`, span, { help: problem.help })
}

/** Put the columns of a table in the order in which schema.yaml lists them. The header has been checked to be the same set. */
export function arrange(table: FileTable, spec: TableSpec): FileTable {
  const wanted = spec.columns
  if (!wanted || wanted.every((name, i) => table.columns[i] === name)) return table
  const from = wanted.map(name => table.columns.indexOf(name))
  return { columns: wanted, rows: table.rows.map(row => from.map(i => row[i] ?? null)), place: table.place }
}
