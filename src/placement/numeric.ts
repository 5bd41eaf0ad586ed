import type { ComparisonOperator, CoreExpr } from '../language/index.ts'
import { FALSE, type FormulaStore, type Literal, negate, TRUE } from './formula.ts'
import { type Extreme, isExtreme, isFixedTerm, type Numeric, type Quotient, type Term } from './ground-table.ts'
import { constant, isConstant, type Linear, LinearSum, plus, scale } from './linear.ts'

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
      return scaled(a, -1)
    case '+':
      return add(a, b, 1)
    case '-':
      return add(a, b, -1)
    case '*':
      return isPlainConstant(a) ? scaled(b, a.num.constant) : scaled(a, (b as Quotient).num.constant)
    case '/':
      return divided(a, (b as Quotient).num.constant)
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
  if (isExtreme(difference)) return compareExtreme(store, operator, difference)
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

const isPlainConstant = (n: Numeric): n is Quotient => !isExtreme(n) && n.den === undefined && isConstant(n.num)

function scaled(n: Numeric, factor: number): Numeric {
  return mapped(n, factor, e => scale(e, factor))
}

/** Each number is divided on its own: 100·x / 3 rounds as the evaluator rounds it. */
function divided(n: Numeric, by: number): Numeric | undefined {
  if (by === 0) return undefined
  return mapped(n, by, e => ({
    nodes: e.nodes,
    coefficients: e.coefficients.map(c => c / by),
    constant: e.constant / by,
  }))
}

function mapped(n: Numeric, factor: number, change: (e: Linear) => Linear): Numeric {
  if (!isExtreme(n)) return { num: change(n.num), den: n.den }
  if (factor === 0) return { num: constant(0), den: undefined }
  const turned = n.extreme === 'max' ? 'min' : 'max'
  return {
    extreme: factor < 0 ? turned : n.extreme,
    items: n.items.map(i => ({ literal: i.literal, num: change(i.num) })),
  }
}

/** a + factor·b; a mean plus a fixed number keeps its denominator: n/d + k = (n + k·d)/d. */
function add(a: Numeric, b: Numeric, factor: 1 | -1): Numeric {
  if (isExtreme(a)) return shifted(a, b, factor)
  if (isExtreme(b)) return shifted(scaled(b, factor) as Extreme, a, 1)
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

function shifted(a: Extreme, by: Numeric, factor: 1 | -1): Extreme {
  if (isExtreme(by) || by.den) throw new Error('a minimum or maximum met a mean or another one in the translation')
  return { extreme: a.extreme, items: a.items.map(i => ({ literal: i.literal, num: plus(i.num, by.num, factor) })) }
}

/** "The largest exceeds 0" is "some exceeds 0"; "the largest is below 0" is "all are". Likewise, turned round, for the smallest. */
function compareExtreme(store: FormulaStore, operator: ComparisonOperator, { extreme, items }: Extreme): Literal {
  const some = (holds: (e: Linear) => Literal): Literal =>
    store.or(items.map(i => store.and([i.literal, holds(i.num)])))
  const above =
    (strict: boolean) =>
    (e: Linear): Literal =>
      store.atLeast(e, 0, strict)
  const below =
    (strict: boolean) =>
    (e: Linear): Literal =>
      negate(store.atLeast(e, 0, !strict))
  const [reaches, passes] =
    extreme === 'max'
      ? [some(above(false)), some(above(true))]
      : [negate(some(below(true))), negate(some(below(false)))]
  switch (operator) {
    case '>=':
      return reaches
    case '>':
      return passes
    case '<':
      return negate(reaches)
    case '<=':
      return negate(passes)
    case '=':
      return store.and([reaches, negate(passes)])
    case '!=':
      return negate(store.and([reaches, negate(passes)]))
  }
}
