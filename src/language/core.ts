import type { Span } from '../diagnostic/index.ts'
import type { TableSchema, Value } from '../tables/index.ts'
import type { AggregateOperator, ComparisonOperator, Modal } from './ast.ts'

/**
 * Core rules: what the checker makes of a policy and what every later room reads. One head each, columns positional, table names
 * in full, aggregates lifted to literals of their own, Congress's prefix comparisons and arithmetic turned into infix ones.
 *
 * A rule's variables are numbers 0 … variables.length-1. Variables local to an aggregate's braces have numbers of their own, so
 * that a number means one thing in the whole rule.
 */
export interface CoreRule {
  /** Position in `Program.rules`. */
  readonly id: number
  /** The policy's name. */
  readonly policy: string
  readonly modal: Modal | undefined
  readonly head: CoreHead
  /** A set: in source order, evaluated in any safe order. Empty for a fact. */
  readonly body: readonly CoreLiteral[]
  /**
   * Names as written, by number. `_` for a wildcard and for a column that was not named. The result of an aggregate inside a larger
   * expression is named by its text, `sum load : {…}`, which no written name can be.
   */
  readonly variables: readonly string[]
  /** The whole statement. */
  readonly span: Span
  /** The statement as written, on one line, for messages. */
  readonly text: string
  /** Lines of the comments right above the statement, without markers. */
  readonly comments: readonly string[]
}

export interface CoreHead {
  /** Full name: see `Program.tables`. */
  readonly table: string
  readonly args: readonly CoreTerm[]
  readonly span: Span
}

export interface Variable {
  readonly kind: 'variable'
  readonly index: number
}

export interface Constant {
  readonly kind: 'constant'
  readonly value: Value
}

/** `_` or an unnamed column under `not`: existential inside the negation. Elsewhere a wildcard is a fresh variable. */
export interface Wildcard {
  readonly kind: 'wildcard'
}

export type CoreTerm = Variable | Constant

export type ArithmeticFunction =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | 'neg'
  | 'abs'
  | 'min'
  | 'max'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'log'
  | 'exp'
  | 'pow'

export type CoreExpr =
  | Variable
  | Constant
  | { readonly kind: 'call'; readonly function: ArithmeticFunction; readonly args: readonly CoreExpr[] }

export type CoreLiteral = AtomLiteral | CompareLiteral | BuiltinLiteral | AggregateLiteral

export interface AtomLiteral {
  readonly kind: 'atom'
  readonly table: string
  /** Wildcards only where `negated`. */
  readonly args: readonly (CoreTerm | Wildcard)[]
  readonly negated: boolean
  readonly span: Span
}

/**
 * `=` with a lone variable on one side binds it when nothing else does.
 *
 * `negated` holds exactly when the comparison does not, a failure of its arithmetic included, and binds nothing. It comes from
 * `not lt(x, y)` and its like: turning `<` round to `>=` would be wrong for mixed types, where both are false. `not equal(x, y)` of
 * two terms becomes a plain `!=`.
 */
export interface CompareLiteral {
  readonly kind: 'compare'
  readonly operator: ComparisonOperator
  readonly left: CoreExpr
  readonly right: CoreExpr
  readonly negated: boolean
  readonly span: Span
}

/**
 * A Congress builtin that has no infix form (builtins.ts). Inputs must be bound; outputs are bound by it or compared with it.
 * Negated, it holds when the builtin fails or gives other outputs; its outputs are bound by other literals or wildcards.
 */
export interface BuiltinLiteral {
  readonly kind: 'builtin'
  /** Without the `builtin:` prefix. */
  readonly name: string
  readonly inputs: readonly CoreTerm[]
  /** Wildcards only where `negated`. */
  readonly outputs: readonly (CoreTerm | Wildcard)[]
  readonly negated: boolean
  readonly span: Span
}

/**
 * `result = operator value : { body }`, always with a variable (often one made by the checker) as result; where another literal
 * binds that variable too, the two values must be equal.
 * `groupBy`: variables of the body and the value that also occur outside the braces, rising; they are bound by the rest of the rule.
 * The aggregate runs over the distinct bindings of all variables in its body.
 */
export interface AggregateLiteral {
  readonly kind: 'aggregate'
  readonly operator: AggregateOperator
  readonly result: Variable
  /** Absent for `count`. */
  readonly value: CoreExpr | undefined
  readonly body: readonly CoreLiteral[]
  readonly groupBy: readonly number[]
  readonly span: Span
}

/** The heads through which a policy is read. */
export type Role = 'error' | 'warning' | 'cost' | 'candidate' | 'migration_cost' | 'migration_budget'

export interface TableInfo {
  /**
   * The full name. A table that policy `m` defines is `m:name`; a data source's is `module:name`, or `name` when it has no module; a
   * modal head is `predict[nova:x]`, `insert[m:p]`, `execute[nova:action]`. A table that nobody defines is named as it was written. Where the heads of a policy's
   * `error` or `warning` differ in their number of columns, the first number's table is `m:error`, each other one `m:error/NUMBER`.
   */
  readonly name: string
  readonly arity: number
  /** Column names where a schema tells them. */
  readonly columns: readonly string[] | undefined
  /** `derived`: some rule has it as its head. `data`: a data source gives it. `unknown`: nobody defines it; it is empty. */
  readonly kind: 'derived' | 'data' | 'unknown'
  readonly role: Role | undefined
  /** Policy that defines it, for derived tables. */
  readonly policy: string | undefined
  /** As its author writes it inside its policy: `error`, not `m:error`. Several tables of a policy may share it, see `name`. */
  readonly display: string
}

/** Everything the checker knows: the input of the evaluator and of placement. */
export interface Program {
  readonly policies: readonly { readonly name: string; readonly file: string }[]
  readonly rules: readonly CoreRule[]
  /** Every table that a rule, a schema or a role mentions, by full name. */
  readonly tables: ReadonlyMap<string, TableInfo>
  readonly schemas: ReadonlyMap<string, TableSchema>
  /**
   * Derived tables in an order in which they can be computed: each entry is one strongly connected component of the dependency
   * graph. Negation and aggregation never stay inside an entry.
   */
  readonly strata: readonly (readonly string[])[]
  /** Source texts by file, for messages. */
  readonly sources: ReadonlyMap<string, string>
}
