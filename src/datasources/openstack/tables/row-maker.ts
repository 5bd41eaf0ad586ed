import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { ColumnType, Value } from '../../../tables/index.ts'
import type { LiveTable, TableRow } from '../../live/index.ts'
import type { ColumnDescription, TableDescription } from './description.ts'
import { compilePath, type Element, elementsOf } from './paths.ts'

/** Makes the rows of a described table out of items. */
export class RowMaker {
  readonly table: string
  readonly #each: string | undefined
  readonly #columns: readonly { readonly about: ColumnDescription; readonly read: (element: Element) => unknown }[]
  /** The first value that did not have its column's type. */
  #odd: { readonly column: string; readonly type: ColumnType; readonly value: unknown } | undefined

  constructor(table: string, description: TableDescription) {
    this.table = table
    this.#each = description.each
    this.#columns = description.columns.map(about => ({ about, read: compilePath(about.path) }))
  }

  rows(item: unknown): TableRow[] {
    const rows: TableRow[] = []
    for (const element of elementsOf(item, this.#each)) {
      const row = this.#columns.map(({ about, read }) => this.#value(about, read(element)))
      if (this.#columns.every(({ about }, i) => !about.required || row[i] !== null))
        rows.push({ table: this.table, row })
    }
    return rows
  }

  /** A warning of values that had to be left out since the last time, if there were any. */
  takeWarning(title: string): Diagnostic | undefined {
    const odd = this.#odd
    this.#odd = undefined
    if (!odd) return undefined
    const text = JSON.stringify(odd.value)
    return {
      code: 'source/odd-value',
      severity: 'warning',
      message: `${title} gives \`${text.length > 60 ? `${text.slice(0, 59)}…` : text}\` for \`${odd.column}\` of \`${this.table}\`, which is no ${odd.type}: null stands there`,
      help: 'check the release of the service',
    }
  }

  #value({ name, type, words }: ColumnDescription, found: unknown): Value {
    if (found === undefined || found === null) return null
    const word = words?.[String(found)]
    if (word !== undefined) return word
    const value = converted(found, type)
    if (value !== undefined) return value
    this.#odd ??= { column: name, type, value: found }
    return null
  }
}

/** A JSON value as one of a column's type; undefined when it can't be. */
function converted(found: unknown, type: ColumnType): Value | undefined {
  switch (type) {
    case 'string':
      if (typeof found === 'string') return found
      return typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined
    case 'number': {
      const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined
    }
    case 'boolean':
      if (typeof found === 'boolean') return found
      return found === 'true' || found === 'True' ? true : found === 'false' || found === 'False' ? false : undefined
    case 'any':
      return typeof found === 'object' ? JSON.stringify(found) : (found as Value)
  }
}

/** A described table as a live source lists it. */
export function liveTable(
  module: string,
  description: TableDescription,
  about: Pick<LiveTable, 'lazy' | 'interval'>,
): LiveTable {
  return {
    table: `${module}:${description.table}`,
    description: description.description,
    columns: description.columns.map(({ name, type, unit, description: text }) => ({
      name,
      type,
      ...(unit === undefined ? {} : { unit }),
      description: text,
    })),
    ...about,
  }
}
