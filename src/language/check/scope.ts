import type { Span } from '../../diagnostic/index.ts'
import type { ExprAst, LiteralAst } from '../ast.ts'

/** Where a variable stands; decides how a message speaks of it. */
export type Place =
  | { readonly kind: 'head'; readonly table: string }
  | { readonly kind: 'atom' }
  | { readonly kind: 'negated' }
  | { readonly kind: 'comparison' }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'value' }

/** A named variable at a place of the text. */
export interface Occurrence {
  readonly index: number
  readonly span: Span
  readonly place: Place
  /** Inside how many braces; 0 is the rule itself. */
  readonly depth: number
}

/**
 * The variables of a rule, or of one aggregate's braces. A name belongs to the outermost scope in which it occurs outside inner
 * braces; two aggregates side by side that use one name have a variable each.
 */
export class Scope {
  readonly parent: Scope | undefined
  readonly depth: number
  /** Variables of outer scopes that occur in this one: what the aggregate groups by. */
  readonly outer = new Set<number>()
  readonly #own = new Map<string, number>()

  constructor(parent?: Scope) {
    this.parent = parent
    this.depth = parent ? parent.depth + 1 : 0
  }

  /** Make `name` a variable of this scope unless it is one already, here or further out. */
  declare(name: string, make: (name: string) => number): void {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) if (scope.#own.has(name)) return
    this.#own.set(name, make(name))
  }

  /** The number of a declared name; every scope between here and its own notes it as an outer one. */
  find(name: string): number | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const index = scope.#own.get(name)
      if (index === undefined) continue
      for (let inner: Scope = this; inner !== scope; inner = inner.parent!) inner.outer.add(index)
      return index
    }
    return undefined
  }
}

/** Names that occur in literals outside of any aggregate's braces, in order of place. Iterative: long sums make deep trees. */
export function namesIn(literals: readonly LiteralAst[], exprs: readonly ExprAst[] = []): string[] {
  const found = new Set<string>()
  const visit = (root: ExprAst) => {
    const stack: ExprAst[] = [root]
    for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
      if (e.kind === 'variable') found.add(e.name)
      else if (e.kind === 'unary') stack.push(e.operand)
      else if (e.kind === 'binary') stack.push(e.right, e.left)
      else if (e.kind === 'call') for (let i = e.args.length - 1; i >= 0; i--) stack.push(e.args[i]!)
    }
  }
  for (const e of exprs) visit(e)
  for (const literal of literals) {
    if (literal.kind === 'comparison') {
      visit(literal.left)
      visit(literal.right)
    } else {
      for (const arg of literal.atom.args) visit(arg)
      for (const arg of literal.atom.named) visit(arg.value)
    }
  }
  return [...found]
}
