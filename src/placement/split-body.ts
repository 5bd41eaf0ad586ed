import type { Span } from '../diagnostic/index.ts'
import type {
  AggregateLiteral,
  AtomLiteral,
  CompareLiteral,
  CoreExpr,
  CoreLiteral,
  CoreRule,
} from '../language/index.ts'
import { atomsOf } from './decision.ts'
import { isNotLinear, kindOf, type NumberKind, sumKind } from './number-kind.ts'

/** Why a rule stays out of the model. */
export interface Refusal {
  readonly reason: string
  readonly span: Span
}

/** Which columns of a decision-dependent table are numbers that depend on the placement; the others are its key. */
export type ColumnKinds = readonly NumberKind[]

/** What the analysis knows of the tables a body may read. */
export interface TableKnowledge {
  isDecision(table: string): boolean
  /** Undefined: every column is fixed. */
  columns(table: string): ColumnKinds | undefined
  /** Why a table can't be translated. */
  refusal(table: string): string | undefined
  /** A table's name as its author writes it. */
  display(table: string): string
}

/** One thing to translate in a body, in an order in which every number is known before it is read. */
export type Step =
  | { readonly kind: 'holds'; readonly literal: AtomLiteral; readonly columns: ColumnKinds | undefined }
  | { readonly kind: 'aggregate'; readonly literal: AggregateLiteral; readonly body: SplitBody }
  | { readonly kind: 'bind'; readonly variable: number; readonly expr: CoreExpr }
  | { readonly kind: 'compare'; readonly literal: CompareLiteral }

/** A body taken apart: what the evaluator answers, and what becomes conditions. */
export interface SplitBody {
  readonly fixed: readonly CoreLiteral[]
  readonly steps: readonly Step[]
  /** Variables that `fixed` and the keys of decision-dependent literals bind. */
  readonly fixedVariables: readonly number[]
  readonly kinds: ReadonlyMap<number, NumberKind>
}

export class RefusalError extends Error {
  readonly refusal: Refusal
  constructor(reason: string, span: Span) {
    super(reason)
    this.refusal = { reason, span }
  }
}

/** What an aggregate over something decision-dependent gives. */
const resultKinds = { count: 'linear', sum: 'linear', mean: 'ratio', min: 'extreme', max: 'extreme' } as const

const refuse = (reason: string, span: Span): never => {
  throw new RefusalError(reason, span)
}

/**
 * Split a body into its fixed part and the steps to translate.
 * @param outer kinds of the variables that the surrounding rule binds (inside an aggregate)
 * @throws RefusalError where the body is outside the translatable class
 */
export function splitBody(
  rule: CoreRule,
  body: readonly CoreLiteral[],
  tables: TableKnowledge,
  outer: ReadonlyMap<number, NumberKind> = new Map(),
): SplitBody {
  const dependent = new Set(body.filter(l => literalDepends(l, tables)))
  const fixedVariables = fixedClosure(body, dependent, tables, outer)
  const kinds = new Map(outer)
  for (const v of fixedVariables) kinds.set(v, 'fixed')
  const fixed: CoreLiteral[] = []
  const steps: Step[] = []
  const pending: CompareLiteral[] = []
  const kind = (v: number): NumberKind =>
    kinds.get(v) ?? refuse(`\`${rule.variables[v]}\` depends on itself`, rule.span)
  const bindNumber = (v: number, k: NumberKind, span: Span): void => {
    if (kinds.has(v)) refuse(`it joins on \`${rule.variables[v]}\`, a number that depends on the placement`, span)
    kinds.set(v, k)
  }
  for (const literal of body)
    if (literal.kind === 'atom' && dependent.has(literal)) {
      const why = tables.refusal(literal.table)
      if (why) refuse(why, literal.span)
      const columns = tables.columns(literal.table)
      steps.push({ kind: 'holds', literal, columns })
      literal.args.forEach((arg, i) => {
        const columnKind = columns?.[i] ?? 'fixed'
        if (columnKind === 'fixed' || arg.kind === 'wildcard') return
        if (literal.negated)
          refuse(
            `under \`not\` it asks for a number of \`${tables.display(literal.table)}\` that depends on the placement; use \`_\` or a positive literal and a comparison`,
            literal.span,
          )
        if (arg.kind === 'constant')
          refuse(
            `it joins on a number of \`${tables.display(literal.table)}\` that depends on the placement; name it and compare it`,
            literal.span,
          )
        else bindNumber(arg.index, columnKind, literal.span)
      })
    } else if (literal.kind === 'aggregate' && dependent.has(literal)) {
      const inner = splitAggregate(rule, literal, tables, kinds)
      steps.push({ kind: 'aggregate', literal, body: inner })
      bindNumber(literal.result.index, resultKinds[literal.operator], literal.span)
    } else if (literal.kind === 'compare') pending.push(literal)
    else fixed.push(literal)
  orderComparisons(pending, kinds, fixedVariables, fixed, steps)
  for (const literal of fixed) refuseNumbers(rule, literal, kinds, tables)
  for (const step of steps) checkStep(rule, step, kind)
  return { fixed, steps, fixedVariables: [...fixedVariables].filter(v => !outer.has(v)), kinds }
}

