import type { CoreExpr, CoreLiteral, CoreTerm, Wildcard } from '../core.ts'

/** Variables of an expression, with repeats. */
export function variablesOf(expr: CoreExpr): number[] {
  if (expr.kind === 'variable') return [expr.index]
  if (expr.kind === 'constant') return []
  return expr.args.flatMap(variablesOf)
}

/** Variables among terms, with repeats. */
export function variablesAmong(terms: readonly (CoreTerm | Wildcard)[]): number[] {
  return terms.flatMap(t => (t.kind === 'variable' ? [t.index] : []))
}

/** What a literal can give values to, and what must have values before it can. */
export interface Binding {
  readonly needs: readonly number[]
  readonly gives: readonly number[]
}

/** The ways in which a literal binds variables; none for a literal that only tests. */
export function bindings(literal: CoreLiteral): Binding[] {
  switch (literal.kind) {
    case 'atom':
      return literal.negated ? [] : [{ needs: [], gives: variablesAmong(literal.args) }]
    case 'builtin':
      return literal.negated ? [] : [{ needs: variablesAmong(literal.inputs), gives: variablesAmong(literal.outputs) }]
    case 'aggregate':
      return [{ needs: literal.groupBy, gives: [literal.result.index] }]
    case 'compare': {
      if (literal.operator !== '=' || literal.negated) return []
      const { left, right } = literal
      const found: Binding[] = []
      if (left.kind === 'variable') found.push({ needs: variablesOf(right), gives: [left.index] })
      if (right.kind === 'variable') found.push({ needs: variablesOf(left), gives: [right.index] })
      return found
    }
  }
}

/** Variables that a literal mentions outside of its own braces, with repeats. */
export function variablesIn(literal: CoreLiteral): number[] {
  switch (literal.kind) {
    case 'atom':
      return variablesAmong(literal.args)
    case 'builtin':
      return variablesAmong([...literal.inputs, ...literal.outputs])
    case 'aggregate':
      return [literal.result.index, ...literal.groupBy]
    case 'compare':
      return [...variablesOf(literal.left), ...variablesOf(literal.right)]
  }
}
