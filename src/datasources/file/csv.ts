import { nearestName } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import { CellProblem, readCell } from './cell.ts'
import { type FileTable, reportCell, type TableSpec } from './file-table.ts'
import { type CsvRow, scanCsv } from './scan-csv.ts'
import type { Findings, SourceText } from './source-text.ts'

/** Read a CSV file with a header. Undefined when it is no table at all; then `findings` says why. */
export function readCsv(source: SourceText, spec: TableSpec, findings: Findings): FileTable | undefined {
  const { rows, problems } = scanCsv(source.text)
  for (const { message, start, end } of problems) {
    findings.error('data/csv-quote', message, source.span(start, end), {
      help: 'put the whole field in double quotes and write a quote inside it twice',
    })
  }
  const [header, ...body] = rows
  if (!header) {
    findings.error('data/empty-file', `\`${source.name}\` is empty: it has no header`, source.opening, {
      help: 'write the names of the columns on the first line, or remove the file',
    })
    return undefined
  }
  if (!checkHeader(header, source, spec, findings)) return undefined
  const columns = header.fields.map(field => field.text)
  const types = columns.map(name => spec.typeOf(name))
  const values = body.map((row): Row => {
    if (row.fields.length !== columns.length) {
      const count = `${row.fields.length} field${row.fields.length === 1 ? '' : 's'}`
      const message = `this row has ${count}, the header has ${columns.length}`
      findings.error('data/ragged-row', message, source.span(row.start, row.end), {
        help: `give ${columns.map(name => `\`${name}\``).join(', ')}, and quote a field that contains a comma`,
      })
    }
    return row.fields.map((field, i): Value => {
      const value = readCell(field.text, field.quoted, types[i])
      if (!(value instanceof CellProblem)) return value
      reportCell(findings, value, columns[i], source.span(field.start, field.end))
      return null
    })
  })
  return { columns, rows: values, place: row => source.span(body[row]!.start, body[row]!.end) }
}

/** Report whatever is wrong with a header; true when nothing is. */
export function checkHeader(header: CsvRow, source: SourceText, spec: TableSpec, findings: Findings): boolean {
  const before = findings.errors
  const names = new Set<string>()
  for (const { text, start, end } of header.fields) {
    const span = source.span(start, Math.max(end, start + 1))
    if (text === '') {
      findings.error('data/unnamed-column', 'a column has no name', span, { help: 'name every column in the header' })
    } else if (names.has(text)) {
      findings.error('data/duplicate-column', `the column \`${text}\` is named twice`, span, {
        help: 'rename or remove one of the two',
      })
    } else if (spec.columns && !spec.columns.includes(text)) {
      const near = nearestName(text, spec.columns)
      findings.error('data/unknown-column', `the column \`${text}\` is not in the table's list in schema.yaml`, span, {
        help: near ? `did you mean \`${near}\`?` : 'add it to schema.yaml, or take it out of the file',
      })
    }
    names.add(text)
  }
  const missing = spec.columns?.filter(name => !names.has(name)) ?? []
  if (missing.length > 0 && findings.errors === before) {
    const list = missing.map(name => `\`${name}\``).join(', ')
    findings.error('data/missing-column', `the header lacks ${list}, which schema.yaml lists`, source.opening, {
      help: 'add the column to the file, or take it out of schema.yaml',
    })
  }
  return findings.errors === before
}
