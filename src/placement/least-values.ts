import type { CompareLiteral, CoreExpr, CoreLiteral, CoreRule } from '../language/index.ts'
import { type Analysis, groupRules } from './analysis.ts'
import type { JudgeProgram } from './judge-program.ts'
import type { LeastOf } from './monotone.ts'
import type { SplitBody, Step } from './split-body.ts'

const UNKNOWN = Number.NEGATIVE_INFINITY

/**
 * Lower bounds of the numbers in heads of translated rules, whatever the placement: from the tables that bind them, sums of what is never
 * negative, and conditions like `w > 0`. -Infinity where none is known.
 */
export class LeastValues {
  readonly #analysis: Analysis
  readonly #rulesOf: ReadonlyMap<string, readonly CoreRule[]>
  readonly #leastIn: LeastOf
  readonly #columns = new Map<string, number>()
  /** Variables that are being looked at: one that is bounded by itself is not. */
  readonly #open = new Set<string>()

  /** @param leastIn of tables that do not depend on the placement */
  constructor(judge: JudgeProgram, analysis: Analysis, leastIn: LeastOf) {
    this.#analysis = analysis
    this.#rulesOf = groupRules(judge.program)
    this.#leastIn = leastIn
  }

  /** Of a column of a rule's head. */
  inHead(rule: CoreRule, column: number): number {
    const split = this.#analysis.delegated.get(rule.id)
    return split ? this.#of(rule.head.args[column]!, [split], `${rule.id}`) : UNKNOWN
  }

  #inTable(table: string, column: number): number {
    const key = `${column} ${table}`
    let known = this.#columns.get(key)
    if (known === undefined) {
      const rules = this.#rulesOf.get(table) ?? []
      known = rules.length === 0 ? UNKNOWN : Math.min(...rules.map(rule => this.inHead(rule, column)))
      this.#columns.set(key, known)
    }
    return known
  }

  /** @param splits the bodies that bind an expression's variables, the innermost first */
  #of(expr: CoreExpr, splits: readonly SplitBody[], scope: string): number {
    if (expr.kind === 'constant') return typeof expr.value === 'number' ? expr.value : UNKNOWN
    if (expr.kind === 'variable') {
      const name = `${scope}:${expr.index}`
      if (this.#open.has(name)) return UNKNOWN
      this.#open.add(name)
      const least = Math.max(UNKNOWN, ...splits.map(split => this.#boundBy(split, expr.index, splits, scope)))
      this.#open.delete(name)
      return least
    }
    const [a = UNKNOWN, b = UNKNOWN] = expr.args.map(arg => this.#of(arg, splits, scope))
    switch (expr.function) {
      case '+':
        return a + b
      case '-': {
        const less = expr.args[1]
        return less?.kind === 'constant' && typeof less.value === 'number' ? a - less.value : UNKNOWN
      }
      case '*':
      case '/':
        // Of two numbers that are not negative, product and quotient are not either; more is not needed.
        return a >= 0 && b >= 0 ? 0 : UNKNOWN
      case 'abs':
        return 0
      default:
        return UNKNOWN
    }
  }

  #boundBy({ fixed, steps }: SplitBody, variable: number, splits: readonly SplitBody[], scope: string): number {
    const bounds = [...fixed.map(l => this.#byLiteral(l, variable, splits, scope))]
    for (const step of steps) bounds.push(this.#byStep(step, variable, splits, scope))
    return Math.max(UNKNOWN, ...bounds)
  }

  #byLiteral(literal: CoreLiteral, variable: number, splits: readonly SplitBody[], scope: string): number {
    if (literal.kind === 'compare') return this.#byComparison(literal, variable, splits, scope)
    if (literal.kind !== 'atom' || literal.negated) return UNKNOWN
    const columns = literal.args.flatMap((arg, i) => (arg.kind === 'variable' && arg.index === variable ? [i] : []))
    return Math.max(UNKNOWN, ...columns.map(i => this.#leastIn(literal.table, i)))
  }

  #byStep(step: Step, variable: number, splits: readonly SplitBody[], scope: string): number {
    switch (step.kind) {
      case 'holds': {
        const { table, args, negated } = step.literal
        if (negated) return UNKNOWN
        const columns = args.flatMap((arg, i) => (arg.kind === 'variable' && arg.index === variable ? [i] : []))
        return Math.max(UNKNOWN, ...columns.map(i => this.#inTable(table, i)))
      }
      case 'aggregate': {
        const { operator, value, result } = step.literal
        if (result.index !== variable) return UNKNOWN
        if (operator === 'count') return 0
        const least = value ? this.#of(value, [step.body, ...splits], scope) : UNKNOWN
        return operator === 'sum' && least >= 0 ? 0 : operator === 'sum' ? UNKNOWN : least
      }
      case 'bind':
        return step.variable === variable ? this.#of(step.expr, splits, scope) : UNKNOWN
      case 'compare':
        return this.#byComparison(step.literal, variable, splits, scope)
    }
  }

  #byComparison(literal: CompareLiteral, variable: number, splits: readonly SplitBody[], scope: string): number {
    const { operator, left, right, negated } = literal
    const is = (expr: CoreExpr): boolean => expr.kind === 'variable' && expr.index === variable
    if (negated) return UNKNOWN
    if (is(left) && ['=', '>', '>='].includes(operator)) return this.#of(right, splits, scope)
    if (is(right) && ['=', '<', '<='].includes(operator)) return this.#of(left, splits, scope)
    return UNKNOWN
  }
}
