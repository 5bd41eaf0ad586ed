import { CsvError, type InfoField, parse } from 'csv-parse/sync'
import { nearestName } from '../../diagnostic/index.ts'
import type { Value } from '../../tables/index.ts'
import { CellProblem, readCell } from './cell.ts'
import { type FileTable, reportCell, type TableSpec } from './file-table.ts'
import type { Findings, SourceText } from './source-text.ts'

const CR = 13
const LF = 10

/**
 * Read a CSV file with a header. Spaces around unquoted fields and empty lines don't count.
 *
 * csv-parse tells the byte at which each field ends; where it starts follows from the field before. Bytes become text offsets
 * only when there is something to report. Undefined when the file could not be read as a table; then `findings` says why.
 */
export function readCsv(source: SourceText, bytes: Buffer, spec: TableSpec, findings: Findings): FileTable | undefined {
  let header: string[] | undefined
  let headerProblems = 0
  let fields = 0
  let end = source.text.startsWith('\ufeff') ? 3 : 0
  const rowStarts: number[] = []

  const fieldStart = (first: boolean): number => {
    let at = end
    if (first) while (bytes[at] === CR || bytes[at] === LF) at++
    else at++
    return at
  }
  const spanOf = (from: number, to: number) => {
    const text = bytes.toString('utf8', from, to)
    const start = bytes.toString('utf8', 0, from).length + (text.length - text.trimStart().length)
    return source.span(start, start + Math.max(1, text.trim().length))
  }
  const cast = (text: string, context: InfoField): unknown => {
    const start = fieldStart(context.index === 0)
    if (context.index === 0) rowStarts.push(start)
    end = context.bytes
    fields = context.index + 1
    if (rowStarts.length === 1) {
      headerProblems += checkHeaderCell(text, (header ??= []), spec, findings, () => spanOf(start, end)) ? 0 : 1
      header.push(text)
      return text
    }
    const column = header?.[context.index]
    const value = readCell(text, context.quoting, column === undefined ? 'any' : spec.typeOf(column))
    if (!(value instanceof CellProblem)) return value
    reportCell(findings, value, column, spanOf(start, end))
    return null
  }

  let records: Value[][]
  try {
    records = parse(bytes, {
      bom: true,
      cast,
      max_record_size: 0,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Value[][]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // The field that went wrong is the one after the last that was read; a full row before it means a new row.
    const from = fieldStart(fields === 0 || fields === header?.length)
    findings.error('data/csv-quote', quoteMessage(error.code), spanOf(from, lineEnd(bytes, from)), {
      help: 'put the whole field in double quotes and write a quote inside it twice',
    })
    return undefined
  }
  if (!header) {
    findings.error('data/empty-file', `\`${source.name}\` is empty: it has no header`, source.opening, {
      help: 'write the names of the columns on the first line, or remove the file',
    })
    return undefined
  }
  if (headerProblems > 0) return undefined
  const names = header
  const missing = spec.columns?.filter(name => !names.includes(name)) ?? []
  if (missing.length > 0) {
    const list = missing.map(name => `\`${name}\``).join(', ')
    findings.error('data/missing-column', `the header lacks ${list}, which schema.yaml lists`, source.opening, {
      help: 'add the column to the file, or take it out of schema.yaml',
    })
    return undefined
  }
  const rows = records.slice(1)
  rows.forEach((row, i) => {
    if (row.length === names.length) return
    const start = rowStarts[i + 1]!
    findings.error(
      'data/ragged-row',
      `this row has ${count(row.length, 'field')}, the header has ${names.length}`,
      spanOf(start, lineEnd(bytes, start)),
      { help: `give ${names.map(name => `\`${name}\``).join(', ')}, and quote a field that contains a comma` },
    )
  })
  return {
    columns: names,
    rows,
    place: row => spanOf(rowStarts[row + 1]!, lineEnd(bytes, rowStarts[row + 1]!)),
  }
}

function checkHeaderCell(
  name: string,
  before: readonly string[],
  spec: TableSpec,
  findings: Findings,
  span: () => ReturnType<SourceText['span']>,
): boolean {
  if (name === '') {
    findings.error('data/unnamed-column', 'a column has no name', span(), { help: 'name every column in the header' })
    return false
  }
  if (before.includes(name)) {
    findings.error('data/duplicate-column', `the column \`${name}\` is named twice`, span(), {
      help: 'rename or remove one of the two',
    })
    return false
  }
  if (spec.columns && !spec.columns.includes(name)) {
    const near = nearestName(name, spec.columns)
    findings.error('data/unknown-column', `the column \`${name}\` is not in the table's list in schema.yaml`, span(), {
      help: near ? `did you mean \`${near}\`?` : 'add it to schema.yaml, or take it out of the file',
    })
    return false
  }
  return true
}

function quoteMessage(code: string): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quoted field is not closed'
  if (code === 'CSV_INVALID_CLOSING_QUOTE') return 'text follows the closing quote of a field'
  return 'a quote stands inside a field that is not quoted'
}

function lineEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(LF, from)
  const end = at < 0 ? bytes.length : at
  return bytes[end - 1] === CR ? end - 1 : end
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
