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
  return sink.isTerminal ? bordered(columns, rows) : aligned(columns, rows)
}

function bordered(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  // Loaded on demand: most runs print no bordered table, and start-up time is felt.
  const Table = createRequire(import.meta.url)('cli-table3') as typeof import('cli-table3')
  const table = new Table({
    head: columns.map(column => column.title),
    colAligns: columns.map(column => column.align ?? 'left'),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([...row])
  return `${table.toString()}\n`
}

/** Aligned columns without borders. */
function aligned(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(column => column.title), ...rows].map(row => row.map(cell => cell.split('\n')))
  const widths = columns.map((_, i) =>
    Math.max(...lines.map(row => Math.max(...(row[i] ?? ['']).map(part => visibleLength(part))))),
  )
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
