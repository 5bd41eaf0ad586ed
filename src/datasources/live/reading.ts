import type { Diagnostic } from '../../diagnostic/index.ts'
import type { TableRow } from './row-store.ts'
import type { LiveTable } from './types.ts'

/** One thing that was read, with all rows that come from it. */
export interface ReadItem {
  readonly id: string
  /** Undefined: it is gone. */
  readonly rows?: readonly TableRow[]
}

export interface ReadRequest {
  /** Full names of the tables whose rows are needed; others need not be made. */
  readonly tables: ReadonlySet<string>
  /** Only what changed since the last time is needed, where the reading can tell; else everything. */
  readonly changes: boolean
  readonly signal: AbortSignal
}

export interface ReadAnswer {
  readonly items: readonly ReadItem[]
  /** Whether these are all items: what is not among them is gone. */
  readonly complete: boolean
  /** What is odd about the contents, though they could be read. */
  readonly warnings?: readonly Diagnostic[]
  /** The tables as they are now, where they can change. */
  readonly tables?: readonly LiveTable[]
}

/** Something that can be read again and again: one list of an API, a folder, a query. Gives one or several tables. */
export interface Reading {
  /** For example `servers`. */
  readonly name: string
  readonly tables: readonly LiveTable[]
  /** Seconds between two readings; undefined: only when asked for. */
  readonly interval?: number
  /** Seconds after which everything is read again, where the readings between give changes only. */
  readonly fullInterval?: number
  /** Seconds after which contents are stale. Default: three intervals and a minute. */
  readonly staleAfter?: number
  read(request: ReadRequest): Promise<ReadAnswer>
  /** Read one thing again. */
  readOne?(id: string, request: Omit<ReadRequest, 'changes'>): Promise<ReadItem>
}
