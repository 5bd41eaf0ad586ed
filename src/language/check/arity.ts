import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import { count } from './columns.ts'

/** How many columns each table has: from its schema, else from the first head, else from the first use that is met. */
export class Arities {
  readonly #known = new Map<string, { readonly arity: number; readonly span: Span | undefined }>()

  arity(table: string): number | undefined {
    return this.#known.get(table)?.arity
  }

  /** Settle a table's arity, unless it is settled already. */
  settle(table: string, arity: number, span: Span | undefined): void {
    if (!this.#known.has(table)) this.#known.set(table, { arity, span })
  }

  /** Judge a use; the first use of a table settles it. Returns whether it agrees. */
  check(table: string, display: string, arity: number, span: Span, report: (d: Diagnostic) => void): boolean {
    this.settle(table, arity, span)
    const known = this.#known.get(table)!
    if (known.arity === arity) return true
    report({
      code: 'language/arity',
      severity: 'error',
      message: `\`${display}\` has ${count(known.arity, 'column')}, but ${count(arity, 'argument')} are given`.replace(
        '1 argument are',
        '1 argument is',
      ),
      span,
      help:
        known.arity > arity
          ? 'write `_` for a column that does not matter'
          : `leave out ${arity - known.arity}, or use another table's name`,
      ...(known.span && {
        notes: [{ message: `here it has ${count(known.arity, 'column')}`, span: known.span }],
      }),
    })
    return false
  }
}
