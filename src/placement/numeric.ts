import type { ComparisonOperator, CoreExpr } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { FALSE, type FormulaStore, type Literal, negate, TRUE } from './formula.ts'
import type { Numeric } from './ground-table.ts'
import { constant, isConstant, type Linear, LinearSum, plus, scale } from './linear.ts'

/** A value while translating: fixed, or a number that depends on the placement. */
export type Term = { readonly fixed: Value } | Numeric

export const isFixedTerm = (t: Term): t is { readonly fixed: Value } => 'fixed' in t

/** The value of an expression in an environment; undefined where arithmetic fails (not a number, division by zero). */
export function evaluateTerm(expr: CoreExpr, variable: (index: number) => Term): Term | undefined {
  if (expr.kind === 'constant') return { fixed: expr.value }
  if (expr.kind === 'variable') return variable(expr.index)
  const args: Numeric[] = []
  for (const arg of expr.args) {
    const term = evaluateTerm(arg, variable)
    const number = term && asNumeric(term)
    if (!number) return undefined
    args.push(number)
  }
  const [a, b] = args as [Numeric, Numeric]
  // INVARIANT: the analysis lets through no more than this: one factor of a product is fixed, so is every divisor.
  switch (expr.function) {
    case 'neg':
      return { num: scale(a.num, -1), den: a.den }
    case '+':
      return add(a, b, 1)
    case '-':
      return add(a, b, -1)
    case '*':
      return isPlainConstant(a) ? scaled(b, a.num.constant) : scaled(a, b.num.constant)
    case '/':
      return b.num.constant === 0 ? undefined : { num: divide(a.num, b.num.constant), den: a.den }
    default:
      throw new Error(`\`${expr.function}\` reached the translation with a number that depends on the placement`)
  }
}

/** The condition under which a comparison holds. */
export function compareTerms(store: FormulaStore, operator: ComparisonOperator, left: Term, right: Term): Literal {
  const a = asNumeric(left)
  const b = asNumeric(right)
  // A number against something else: only `!=` holds.
  if (!a || !b) return operator === '!=' ? TRUE : FALSE
  const difference = add(a, b, -1)
  const { num } = difference
  switch (operator) {
    case '>=':
      return store.atLeast(num, 0, false)
    case '>':
      return store.atLeast(num, 0, true)
    case '<':
      return negate(store.atLeast(num, 0, false))
    case '<=':
      return negate(store.atLeast(num, 0, true))
    case '=':
      return store.equals(num, 0)
    case '!=':
      return negate(store.equals(num, 0))
  }
}

export function asNumeric(term: Term): Numeric | undefined {
  if (!isFixedTerm(term)) return term
  return typeof term.fixed === 'number' ? { num: constant(term.fixed), den: undefined } : undefined
}

const isPlainConstant = (n: Numeric): boolean => n.den === undefined && isConstant(n.num)

const scaled = (n: Numeric, factor: number): Numeric => ({ num: scale(n.num, factor), den: n.den })

/** Each number divided on its own: 100·x / 3 rounds as the evaluator rounds it. */
function divide(e: Linear, by: number): Linear {
  return { nodes: e.nodes, coefficients: e.coefficients.map(c => c / by), constant: e.constant / by }
}

/** a + factor·b; a mean plus a fixed number keeps its denominator: n/d + k = (n + k·d)/d. */
function add(a: Numeric, b: Numeric, factor: 1 | -1): Numeric {
  if (a.den && b.den) throw new Error('two means reached the translation of one comparison')
  if (a.den)
    return {
      num: new LinearSum()
        .add(a.num)
        .add(a.den, factor * b.num.constant)
        .finish(),
      den: a.den,
    }
  if (b.den) return { num: new LinearSum().add(b.den, a.num.constant).add(b.num, factor).finish(), den: b.den }
  return { num: plus(a.num, b.num, factor), den: undefined }
}