function literalDepends(literal: CoreLiteral, tables: TableKnowledge): boolean {
  if (literal.kind === 'atom') return tables.isDecision(literal.table)
  if (literal.kind !== 'aggregate') return false
  for (const atom of atomsOf(literal.body)) if (tables.isDecision(atom.table)) return true
  return false
}

/** Variables that are bound without looking at a number that depends on the placement. */
function fixedClosure(
  body: readonly CoreLiteral[],
  dependent: ReadonlySet<CoreLiteral>,
  tables: TableKnowledge,
  outer: ReadonlyMap<number, NumberKind>,
): Set<number> {
  const bound = new Set<number>()
  // `guests(h, n), n = 3` compares n; it does not make n a fixed number to join on.
  const numbers = new Set(body.filter(l => dependent.has(l)).flatMap(l => numbersOf(l, tables)))
  for (const [v, k] of outer) if (k === 'fixed') bound.add(v)
  for (const literal of body)
    if (literal.kind === 'atom' && !literal.negated) {
      const columns = dependent.has(literal) ? tables.columns(literal.table) : undefined
      literal.args.forEach((arg, i) => {
        if (arg.kind === 'variable' && (columns?.[i] ?? 'fixed') === 'fixed') bound.add(arg.index)
      })
    }
  for (let before = -1; before !== bound.size; ) {
    before = bound.size
    for (const literal of body) {
      if (
        literal.kind === 'builtin' &&
        !literal.negated &&
        literal.inputs.every(t => t.kind === 'constant' || bound.has(t.index))
      )
        for (const out of literal.outputs) if (out.kind === 'variable') bound.add(out.index)
      if (literal.kind === 'aggregate' && !dependent.has(literal) && literal.groupBy.every(v => bound.has(v)))
        bound.add(literal.result.index)
      if (literal.kind === 'compare' && literal.operator === '=' && !literal.negated)
        for (const [a, b] of [
          [literal.left, literal.right],
          [literal.right, literal.left],
        ] as const)
          if (a.kind === 'variable' && !numbers.has(a.index) && variablesOf(b).every(v => bound.has(v)))
            bound.add(a.index)
    }
  }
  return bound
}

/** Variables that a decision-dependent literal binds to a number. */
function numbersOf(literal: CoreLiteral, tables: TableKnowledge): number[] {
  if (literal.kind === 'aggregate') return [literal.result.index]
  if (literal.kind !== 'atom' || literal.negated) return []
  const columns = tables.columns(literal.table)
  return literal.args.flatMap((arg, i) =>
    arg.kind === 'variable' && (columns?.[i] ?? 'fixed') !== 'fixed' ? [arg.index] : [],
  )
}

function splitAggregate(
  rule: CoreRule,
  literal: AggregateLiteral,
  tables: TableKnowledge,
  kinds: ReadonlyMap<number, NumberKind>,
): SplitBody {
  const outer = new Map<number, NumberKind>()
  for (const v of literal.groupBy) {
    if ((kinds.get(v) ?? 'linear') !== 'fixed')
      refuse(`it groups by \`${rule.variables[v]}\`, a number that depends on the placement`, literal.span)
    outer.set(v, 'fixed')
  }
  const body = splitBody(rule, literal.body, tables, outer)
  if (literal.value) {
    const valueKind = kindOf(literal.value, v => body.kinds.get(v) ?? 'fixed')
    if (isNotLinear(valueKind)) refuse(valueKind.reason, literal.span)
    if (valueKind === 'ratio' || valueKind === 'extreme')
      refuse(
        `\`${literal.operator}\` of a mean, minimum or maximum that depends on the placement is not translated`,
        literal.span,
      )
  }
  return body
}

