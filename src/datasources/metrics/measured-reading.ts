import type { Diagnostic } from '../../diagnostic/index.ts'
import type { LiveTable, ReadAnswer, Reading, ReadRequest } from '../live/index.ts'
import type { Measure } from './measure.ts'
import { liveColumns, measuredTables, rowsOf } from './tables.ts'

export interface MeasuredOptions {
  /** The module of the tables. */
  readonly module: string
  readonly interval: number
  readonly staleAfter?: number | undefined
  readonly lazy: (table: string) => boolean
  /** Ask for all meters. Throws when none could be read. */
  readonly measure: (signal: AbortSignal) => Promise<{ measures: readonly Measure[]; warnings: readonly Diagnostic[] }>
}

/** The tables of meters, from whoever keeps them. */
export class MeasuredReading implements Reading {
  readonly name: string
  readonly tables: readonly LiveTable[]
  readonly interval: number
  readonly staleAfter?: number
  readonly #options: MeasuredOptions

  constructor(options: MeasuredOptions) {
    const { module, interval, staleAfter, lazy } = options
    this.#options = options
    this.name = `${module}: meters`
    this.interval = interval
    if (staleAfter !== undefined) this.staleAfter = staleAfter
    this.tables = measuredTables.map(about => ({
      table: `${module}:${about.table}`,
      description: about.description,
      columns: liveColumns(about),
      lazy: lazy(about.table),
      interval,
    }))
  }

  async read({ signal }: ReadRequest): Promise<ReadAnswer> {
    const { measures, warnings } = await this.#options.measure(signal)
    const items = measuredTables.map((about, i) => ({
      id: about.table,
      rows: rowsOf(about, measures).map(row => ({ table: this.tables[i]!.table, row })),
    }))
    return { items, complete: true, warnings }
  }
}
