import type { CoreExpr, CoreLiteral, CoreRule } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { type Analysis, groupRules } from './analysis.ts'
import { LOCATION, MOVED } from './decision.ts'
import type { JudgeProgram } from './judge-program.ts'
import { literalVariables, type SplitBody, type Step, variablesOf } from './split-body.ts'

/** How a number changes as more VMs are on more hosts. */
type Direction = 'fixed' | 'up' | 'down' | 'either'

/** Smallest number in a column of a table that does not depend on the placement. */
export type LeastOf = (table: string, column: number) => number

/**
 * The translated rules that can only gain tuples, and only larger numbers, when VMs are added to hosts: no decision-dependent table under
 * `not`, sums of what is never negative, compared as "more than". What such rules say of a part of the placement they say of the whole.
 * `placement:moved` counts too as long as nobody asks where to.
 */
export function monotoneRules(judge: JudgeProgram, analysis: Analysis, least: LeastOf): ReadonlySet<number> {
  const monotone = new Set<number>()
  const tables = new Set([LOCATION, MOVED])
  const rulesOf = groupRules(judge.program)
  for (const table of analysis.tables) {
    const rules = rulesOf.get(table) ?? []
    const role = judge.program.tables.get(table)?.role
    const found = rules.filter(rule => {
      const split = analysis.delegated.get(rule.id)
      return split !== undefined && (table === MOVED || isMonotone(rule, split, tables, role !== undefined, least))
    })
    for (const rule of found) monotone.add(rule.id)
    if (found.length === rules.length) tables.add(table)
  }
  return monotone
}

function isMonotone(
  rule: CoreRule,
  split: SplitBody,
  tables: ReadonlySet<string>,
  isRole: boolean,
  least: LeastOf,
): boolean {
  const numbers = new Map<number, Direction>()
  const body = new BodyReader(rule, tables, numbers, least, isRole)
  return (
    body.read(split) &&
    rule.head.args.every(arg => arg.kind === 'constant' || ['fixed', 'up'].includes(numbers.get(arg.index) ?? 'fixed'))
  )
}

class BodyReader {
  readonly #rule: CoreRule
  readonly #tables: ReadonlySet<string>
  readonly #numbers: Map<number, Direction>
  readonly #least: LeastOf
  readonly #mayShow: boolean

  constructor(
    rule: CoreRule,
    tables: ReadonlySet<string>,
    numbers: Map<number, Direction>,
    least: LeastOf,
    /** Whether the rule's head is only counted, so that it may show where a VM moved to. */
    mayShow: boolean,
  ) {
    this.#rule = rule
    this.#tables = tables
    this.#numbers = numbers
    this.#least = least
    this.#mayShow = mayShow
  }

  read(split: SplitBody): boolean {
    return split.steps.every(step => this.#step(step, split))
  }

  #step(step: Step, split: SplitBody): boolean {
    switch (step.kind) {
      case 'holds': {
        const { literal } = step
        if (literal.negated || !this.#tables.has(literal.table)) return false
        if (literal.table === MOVED && this.#asksWhereTo(literal.args[2]!)) return false
        step.columns?.forEach((kind, i) => {
          const arg = literal.args[i]
          if (kind !== 'fixed' && arg?.kind === 'variable') this.#numbers.set(arg.index, 'up')
        })
        return true
      }
      case 'aggregate': {
        const { operator, value, result } = step.literal
        if (!this.read(step.body)) return false
        const sums =
          operator === 'count' ||
          (operator === 'sum' && value !== undefined && this.#leastValue(value, [step.body, split]) >= 0)
        this.#numbers.set(result.index, sums ? 'up' : 'either')
        return true
      }
      case 'bind':
        this.#numbers.set(step.variable, this.#direction(step.expr, split))
        return true
      case 'compare': {
        const { literal } = step
        if (literal.negated) return false
        const greater = literal.operator === '>' || literal.operator === '>='
        if (!greater && literal.operator !== '<' && literal.operator !== '<=') return false
        const [more, less] = greater ? [literal.left, literal.right] : [literal.right, literal.left]
        return (
          ['fixed', 'up'].includes(this.#direction(more, split)) &&
          ['fixed', 'down'].includes(this.#direction(less, split))
        )
      }
    }
  }

  #asksWhereTo(to: { kind: string; index?: number }): boolean {
    if (to.kind !== 'variable') return to.kind === 'constant'
    const shown = this.#rule.head.args.filter(a => a.kind === 'variable' && a.index === to.index).length
    const uses = usesIn(this.#rule.body).filter(v => v === to.index).length
    return uses > 1 || (shown > 0 && !this.#mayShow)
  }

  #direction(expr: CoreExpr, split: SplitBody): Direction {
    if (expr.kind === 'constant') return 'fixed'
    if (expr.kind === 'variable') return this.#numbers.get(expr.index) ?? 'fixed'
    const args = expr.args.map(arg => this.#direction(arg, split))
    if (args.every(d => d === 'fixed')) return 'fixed'
    const [a, b] = args as [Direction, Direction]
    switch (expr.function) {
      case 'neg':
        return flip(a)
      case '+':
        return join(a, b)
      case '-':
        return join(a, flip(b))
      case '*':
      case '/': {
        const [factor, number] = a === 'fixed' ? [expr.args[0]!, b] : [expr.args[1]!, a]
        if ((a === 'fixed') === (b === 'fixed') || (expr.function === '/' && a === 'fixed')) return 'either'
        return this.#leastValue(factor, [split]) >= 0 ? number : 'either'
      }
      default:
        return 'either'
    }
  }

  /** A lower bound of a fixed expression, from the tables that bind its variables; -Infinity where none is known. */
  #leastValue(expr: CoreExpr, splits: readonly SplitBody[]): number {
    if (expr.kind === 'constant') return typeof expr.value === 'number' ? expr.value : Number.NEGATIVE_INFINITY
    if (expr.kind === 'variable') {
      if (this.#numbers.has(expr.index)) return Number.NEGATIVE_INFINITY
      let known = Number.NEGATIVE_INFINITY
      for (const literal of splits.flatMap(s => s.fixed))
        if (literal.kind === 'atom' && !literal.negated)
          literal.args.forEach((arg, i) => {
            if (arg.kind === 'variable' && arg.index === expr.index)
              known = Math.max(known, this.#least(literal.table, i))
          })
      return known
    }
    const args = expr.args.map(arg => this.#leastValue(arg, splits))
    if (expr.function === '+') return args[0]! + args[1]!
    // Of two numbers that are not negative, product and quotient are not either; more is not needed.
    const signed = expr.function === '*' || expr.function === '/'
    return signed && args.every(a => a >= 0) ? 0 : Number.NEGATIVE_INFINITY
  }
}

/** Variables as often as a body has them, insides of aggregates included. */
function usesIn(body: readonly CoreLiteral[]): number[] {
  return body.flatMap(literal =>
    literal.kind === 'aggregate'
      ? [...literalVariables(literal), ...usesIn(literal.body), ...(literal.value ? variablesOf(literal.value) : [])]
      : literalVariables(literal),
  )
}

const flip = (d: Direction): Direction => (d === 'up' ? 'down' : d === 'down' ? 'up' : d)

function join(a: Direction, b: Direction): Direction {
  if (a === 'fixed' || a === b) return b
  return b === 'fixed' ? a : 'either'
}

/** Smallest number in a column; -Infinity when something in it is no number. */
export function leastIn(rows: readonly (readonly Value[])[], column: number): number {
  let least = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const value = row[column]
    if (typeof value !== 'number') return Number.NEGATIVE_INFINITY
    if (value < least) least = value
  }
  return least
}
