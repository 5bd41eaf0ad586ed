import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import { count } from './columns.ts'

/** How many columns each table has: from its schema, else from the first head, else from the first use that is met. */
export class Arities {
  readonly #known = new Map<string, { readonly arity: number; readonly span: Span | undefined }>()
  readonly #family: (table: string) => readonly string[]

  /** `family`: the tables that share a table's name, each with an arity of its own. */
  constructor(family: (table: string) => readonly string[]) {
    this.#family = family
  }

  arity(table: string): number | undefined {
    return this.#known.get(table)?.arity
  }

  /** Settle a table's arity, unless it is settled already. */
  settle(table: string, arity: number, span: Span | undefined): void {
    if (!this.#known.has(table)) this.#known.set(table, { arity, span })
  }

  /** Judge a use or a head; the first one of a table settles it. Returns whether it agrees. */
  check(
    table: string,
    use: { readonly name: string; readonly arity: number; readonly span: Span; readonly isHead: boolean },
    report: (d: Diagnostic) => void,
  ): boolean {
    const known = this.#known.get(table)
    if (known === undefined) this.settle(table, use.arity, use.span)
    if (known === undefined || known.arity === use.arity) return true
    const given = `${count(use.arity, 'argument')} ${use.arity === 1 ? 'is' : 'are'} given`
    const variants = this.#family(table).flatMap(t => this.#known.get(t) ?? [])
    const columns = variants.length > 1 ? `${listed(variants.map(v => v.arity))} columns` : count(known.arity, 'column')
    const places = (variants.length > 1 ? variants : [known]).flatMap(({ arity, span }) =>
      span ? [{ message: `here it has ${count(arity, 'column')}`, span }] : [],
    )
    report({
      code: 'language/arity',
      severity: 'error',
      message: `\`${use.name}\` has ${columns}, but ${given}`,
      span: use.span,
      help:
        variants.length > 1
          ? 'give it as many arguments as one of its rules does; `_` stands for a column that does not matter'
          : helpFor(known.arity, use.arity, use.isHead),
      ...(places.length > 0 && { notes: places }),
    })
    return false
  }
}

function helpFor(known: number, given: number, isHead: boolean): string {
  if (isHead) return 'all rules for a table have the same columns: change one, or give it a table of its own'
  return known > given ? 'write `_` for a column that does not matter' : `leave out ${count(given - known, 'argument')}`
}

/** `1 or 3`. */
function listed(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b)
  return `${sorted.slice(0, -1).join(', ')} or ${sorted.at(-1)}`
}
