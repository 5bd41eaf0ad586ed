import type {
  AggregateLiteral,
  AtomLiteral,
  BuiltinLiteral,
  CompareLiteral,
  CoreExpr,
  CoreLiteral,
  CoreTerm,
} from '../language/index.ts'
import { exprVariables, inputVariables, outerVariables } from './variables.ts'

/** One step of a join plan. `position` is the literal's place in the body. */
export type Step =
  | AtomStep
  | { readonly kind: 'absent'; readonly position: number; readonly literal: AtomLiteral; readonly key: Key }
  | { readonly kind: 'test'; readonly position: number; readonly literal: CompareLiteral }
  | {
      readonly kind: 'bind'
      readonly position: number
      readonly literal: CompareLiteral
      readonly variable: number
      readonly expr: CoreExpr
    }
  | { readonly kind: 'builtin'; readonly position: number; readonly literal: BuiltinLiteral; readonly binds: Binds }
  | {
      readonly kind: 'aggregate'
      readonly position: number
      readonly literal: AggregateLiteral
      readonly body: readonly Step[]
      /** The result has a value already: compare instead of bind. */
      readonly bound: boolean
    }

/** Columns that have values when a step begins, ascending, and where the values come from. */
export interface Key {
  readonly columns: readonly number[]
  readonly terms: readonly CoreTerm[]
}

/** Columns that give variables their first values. */
export type Binds = readonly { readonly column: number; readonly variable: number }[]

export interface AtomStep {
  readonly kind: 'atom'
  readonly position: number
  readonly literal: AtomLiteral
  readonly key: Key
  readonly binds: Binds
  /** Columns that repeat a variable which this same atom binds. */
  readonly repeats: Binds
}

export interface PlanOptions {
  /** About how many rows of a table agree with a row in some columns, for the join order. */
  readonly rows: (table: string, columns: readonly number[]) => number
  /** Position of a literal to begin with although nothing is bound: its changes are what the plan is for. */
  readonly first?: number
  /** Whether an aggregate's value is looked up, so that its body needs no plan. */
  readonly isGrouped?: (literal: AggregateLiteral) => boolean
}

/** A rule that no order of its literals makes computable: the checker lets none through. */
export class UnsafeBody extends Error {
  readonly literal: CoreLiteral

  constructor(literal: CoreLiteral) {
    super('a literal has variables that nothing binds')
    this.literal = literal
  }
}

/**
 * Orders a body's literals: tests as soon as their variables have values; then the positive atom that promises the fewest rows.
 * Gives the steps; `bound` gains the variables they bind.
 */
export function planBody(body: readonly CoreLiteral[], bound: Set<number>, options: PlanOptions): Step[] {
  const waiting = body.map((literal, position) => ({ literal, position }))
  const steps: Step[] = []
  const take = (step: Step) => {
    steps.push(step)
    waiting.splice(
      waiting.findIndex(w => w.position === step.position),
      1,
    )
    for (const v of outerVariables(body[step.position]!)) bound.add(v)
  }
  if (options.first !== undefined) take(firstStep(body[options.first]!, options.first, bound))
  while (waiting.length > 0) {
    const step = readyStep(waiting, bound, options) ?? bestAtom(waiting, bound, options)
    if (!step) throw new UnsafeBody(waiting[0]!.literal)
    take(step)
  }
  return steps
}

/** A step that enumerates changes: of an atom's rows whatever its sign, or of an aggregate's groups. */
function firstStep(literal: CoreLiteral, position: number, bound: ReadonlySet<number>): Step {
  if (literal.kind === 'atom') return atomStep(literal, position, bound)
  if (literal.kind === 'aggregate') return { kind: 'aggregate', position, literal, body: [], bound: false }
  throw new Error('only atoms and aggregates change')
}

type Waiting = readonly { readonly literal: CoreLiteral; readonly position: number }[]

/** A step that costs no more than a lookup; aggregates last among them. */
function readyStep(waiting: Waiting, bound: ReadonlySet<number>, options: PlanOptions): Step | undefined {
  for (const { literal, position } of waiting) {
    const known = [...inputVariables(literal)].every(v => bound.has(v))
    switch (literal.kind) {
      case 'atom':
        if (!known) break
        if (literal.negated) return { kind: 'absent', position, literal, key: keyOf(literal, bound) }
        return atomStep(literal, position, bound)
      case 'compare': {
        if (known) return { kind: 'test', position, literal }
        const binding = bindingOf(literal, bound)
        if (binding) return { kind: 'bind', position, literal, ...binding }
        break
      }
      case 'builtin':
        if (known) return { kind: 'builtin', position, literal, binds: outputBinds(literal, bound) }
    }
  }
  for (const { literal, position } of waiting) {
    if (literal.kind !== 'aggregate' || !literal.groupBy.every(v => bound.has(v))) continue
    const body = options.isGrouped?.(literal) ? [] : planBody(literal.body, new Set(bound), { rows: options.rows })
    return { kind: 'aggregate', position, literal, body, bound: bound.has(literal.result.index) }
  }
  return undefined
}

/** Added to the rows of an atom that shares nothing with what is bound: a product is the last resort. */
const APART = 1e9

function bestAtom(waiting: Waiting, bound: ReadonlySet<number>, options: PlanOptions): Step | undefined {
  let best: AtomStep | undefined
  let bestCost = Number.POSITIVE_INFINITY
  for (const { literal, position } of waiting) {
    if (literal.kind !== 'atom' || literal.negated) continue
    const step = atomStep(literal, position, bound)
    const cost = options.rows(literal.table, step.key.columns) + (step.key.columns.length === 0 ? APART : 0)
    if (cost < bestCost) {
      best = step
      bestCost = cost
    }
  }
  return best
}

/** `=` with a lone variable without a value on one side and values on the other. */
function bindingOf(
  literal: CompareLiteral,
  bound: ReadonlySet<number>,
): { readonly variable: number; readonly expr: CoreExpr } | undefined {
  if (literal.operator !== '=' || literal.negated) return undefined
  for (const [target, expr] of [
    [literal.left, literal.right],
    [literal.right, literal.left],
  ] as const) {
    if (target.kind !== 'variable' || bound.has(target.index)) continue
    if ([...exprVariables(expr)].every(v => bound.has(v))) return { variable: target.index, expr }
  }
  return undefined
}

function keyOf(literal: AtomLiteral, bound: ReadonlySet<number>): Key {
  const columns: number[] = []
  const terms: CoreTerm[] = []
  literal.args.forEach((arg, column) => {
    if (arg.kind === 'constant' || (arg.kind === 'variable' && bound.has(arg.index))) {
      columns.push(column)
      terms.push(arg)
    }
  })
  return { columns, terms }
}

function atomStep(literal: AtomLiteral, position: number, bound: ReadonlySet<number>): AtomStep {
  const binds: { column: number; variable: number }[] = []
  const repeats: { column: number; variable: number }[] = []
  literal.args.forEach((arg, column) => {
    if (arg.kind !== 'variable' || bound.has(arg.index)) return
    const list = binds.some(b => b.variable === arg.index) ? repeats : binds
    list.push({ column, variable: arg.index })
  })
  return { kind: 'atom', position, literal, key: keyOf(literal, bound), binds, repeats }
}

function outputBinds(literal: BuiltinLiteral, bound: ReadonlySet<number>): Binds {
  const binds: { column: number; variable: number }[] = []
  literal.outputs.forEach((arg, column) => {
    if (arg.kind === 'variable' && !bound.has(arg.index) && !binds.some(b => b.variable === arg.index))
      binds.push({ column, variable: arg.index })
  })
  return binds
}