/** Sort comparisons into fixed ones, ones that bind a number, and conditions. */
function orderComparisons(
  pending: readonly CompareLiteral[],
  kinds: Map<number, NumberKind>,
  fixedVariables: ReadonlySet<number>,
  fixed: CoreLiteral[],
  steps: Step[],
): void {
  let waiting = pending.filter(literal => {
    const isFixed = variablesOf(literal.left)
      .concat(variablesOf(literal.right))
      .every(v => fixedVariables.has(v))
    if (isFixed) fixed.push(literal)
    return !isFixed
  })
  for (let progress = true; progress; ) {
    progress = false
    waiting = waiting.filter(literal => {
      const bound = bindingSide(literal, kinds)
      if (!bound) return true
      const k = kindOf(bound.expr, v => kinds.get(v)!)
      if (isNotLinear(k)) refuse(k.reason, literal.span)
      else kinds.set(bound.variable, k)
      steps.push({ kind: 'bind', ...bound })
      progress = true
      return false
    })
  }
  for (const literal of waiting) steps.push({ kind: 'compare', literal })
}

function bindingSide(
  literal: CompareLiteral,
  kinds: ReadonlyMap<number, NumberKind>,
): { variable: number; expr: CoreExpr } | undefined {
  if (literal.operator !== '=' || literal.negated) return undefined
  for (const [a, b] of [
    [literal.left, literal.right],
    [literal.right, literal.left],
  ] as const)
    if (a.kind === 'variable' && !kinds.has(a.index) && variablesOf(b).every(v => kinds.has(v)))
      return { variable: a.index, expr: b }
  return undefined
}

function refuseNumbers(
  rule: CoreRule,
  literal: CoreLiteral,
  kinds: ReadonlyMap<number, NumberKind>,
  tables: TableKnowledge,
): void {
  const numbers = literalVariables(literal).filter(v => (kinds.get(v) ?? 'fixed') !== 'fixed')
  if (numbers.length === 0) return
  const name = rule.variables[numbers[0]!]
  if (literal.kind === 'atom')
    refuse(
      `it joins \`${tables.display(literal.table)}\` on \`${name}\`, a number that depends on the placement`,
      literal.span,
    )
  refuse(`\`${name}\` depends on the placement and is read by something other than linear arithmetic`, literal.span)
}

function checkStep(rule: CoreRule, step: Step, kind: (v: number) => NumberKind): void {
  if (step.kind === 'holds')
    step.literal.args.forEach((arg, i) => {
      if (arg.kind === 'variable' && (step.columns?.[i] ?? 'fixed') === 'fixed' && kind(arg.index) !== 'fixed')
        refuse(
          `it joins on \`${rule.variables[arg.index]}\`, a number that depends on the placement`,
          step.literal.span,
        )
    })
  if (step.kind !== 'compare') return
  const left = kindOf(step.literal.left, kind)
  const right = kindOf(step.literal.right, kind)
  if (isNotLinear(left)) refuse(left.reason, step.literal.span)
  else if (isNotLinear(right)) refuse(right.reason, step.literal.span)
  else {
    const both = sumKind(left, right)
    if (isNotLinear(both)) refuse(both.reason, step.literal.span)
  }
}

export function variablesOf(expr: CoreExpr): number[] {
  if (expr.kind === 'variable') return [expr.index]
  return expr.kind === 'call' ? expr.args.flatMap(variablesOf) : []
}

/** Each variable that a literal reads or binds, as often as it does; inside an aggregate only those it shares with the rest. */
export function literalVariables(literal: CoreLiteral): number[] {
  const terms = (ts: readonly { kind: string; index?: number }[]): number[] =>
    ts.flatMap(t => (t.kind === 'variable' ? [t.index!] : []))
  switch (literal.kind) {
    case 'atom':
      return terms(literal.args)
    case 'builtin':
      return [...terms(literal.inputs), ...terms(literal.outputs)]
    case 'compare':
      return [...variablesOf(literal.left), ...variablesOf(literal.right)]
    case 'aggregate':
      return [...literal.groupBy, literal.result.index]
  }
}
