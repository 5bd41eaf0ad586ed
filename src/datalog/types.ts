import type { Diagnostic } from '../diagnostic/index.ts'
import type { CoreRule, Program } from '../language/index.ts'
import type { Delta, EncodedRows, Provenance, Row, TableData } from '../tables/index.ts'

/** Bounds on one evaluation. Reaching one throws a `DiagnosticError` that names the rule; tables are as before the call. */
export interface EvaluationLimits {
  readonly milliseconds?: number
  readonly derivedTuples?: number
  /** Of all derived tables together, in millions of bytes: an estimate from their sizes, looked at every 16,384 derived tuples. */
  readonly megabytes?: number
}

export interface EvaluatorOptions {
  readonly limits?: EvaluationLimits
  /** The clock behind `now(x)`; one reading for each load or apply. Default: the system's. */
  readonly clock?: () => Date
  /** Tables whose changes `apply` and `whatIf` report, by full name; a function is asked for each program. Default: every table with a role. */
  readonly watch?: readonly string[] | ((program: Program) => readonly string[])
  /** Measure what each rule costs: see `Evaluator.profile`. */
  readonly profile?: boolean
}

/** What a rule has cost, with the aggregates in its body. */
export interface RuleProfile {
  readonly rule: CoreRule
  readonly milliseconds: number
  /** Derivations that were counted, or tuples put in by a recursive rule. */
  readonly tuples: number
  /** Rows that its joins looked at. */
  readonly rows: number
  /** How often one of its compiled functions ran. */
  readonly runs: number
}

/** What the watched tables gained and lost, by full name; a table without a change is not in it. */
export type Changes = ReadonlyMap<string, { readonly inserted: readonly Row[]; readonly removed: readonly Row[] }>

/** A read-only look at all tables, base and derived, at one state. Valid until the next change of the evaluator. */
export interface View {
  /** All rows, in the order of their values (numbers, then strings; null and booleans first), so that output repeats. */
  rows(table: string): Row[]
  /** The same rows in no particular order, without the cost of ordering them. */
  each(table: string, visit: (row: Row) => void): void
  /** Rows with these values in these columns (ascending), by an index that is made when it is first asked for. */
  matching(table: string, columns: readonly number[], values: Row): Row[]
  has(table: string, row: Row): boolean
  count(table: string): number
  /** A copy of the rows as ids, for another evaluator to load without looking at a value; undefined for an unknown table. */
  encoded(table: string): EncodedRows | undefined
}

/** The rows that satisfy a query, with a column for each variable in order of first occurrence. */
export interface QueryAnswer {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/** A tuple by name. */
export interface Tuple {
  readonly table: string
  readonly row: Row
}

/** Why a tuple holds: a smallest tree of rules and source rows. */
export type Derivation =
  | { readonly kind: 'rule'; readonly tuple: Tuple; readonly rule: CoreRule; readonly because: readonly Derivation[] }
  | { readonly kind: 'row'; readonly tuple: Tuple; readonly provenance: Provenance | undefined }
  /** A fact of the policy. */
  | { readonly kind: 'fact'; readonly tuple: Tuple; readonly rule: CoreRule }
  /** `not p(…)` held: no row matches; `pattern` has undefined where anything would do. */
  | { readonly kind: 'absent'; readonly table: string; readonly pattern: readonly (Row[number] | undefined)[] }
  /** A comparison or builtin with its values filled in, as text. */
  | { readonly kind: 'builtin'; readonly text: string }
  | {
      readonly kind: 'aggregate'
      /** For example `sum load = 37.5`. */
      readonly text: string
      readonly value: Row[number]
      /** How many bindings it ran over; `group` holds the derivations of the first ten. */
      readonly bindings: number
      readonly group: readonly (readonly Derivation[])[]
    }

/** Why a tuple does not hold: for each rule that could give it, how far the best attempt came. */
export interface Absence {
  readonly tuple: Tuple
  /** Rows of the tuple's own table that agree with it in the most columns. */
  readonly nearest: readonly Tuple[]
  readonly attempts: readonly Attempt[]
}

/** The attempt to derive a tuple by one rule that came furthest. */
export interface Attempt {
  readonly rule: CoreRule
  /** What the attempt gave the rule's variables, by their numbers; undefined where it came to no value. */
  readonly values: readonly (Row[number] | undefined)[]
  /** Literals that held, in the order in which they were asked, with these values. */
  readonly held: readonly { readonly position: number; readonly text: string }[]
  /** The literal that failed behind them, then those that would fail too with these values. At least one. */
  readonly failed: readonly FailedLiteral[]
}

export interface FailedLiteral {
  /** Place in the rule's body; undefined when the rule's head can not be this tuple. */
  readonly position: number | undefined
  /** With known values filled in. */
  readonly text: string
  /** Rows that come nearest to what the literal wanted; for `not`, rows that stand in its way. */
  readonly nearest: readonly Tuple[]
}

/**
 * Keeps every derived table of a program current. One evaluator is one state; methods are synchronous and atomic: a call that
 * throws leaves the state as it was.
 */
export interface Evaluator {
  /** Replace the contents of the given tables (all of them at first) and evaluate. Unknown tables are kept too: queries may read them. */
  load(tables: Iterable<TableData>): void

  /**
   * Apply deltas as one transaction and bring every derived table up to date.
   * Removing an absent row or inserting a present one changes nothing. Unknown table or wrong arity throws.
   */
  apply(deltas: readonly Delta[]): Changes

  /** Apply, hand `read` the view and the changes, roll back. Nested calls are allowed. */
  whatIf<T>(deltas: readonly Delta[], read: (view: View, changes: Changes) => T): T

  /**
   * Put another checked program in the place of the present one, with the data as it is. Throws when its rules are not stratified, read
   * loaded tables with other columns, or reach a limit; then nothing changed. Data tables that no rule read before are kept too.
   */
  changeRules(program: Program): Changes

  /** The same for as long as `read` looks at it. `whatIf` and this may be nested in each other. */
  whatIfRules<T>(program: Program, read: (view: View, changes: Changes) => T): T

  /**
   * Make a piece of what the first changes after a load would have to make: indexes, hashes, compiled functions; false when all is there.
   * Nothing that can be seen changes but the time of the first `apply` or `whatIf`: for moments when nobody waits.
   */
  prepare(): boolean

  readonly view: View

  /**
   * Rows satisfying a query: the text of one or more literals (`error(s, a, b)`, `p(x), x > 3`), resolved inside `policy`
   * (default: the first).
   */
  query(text: string, policy?: string): QueryAnswer

  /** A smallest derivation, or undefined when the tuple does not hold. */
  explain(tuple: Tuple): Derivation | undefined
  explainAbsent(tuple: Tuple): Absence

  /** Costs of the rules since the evaluator was made, hottest first; empty without the option `profile`. */
  readonly profile: readonly RuleProfile[]

  /** Warnings that evaluation met (mixed-type comparisons, builtin failures), with counts in their messages. */
  readonly warnings: readonly Diagnostic[]
}

/** A policy that reached a limit. */
export interface StoppedPolicy {
  readonly policy: string
  /** Names the policy, the rule and the limit; its notes are rules of other policies that are not evaluated for that reason. */
  readonly diagnostic: Diagnostic
}

/** See `createIsolatedEvaluator`. */
export interface IsolatedEvaluator extends Evaluator {
  /** Policies that are not evaluated, in the order in which they were stopped. */
  readonly stopped: readonly StoppedPolicy[]
  /** Try a stopped policy again, with the data as it is. It may be stopped again. */
  resume(policy: string): Changes
}
