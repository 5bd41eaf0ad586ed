import type { Span } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import type { FunctionName } from './functions.ts'
import type { SqlTable } from './types.ts'

/** Thrown where a rule has no exact SQL form; caught for each rule. */
export class Refusal extends Error {
  readonly code: string
  readonly span: Span
  readonly note: Span | undefined

  constructor(code: string, message: string, span: Span, note?: Span) {
    super(message)
    this.code = code
    this.span = span
    this.note = note
  }
}

/** What translating one rule needs to know. */
export interface RuleScope {
  readonly rule: CoreRule
  /** The tables of the rule's own component, which a recursive query reads through `own`. */
  readonly component: ReadonlySet<string>
  /** Columns of the recursive query's one reading of itself, for a table of the component. */
  readonly own: (table: string) => { readonly columns: readonly string[]; readonly condition: string | undefined }
  readonly table: (name: string) => SqlTable
  /** Where the first refusal of a table is, when its view lacks rows. */
  readonly lacking: (table: string) => Span | undefined
  /** A fresh name for a row of the query: `t1`, `t2` … */
  readonly alias: (prefix: string) => string
  readonly use: (name: FunctionName) => string
}

/** A row that must not exist, and a group that must be whole, can only be read from a view that lacks nothing. */
export function requireComplete(scope: RuleScope, table: string, at: Span): void {
  const lacking = scope.lacking(table)
  if (lacking)
    throw new Refusal(
      'sql/incomplete',
      `the view of \`${table}\` lacks rows, so its absence can't be told`,
      at,
      lacking,
    )
}
