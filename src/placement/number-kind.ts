import type { CoreExpr } from '../language/index.ts'

/**
 * How a number depends on the placement: not at all; as a linear expression; as a quotient of two (a mean), which may be scaled, shifted
 * by fixed numbers and compared with fixed numbers; or as the largest or smallest of several expressions, which may also be shifted by
 * linear ones and compared with them.
 */
export type NumberKind = 'fixed' | 'linear' | 'ratio' | 'extreme'

/** Why an expression can't be translated, in words for the policy's author. */
export interface NotLinear {
  readonly reason: string
}

export const isNotLinear = (k: NumberKind | NotLinear): k is NotLinear => typeof k === 'object'

/** The kind of an expression, given the kinds of its variables. */
export function kindOf(expr: CoreExpr, variableKind: (index: number) => NumberKind): NumberKind | NotLinear {
  if (expr.kind === 'constant') return 'fixed'
  if (expr.kind === 'variable') return variableKind(expr.index)
  const kinds: NumberKind[] = []
  for (const arg of expr.args) {
    const kind = kindOf(arg, variableKind)
    if (isNotLinear(kind)) return kind
    kinds.push(kind)
  }
  if (kinds.every(k => k === 'fixed')) return 'fixed'
  const [a, b] = kinds as [NumberKind, NumberKind]
  switch (expr.function) {
    case 'neg':
      return a
    case '+':
    case '-':
      return sumKind(a, b)
    case '*':
      if (a === 'fixed') return b
      return b === 'fixed' ? a : { reason: 'it multiplies two numbers that depend on the placement' }
    case '/':
      return b === 'fixed' ? a : { reason: 'it divides by a number that depends on the placement' }
    default:
      return { reason: `\`${expr.function}\` of a number that depends on the placement is not linear` }
  }
}

/** The kind of a sum or difference; comparing two numbers is looking at their difference. */
export function sumKind(a: NumberKind, b: NumberKind): NumberKind | NotLinear {
  if (a === 'fixed') return b
  if (b === 'fixed') return a
  if (a === 'linear') return b === 'ratio' ? notJoined : b
  return b === 'linear' && a === 'extreme' ? 'extreme' : notJoined
}

const notJoined: NotLinear = {
  reason:
    'it joins a mean, a minimum or a maximum with another number that depends on the placement; compare it with a fixed number',
}
