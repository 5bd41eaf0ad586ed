import type { Program } from '../../src/language/index.ts'
import { compareRows, type Row } from '../../src/tables/index.ts'

/** What every derived table holds at one state of the data, by full name. */
export type Answer = ReadonlyMap<string, readonly Row[]>

/** An answer to each state, or why there is none. */
export type Answers = readonly (Answer | undefined)[] | { readonly failed: string }

export function derivedTables(program: Program): string[] {
  return [...program.tables.values()].filter(t => t.kind === 'derived').map(t => t.name)
}

/** Where two answers differ in the tables of the second, in words; undefined where they agree. */
export function difference(wanted: Answer, found: Answer, lacking: ReadonlySet<string>): string | undefined {
  for (const [table, rows] of found) {
    const want = text(wanted.get(table) ?? [])
    const have = text(rows)
    const missing = lacking.has(table) ? [] : want.filter(r => !have.includes(r))
    const extra = have.filter(r => !want.includes(r))
    if (missing.length > 0) return `${table} lacks ${missing[0]}`
    if (extra.length > 0) return `${table} has ${extra[0]}`
    if (new Set(have).size < have.length) return `${table} has a row twice`
  }
  return undefined
}

function text(rows: readonly Row[]): string[] {
  return [...rows].sort(compareRows).map(row => JSON.stringify(row))
}
