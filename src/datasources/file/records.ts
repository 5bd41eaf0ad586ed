import { nearestName, type Span } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import { CellProblem } from './cell.ts'
import { type FileTable, reportCell, type TableSpec } from './file-table.ts'
import type { Findings, SourceText } from './source-text.ts'

/** One field of a record: `name` for objects, position for lists. */
export interface RecordField {
  readonly name: string | undefined
  /** The value, given the column's name once it is known. */
  read(column: string): Value | CellProblem
  span(): Span
}

/** One row of a JSON lines or YAML file: an object, or a list of values. */
export interface FileRecord {
  readonly positional: boolean
  readonly fields: readonly RecordField[]
  span(): Span
}

/**
 * Turn records into a table. Objects: columns in the order in which they are first seen, absent keys are null. Lists: by position, the
 * names from schema.yaml, else `c1`, `c2`, …
 */
export function tableOfRecords(
  source: SourceText,
  records: readonly FileRecord[],
  spec: TableSpec,
  findings: Findings,
): FileTable | undefined {
  const first = records[0]
  if (!first) {
    if (spec.columns) return { columns: spec.columns, rows: [], place: () => source.opening }
    findings.error('data/empty-file', `\`${source.name}\` has no rows, so its columns are not known`, source.opening, {
      help: "list the table's columns in schema.yaml, or remove the file",
    })
    return undefined
  }
  const columns = [...(spec.columns ?? (first.positional ? first.fields.map((_, i) => `c${i + 1}`) : []))]
  const index = new Map(columns.map((name, i) => [name, i]))
  const fixed = spec.columns !== undefined || first.positional
  const rows = records.map(record => {
    const row: Value[] = new Array<Value>(columns.length).fill(null)
    if (record.positional !== first.positional) {
      findings.error('data/mixed-rows', 'this file mixes lists and objects as rows', record.span(), {
        help: 'write every row in the same way',
      })
      return row
    }
    if (record.positional && record.fields.length !== columns.length) {
      findings.error(
        'data/ragged-row',
        `this row has ${record.fields.length} values, the table has ${columns.length} columns`,
        record.span(),
        { help: `give ${columns.map(name => `\`${name}\``).join(', ')}` },
      )
      return row
    }
    record.fields.forEach((field, i) => {
      let at = field.name === undefined ? i : index.get(field.name)
      if (at === undefined && field.name !== undefined) {
        if (fixed) {
          const near = nearestName(field.name, columns)
          findings.error('data/unknown-column', `the table has no column \`${field.name}\``, field.span(), {
            help: near ? `did you mean \`${near}\`?` : `its columns are ${columns.map(c => `\`${c}\``).join(', ')}`,
          })
          return
        }
        at = columns.length
        columns.push(field.name)
        index.set(field.name, at)
      }
      const value = field.read(columns[at!]!)
      if (value instanceof CellProblem) reportCell(findings, value, columns[at!], field.span())
      else row[at!] = value
    })
    return row
  })
  const full: Row[] = rows.map(row => (row.length === columns.length ? row : columns.map((_, i) => row[i] ?? null)))
  return { columns, rows: full, place: row => records[row]!.span() }
}
