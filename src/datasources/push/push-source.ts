import { type Diagnostic, DiagnosticError, fail, nearestName } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import { type LiveTable, PolledSource, type ReadAnswer, type Reading } from '../live/index.ts'
import type { PushSettings } from './settings.ts'

/** Wrong rows that are named before the rest is only counted. */
const SHOWN = 10

/** The tables whose rows somebody puts there. They are right from the start: empty. */
export class PushSource extends PolledSource {
  readonly #pushed: ReadonlyMap<string, PushedTable>

  constructor({ name, tables }: PushSettings, now: () => number = Date.now) {
    const pushed = Object.entries(tables).map(([table, about]) => new PushedTable(`${name}:${table}`, about))
    super({ name, driver: 'push', description: 'Rows that are pushed from outside', readings: pushed, now })
    this.#pushed = new Map(pushed.map(reading => [reading.name, reading]))
  }

  /** Replace a table's rows, by its full name or its name here. Throws a `DiagnosticError`, and changes nothing, when some row is wrong. */
  push(table: string, rows: readonly (readonly unknown[])[]): void {
    const full = table.includes(':') ? table : `${this.name}:${table}`
    const target = this.#pushed.get(full)
    if (!target) {
      const near = nearestName(full, this.#pushed.keys())
      fail('data/unknown-table', `\`${this.name}\` has no table \`${full}\``, {
        help: near ? `did you mean \`${near}\`?` : `it has ${[...this.#pushed.keys()].map(t => `\`${t}\``).join(', ')}`,
      })
    }
    target.replace(rows)
    void this.refresh([full])
  }
}

/** A table as a reading that reads what was last put there. */
class PushedTable implements Reading {
  readonly name: string
  readonly tables: readonly [LiveTable]
  readonly staleAfter?: number
  #rows: readonly Row[] = []

  constructor(table: string, { columns, description, staleAfter }: PushSettings['tables'][string]) {
    this.name = table
    if (staleAfter !== undefined) this.staleAfter = staleAfter
    const typed = columns.map((column): LiveTable['columns'][number] => ({ type: 'any', ...defined(column) }))
    this.tables = [{ table, description, columns: typed, lazy: false }]
  }

  async read(): Promise<ReadAnswer> {
    const table = this.name
    return { items: [{ id: '', rows: this.#rows.map(row => ({ table, row })) }], complete: true }
  }

  replace(rows: readonly (readonly unknown[])[]): void {
    const found: Diagnostic[] = []
    const checked: Row[] = []
    rows.forEach((row, i) => {
      const problem = this.#problemOf(row, i)
      if (problem) found.push(problem)
      else checked.push(row as Row)
    })
    if (found.length > SHOWN) {
      const more = found.length - SHOWN
      found.splice(SHOWN, more, {
        code: 'data/more-errors',
        severity: 'info',
        message: `${more} more rows are wrong`,
      })
    }
    if (found.length > 0) throw new DiagnosticError(found)
    this.#rows = checked
  }

  #problemOf(row: readonly unknown[], i: number): Diagnostic | undefined {
    const [{ columns }] = this.tables
    const names = columns.map(c => `\`${c.name}\``).join(', ')
    if (!Array.isArray(row) || row.length !== columns.length) {
      const given = Array.isArray(row) ? `${row.length} values` : 'no list of values'
      return wrong(
        'data/ragged-row',
        `row ${i} of \`${this.name}\` has ${given} instead of ${columns.length}`,
        `give ${names}`,
      )
    }
    for (const [c, { name, type = 'any' }] of columns.entries()) {
      const value: unknown = row[c]
      const where = `\`${name}\` in row ${i} of \`${this.name}\``
      if (!isValue(value)) {
        return wrong(
          'data/nested-value',
          `${where} is no text, number, boolean or null`,
          'put what is nested into a table of its own',
        )
      }
      if (value !== null && type !== 'any' && typeof value !== type) {
        return wrong(
          'data/wrong-type',
          `${where} is ${JSON.stringify(value)}, which is no ${type}`,
          'correct the value or the type',
        )
      }
    }
    return undefined
  }
}

function isValue(value: unknown): value is Value {
  if (typeof value === 'number') return Number.isFinite(value)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

function wrong(code: string, message: string, help: string): Diagnostic {
  return { code, severity: 'error', message, help }
}

/** Without entries that are undefined. */
function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
