import type { Interner } from './interner.ts'

/** What a cell holds. 1 and 1.0 are one value; NaN and infinities never enter a table. */
export type Value = string | number | boolean | null

/** One tuple, as users and data sources see it: positional, one value for each column. */
export type Row = readonly Value[]

export type ColumnType = 'string' | 'number' | 'boolean' | 'any'

export interface ColumnSchema {
  readonly name: string
  readonly type?: ColumnType
  /** For example `GiB`, `%`, `MHz`. Shown, never computed with. */
  readonly unit?: string
}

/** A table's full name (`nova:servers`, or `type1_server` without a module) and its columns in order. */
export interface TableSchema {
  readonly table: string
  readonly columns: readonly ColumnSchema[]
}

/** Where a table's rows came from and when they were read; shown by `explain`. */
export interface Provenance {
  /** The data source's name, for example `file` or `simulator`. */
  readonly source: string
  /** A finer place where there is one: a file's path, a URL. */
  readonly place?: string
  /** ISO 8601, UTC. */
  readonly readAt: string
}

/** Rows as columns of interned ids, all of one length. Not to be written to. */
export interface EncodedRows {
  readonly interner: Interner
  readonly columns: readonly Int32Array[]
  readonly count: number
}

/** A full reading of one table. Rows may repeat; a table is a set. */
export interface TableData {
  readonly schema: TableSchema
  readonly rows: readonly Row[]
  readonly provenance: Provenance
  /** The same rows as ids, where the source made them so; `rows` is then made when it is first read. A copy by spread leaves it out. */
  readonly encoded?: EncodedRows
}

/** A change of one table. Removals apply before insertions; a row in both ends up in. */
export interface Delta {
  readonly table: string
  readonly inserted: readonly Row[]
  readonly removed: readonly Row[]
}

/** All tables of a moment, by full name. */
export type Snapshot = ReadonlyMap<string, TableData>
