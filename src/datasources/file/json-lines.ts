import type { Value } from '../../tables/index.ts'
import { CellProblem, checkValue, readNumber } from './cell.ts'
import type { FileTable, TableSpec } from './file-table.ts'
import { type FileRecord, tableOfRecords } from './records.ts'
import type { Findings, SourceText } from './source-text.ts'

/** One line of a JSON lines file, parsed. `start` and `end` are its offsets in the file. */
export interface JsonLine {
  readonly value: unknown
  readonly start: number
  readonly end: number
}

/** Read a JSON lines table: one object or one list on each line; empty lines don't count. */
export function readJsonLines(source: SourceText, spec: TableSpec, findings: Findings): FileTable | undefined {
  const before = findings.errors
  const records: FileRecord[] = []
  for (const line of parseJsonLines(source, findings)) {
    const span = () => source.span(line.start, line.end)
    const field = (name: string | undefined, value: unknown) => ({
      name,
      read: (column: string): Value | CellProblem => checkValue(value, spec.typeOf(column)),
      span,
    })
    if (Array.isArray(line.value)) {
      records.push({ positional: true, fields: line.value.map(value => field(undefined, value)), span })
    } else if (typeof line.value === 'object' && line.value !== null) {
      const fields = Object.entries(line.value).map(([name, value]) => field(name, value))
      records.push({ positional: false, fields, span })
    } else {
      findings.error('data/not-a-row', 'a row is an object or a list', span(), {
        help: 'write `{"column": value, …}` or `[value, …]` on each line',
      })
    }
  }
  return records.length === 0 && findings.errors > before ? undefined : tableOfRecords(source, records, spec, findings)
}

/** Every line that is JSON; the others, and integers that JSON.parse would round, become findings. */
export function parseJsonLines(source: SourceText, findings: Findings): JsonLine[] {
  const lines: JsonLine[] = []
  const { text } = source
  for (let start = text.startsWith('\ufeff') ? 1 : 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const next = newline < 0 ? text.length : newline
    const line = text.slice(start, next).trimEnd()
    if (line !== '') {
      const large = firstLargeInteger(line)
      if (large) {
        const from = start + large.at
        findings.error(large.problem.code, large.problem.message, source.span(from, from + large.length), {
          help: large.problem.help,
        })
      } else {
        try {
          lines.push({ value: JSON.parse(line), start, end: start + line.length })
        } catch (error) {
          const at = start + offsetOf(error, line)
          findings.error('data/bad-json', 'this line is not JSON', source.span(at, at + 1), {
            help: 'write one JSON object or list on each line',
          })
        }
      }
    }
    start = next + 1
  }
  return lines
}

/** JSON.parse rounds silently and keeps no source text, so long runs of digits outside strings are looked at beforehand. */
function firstLargeInteger(line: string): { at: number; length: number; problem: CellProblem } | undefined {
  if (!/\d{16}/.test(line)) return undefined
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, quoted => ' '.repeat(quoted.length))
  for (const match of bare.matchAll(/-?\d[\d.eE+-]*/g)) {
    const value = readNumber(match[0])
    if (value instanceof CellProblem && value.code === 'data/number-too-large')
      return { at: match.index, length: match[0].length, problem: value }
  }
  return undefined
}

/** V8 names the position in its message, or leaves it out at the end of the text. */
function offsetOf(error: unknown, line: string): number {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')
  return position ? Math.min(Number(position[1]), line.length - 1) : line.length - 1
}
