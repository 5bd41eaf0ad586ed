import type { Value } from '../../../tables/index.ts'
import type { CompareLiteral, CoreExpr, CoreLiteral } from '../../core.ts'
import { Equalities } from './equalities.ts'
import { literalKey } from './repeated-literal.ts'

/** Literals that cannot hold together, and why. */
export interface Contradiction {
  readonly literal: CoreLiteral
  readonly other?: CoreLiteral
  readonly why: string
}

interface Bound {
  readonly value: number
  readonly strict: boolean
  readonly literal: CompareLiteral
}

/**
 * A contradiction among a body's own literals, found by interval reasoning over plain comparisons of variables and constants, and
 * by a literal that stands beside its own negation. Arithmetic is not looked into.
 */
export function contradiction(body: readonly CoreLiteral[]): Contradiction | undefined {
  const equal = new Equalities(body)
  if (equal.contradiction)
    return { literal: equal.contradiction, why: 'a value would have to be two constants at once' }
  return negatedTwin(body) ?? comparisons(body, equal)
}

function negatedTwin(body: readonly CoreLiteral[]): Contradiction | undefined {
  if (!body.some(l => l.kind === 'atom' && l.negated)) return undefined
  const positive = new Map<string, CoreLiteral>()
  for (const l of body) if (l.kind === 'atom' && !l.negated) positive.set(literalKey(l), l)
  for (const literal of body) {
    if (literal.kind !== 'atom' || !literal.negated) continue
    const other = positive.get(literalKey({ ...literal, negated: false }))
    if (other) return { literal, other, why: 'a literal and its negation cannot both hold' }
  }
  return undefined
}

function comparisons(body: readonly CoreLiteral[], equal: Equalities): Contradiction | undefined {
  const lower = new Map<number, Bound>()
  const upper = new Map<number, Bound>()
  const below = new Map<string, CompareLiteral>()
  for (const literal of body) {
    if (literal.kind !== 'compare' || literal.negated || literal.operator === '=') continue
    const turned = ascending(literal)
    const { left, right, strict } = turned
    if (left.kind === 'call' || right.kind === 'call') continue
    const a = left.kind === 'constant' ? left.value : equal.constant(left.index)
    const b = right.kind === 'constant' ? right.value : equal.constant(right.index)
    if (a !== undefined && b !== undefined) {
      if (holds(literal.operator, a, b, strict)) continue
      return { literal, why: 'the comparison of these constants is false' }
    }
    const x = left.kind === 'variable' ? equal.find(left.index) : undefined
    const y = right.kind === 'variable' ? equal.find(right.index) : undefined
    if (x !== undefined && x === y) {
      if (strict) return { literal, why: 'a value is compared with itself' }
      continue
    }
    if (literal.operator === '!=') continue
    if (x !== undefined && y !== undefined && a === undefined && b === undefined) {
      const back = below.get(`${y}<${x}`)
      if (back && (strict || ascending(back).strict))
        return { literal, other: back, why: 'the two comparisons exclude each other' }
      below.set(`${x}<${y}`, literal)
      continue
    }
    if (x !== undefined && a === undefined && typeof b === 'number')
      tighten(upper, x, { value: b, strict, literal }, -1)
    if (y !== undefined && b === undefined && typeof a === 'number') tighten(lower, y, { value: a, strict, literal }, 1)
  }
  for (const [v, low] of lower) {
    const high = upper.get(v)
    if (!high || low.value < high.value || (low.value === high.value && !low.strict && !high.strict)) continue
    return { literal: high.literal, other: low.literal, why: 'no number lies between the two bounds' }
  }
  return undefined
}

/** A comparison turned so that the left side is the smaller one. `strict` for `<` and for `!=`: equal sides make it false. */
function ascending(literal: CompareLiteral): { left: CoreExpr; right: CoreExpr; strict: boolean } {
  const { operator, left, right } = literal
  const strict = operator === '<' || operator === '>' || operator === '!='
  return operator === '>' || operator === '>=' ? { left: right, right: left, strict } : { left, right, strict }
}

/** The comparison of two constants, the smaller side first. Values of different types are unequal and in no order. */
function holds(operator: CompareLiteral['operator'], a: Value, b: Value, strict: boolean): boolean {
  if (operator === '!=') return a !== b
  if (a === b) return !strict
  // The order of texts is the evaluator's affair.
  if (typeof a === 'string' && typeof b === 'string') return true
  return typeof a === 'number' && typeof b === 'number' && a < b
}

function tighten(bounds: Map<number, Bound>, v: number, bound: Bound, sign: 1 | -1): void {
  const known = bounds.get(v)
  const gain = known === undefined ? 1 : sign * (bound.value - known.value)
  if (known === undefined || gain > 0 || (gain === 0 && bound.strict && !known.strict)) bounds.set(v, bound)
}
