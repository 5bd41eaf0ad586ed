import type { Diagnostic } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import type { Value } from '../tables/index.ts'

/**
 * How a column's values are stored. `any` is jsonb, which holds every value of Usher and keeps values of different kinds apart;
 * the others hold values of one kind. `none`: no rule gives a row yet, known while types are worked out and never after.
 */
export type SqlType = 'text' | 'number' | 'boolean' | 'any' | 'none'

export interface SqlColumn {
  readonly name: string
  readonly type: SqlType
}

/** A table that the views read. */
export interface SqlTable {
  /** Usher's full name, `nova:servers`. */
  readonly table: string
  /** What PostgreSQL calls it, without quotes. */
  readonly name: string
  readonly columns: readonly SqlColumn[]
}

/** The view of a derived table. */
export interface SqlView extends SqlTable {
  /** The rules it is made of. */
  readonly rules: readonly CoreRule[]
  /** False: some rule was refused here or below, so that rows may be missing; those that are there are right. */
  readonly complete: boolean
}

export interface SqlRefusal {
  readonly rule: CoreRule
  readonly diagnostic: Diagnostic
}

export interface SqlTranslation {
  /** The whole script. */
  readonly text: string
  /** The script in parts, in this order: schema and functions, tables, rows, views. */
  readonly parts: { readonly functions: string; readonly tables: string; readonly rows: string; readonly views: string }
  readonly tables: readonly SqlTable[]
  /** In the order in which they can be made. */
  readonly views: readonly SqlView[]
  readonly refused: readonly SqlRefusal[]
}

/** An SQL expression. SQL's NULL stands for "the literal fails"; Usher's null is the jsonb `null`. */
export interface SqlExpr {
  readonly sql: string
  readonly type: SqlType
  /** It may be NULL. */
  readonly mayFail: boolean
  /** For a constant. */
  readonly value?: Value
}
