import type { CoreExpr, CoreLiteral, CoreTerm, Wildcard } from '../language/index.ts'

/** The variables an expression reads. */
export function exprVariables(e: CoreExpr, into: Set<number> = new Set()): Set<number> {
  if (e.kind === 'variable') into.add(e.index)
  else if (e.kind === 'call') for (const arg of e.args) exprVariables(arg, into)
  return into
}

export function termVariables(terms: readonly (CoreTerm | Wildcard)[], into: Set<number> = new Set()): Set<number> {
  for (const t of terms) if (t.kind === 'variable') into.add(t.index)
  return into
}

/** The variables that must have values before a literal other than a positive atom or a binding `=` can be decided. */
export function inputVariables(l: CoreLiteral): Set<number> {
  switch (l.kind) {
    case 'atom':
      return termVariables(l.args)
    case 'compare':
      return exprVariables(l.right, exprVariables(l.left))
    case 'builtin':
      return termVariables(l.negated ? [...l.inputs, ...l.outputs] : l.inputs)
    case 'aggregate':
      return new Set(l.groupBy)
  }
}

/** The variables that have values once a literal holds, without those local to an aggregate's braces. */
export function outerVariables(l: CoreLiteral): Set<number> {
  if (l.kind === 'aggregate') return new Set([...l.groupBy, l.result.index])
  if (l.kind === 'builtin') return termVariables([...l.inputs, ...l.outputs])
  return inputVariables(l)
}
