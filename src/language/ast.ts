import type { Span } from '../diagnostic/index.ts'
import type { Value } from '../tables/index.ts'

/**
 * The tree the parser makes: the text's own shape, every node with its span. The formatter prints it, the checker lowers it to
 * core rules (core.ts), which is what the rest of Usher reads.
 */
export interface PolicyAst {
  readonly kind: 'policy'
  /** From `policy NAME`, else the file's base name without extension. */
  readonly name: string
  /** The `policy NAME` statement where there is one. */
  readonly declaration?: { readonly name: string; readonly span: Span }
  readonly file: string
  readonly text: string
  readonly statements: readonly StatementAst[]
  /** Every comment in order of place; the formatter keeps them all. */
  readonly comments: readonly CommentAst[]
}

export interface CommentAst {
  /** With its markers, as written. */
  readonly text: string
  readonly span: Span
}

/** A rule, or a fact when `body` is undefined. */
export interface StatementAst {
  readonly kind: 'statement'
  readonly heads: readonly HeadAst[]
  readonly body?: readonly LiteralAst[]
  readonly span: Span
}

export type Modal = 'insert' | 'delete' | 'execute' | 'predict'

export interface HeadAst {
  readonly modal?: Modal
  readonly atom: AtomAst
  readonly span: Span
}

export interface NameAst {
  readonly module?: string
  readonly name: string
  readonly span: Span
}

export interface AtomAst {
  readonly kind: 'atom'
  readonly name: NameAst
  /** `p` was written without parentheses. */
  readonly bare: boolean
  readonly args: readonly ExprAst[]
  readonly named: readonly NamedArgAst[]
  readonly span: Span
}

export interface NamedArgAst {
  /** The column's name, or its number counted from 0 (`2=z`), as Congress has it. */
  readonly column: string
  readonly columnSpan: Span
  readonly value: ExprAst
}

export type LiteralAst = AtomLiteralAst | ComparisonAst

export interface AtomLiteralAst {
  readonly kind: 'atom-literal'
  readonly negated: boolean
  /**
   * `p+(x)`, `insert[p(x)]`, `delete[p(x)]`: reads what rules with such a head give. `execute` and `predict` here have been reported as
   * errors by the parser, and are kept so that the text can be printed.
   */
  readonly modal?: Modal
  readonly atom: AtomAst
  readonly span: Span
}

export type ComparisonOperator = '<' | '<=' | '>' | '>=' | '=' | '!='

export interface ComparisonAst {
  readonly kind: 'comparison'
  /** `==` is read as `=`. */
  readonly operator: ComparisonOperator
  readonly left: ExprAst
  readonly right: ExprAst
  readonly span: Span
}

export type ExprAst =
  | { readonly kind: 'variable'; readonly name: string; readonly span: Span }
  | { readonly kind: 'wildcard'; readonly span: Span }
  | { readonly kind: 'constant'; readonly value: Value; readonly span: Span }
  | { readonly kind: 'unary'; readonly operator: '-'; readonly operand: ExprAst; readonly span: Span }
  | {
      readonly kind: 'binary'
      readonly operator: '+' | '-' | '*' | '/' | '%'
      readonly left: ExprAst
      readonly right: ExprAst
      readonly span: Span
    }
  | { readonly kind: 'call'; readonly function: string; readonly args: readonly ExprAst[]; readonly span: Span }
  | {
      readonly kind: 'aggregate'
      readonly operator: AggregateOperator
      /** What is summed or compared; absent for `count`. */
      readonly value?: ExprAst
      readonly body: readonly LiteralAst[]
      readonly span: Span
    }

/** `avg` is read as `mean`. */
export type AggregateOperator = 'count' | 'sum' | 'mean' | 'min' | 'max'
