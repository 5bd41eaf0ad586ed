import { createRequire } from 'node:module'
import type { Sink } from './io.ts'

/** One column of a table for people. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * Rows as a table: borders on a terminal, aligned plain text with two spaces between columns anywhere else, so that `grep` and
 * `awk` work on it. Cells may carry colours; they are measured without them. Ends with a newline.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], sink: Sink): string {
  return sink.isTerminal ? bordered(columns, rows, sink.columns) : aligned(columns, rows)
}

function bordered(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  // Loaded on demand: most runs print no bordered table, and start-up time is felt.
  const Table = createRequire(import.meta.url)('cli-table3') as typeof import('cli-table3')
  const widths = narrowed(naturalWidths(columns, rows), width)
  const table = new Table({
    head: columns.map(column => column.title),
    colAligns: columns.map(column => column.align ?? 'left'),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push(row.map((cell, i) => wrapped(cell, widths[i]!)))
  return `${table.toString()}\n`
}

/** Characters around a cell: a blank on either side and a border. */
const FRAME = 3
const NARROWEST = 12

/** The widest columns made narrower, a character at a time, until the table fits the terminal. */
function narrowed(natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, w) => sum + w + FRAME, 1) - width
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= NARROWEST) break
    widths[widest]!--
    excess--
  }
  return widths
}

/** A cell broken into lines at blanks, and inside a word that is longer than a line. Coloured cells are short and stay whole. */
function wrapped(cell: string, width: number): string {
  if (visibleLength(cell) <= width || cell.includes('\u001b')) return cell
  const lines = ['']
  for (const word of cell.split(/(?<=\s)/)) {
    if (lines.at(-1)!.length + word.trimEnd().length > width && lines.at(-1) !== '') lines.push('')
    let rest = word
    while (rest.trimEnd().length > width) {
      lines[lines.length - 1] = rest.slice(0, width)
      rest = rest.slice(width)
      lines.push('')
    }
    lines[lines.length - 1] += rest
    if (rest.endsWith('\n')) lines.push('')
  }
  return lines.map(line => line.trimEnd()).join('\n')
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, i) =>
    Math.max(...[title, ...rows.map(row => row[i] ?? '')].flatMap(cell => cell.split('\n').map(visibleLength))),
  )
}

/** Aligned columns without borders. */
function aligned(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(column => column.title), ...rows].map(row => row.map(cell => cell.split('\n')))
  const widths = naturalWidths(columns, rows)
  const text: string[] = []
  for (const row of lines) {
    const height = Math.max(...row.map(cell => cell.length))
    for (let y = 0; y < height; y++)
      text.push(
        columns
          .map((column, i) => pad(row[i]?.[y] ?? '', widths[i]!, column.align ?? 'left'))
          .join('  ')
          .trimEnd(),
      )
  }
  return `${text.join('\n')}\n`
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleLength(cell)))
  return align === 'left' ? cell + space : space + cell
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLORS = /\u001b\[[0-9;]*m/g

function visibleLength(text: string): number {
  return text.replace(COLORS, '').length
}
