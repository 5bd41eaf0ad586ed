import {
  type CompareLiteral,
  type ComparisonOperator,
  type CoreExpr,
  type CoreTerm,
  renderExpr,
  renderValue,
} from '../language/index.ts'
import type { Relation, Value } from '../tables/index.ts'
import { Accumulator } from './aggregate.ts'
import { calculate } from './arithmetic.ts'
import { type BuiltinContext, BuiltinFault, builtinTable } from './builtins/index.ts'
import { type Database, emptyRelation } from './database.ts'
import type { AtomStep, Key, Step } from './plan.ts'
import type { Warnings } from './warnings.ts'

/** What a solver needs besides the tables. */
export interface SolveContext extends BuiltinContext {
  readonly warnings: Warnings
  /** Called now and then; throws when the evaluation has taken too long. */
  readonly tick: () => void
}

/** A value for each variable of a rule, as an interned id; -1 where there is none yet. */
export type Bindings = Int32Array

/** The variables that have values. */
export function boundIn(env: Bindings): Set<number> {
  const bound = new Set<number>()
  for (let v = 0; v < env.length; v++) if (env[v]! >= 0) bound.add(v)
  return bound
}

/** Called for each solution; false stops the search. */
export type Visit = () => boolean

/** Sees how far a search came: `step` was entered with the present bindings, and what it gave was nothing. */
export interface Observer {
  failed(depth: number, steps: readonly Step[]): void
}

/**
 * Enumerates the solutions of a planned body by nested lookups, one binding at a time. The general way, for queries and
 * explanations; rules are evaluated by compiled functions.
 */
export class Solver {
  readonly #db: Database
  readonly #context: SolveContext
  /** Restricts the step at depth 0 to these slots, for semi-naive rounds. */
  delta: { readonly from: number; readonly to: number } | undefined
  observer: Observer | undefined

  constructor(db: Database, context: SolveContext) {
    this.#db = db
    this.#context = context
  }

  /** Visit every solution that extends `env`; false when a visit said stop. `env` is as before afterwards. */
  solve(steps: readonly Step[], env: Bindings, names: readonly string[], visit: Visit): boolean {
    return this.#at(steps, 0, env, names, visit)
  }

  #at(steps: readonly Step[], depth: number, env: Bindings, names: readonly string[], visit: Visit): boolean {
    if (depth === steps.length) return visit()
    const step = steps[depth]!
    let reached = false
    const next = () => {
      reached = true
      return this.#at(steps, depth + 1, env, names, visit)
    }
    const go = this.#step(step, depth, env, names, next)
    if (!reached) this.observer?.failed(depth, steps)
    return go
  }

  #step(step: Step, depth: number, env: Bindings, names: readonly string[], next: Visit): boolean {
    switch (step.kind) {
      case 'atom':
        return this.#atom(step, depth, env, next)
      case 'absent':
        return this.exists(step.literal.table, step.key, env) ? true : next()
      case 'test':
        return this.#holds(step.literal, env, names) !== step.literal.negated ? next() : true
      case 'bind': {
        const value = this.#value(step.expr, env, names, step.literal)
        if (value === undefined) return true
        return this.#with(env, step.variable, this.#db.interner.intern(value), next)
      }
      case 'builtin':
        return this.#builtin(step, env, next)
      case 'aggregate': {
        const value = this.aggregate(step, env, names)?.value
        if (value === undefined) return true
        const id = this.#db.interner.intern(value)
        const result = step.literal.result.index
        if (step.bound) return env[result] === id ? next() : true
        return this.#with(env, result, id, next)
      }
    }
  }

  #with(env: Bindings, variable: number, id: number, next: Visit): boolean {
    env[variable] = id
    const go = next()
    env[variable] = -1
    return go
  }

  #atom(step: AtomStep, depth: number, env: Bindings, next: Visit): boolean {
    const relation = this.#db.get(step.literal.table) ?? emptyRelation(step.literal.args.length)
    const { binds, repeats } = step
    const key = this.keyValues(step.key, env)
    if (!key) return true
    const visit = (slot: number): boolean => {
      this.#context.tick()
      for (const b of binds) env[b.variable] = relation.columns[b.column]![slot]!
      for (const r of repeats) if (relation.columns[r.column]![slot] !== env[r.variable]) return true
      return next()
    }
    let go = true
    const delta = depth === 0 ? this.delta : undefined
    if (delta) {
      const columns = step.key.columns
      for (let slot = delta.from; slot < delta.to && go; slot++) {
        if (columns.every((c, i) => relation.columns[c]![slot] === key[i])) go = visit(slot)
      }
    } else if (key.length === relation.arity) {
      const slot = relation.find(key)
      if (slot >= 0) go = visit(slot)
    } else if (key.length === 0) {
      const top = relation.top
      for (let slot = 0; slot < top && go; slot++) if (relation.holds(slot)) go = visit(slot)
    } else go = eachMatch(relation, step.key.columns, key, visit)
    for (const b of binds) env[b.variable] = -1
    return go
  }

  /** Whether some row of a table has these values. */
  exists(table: string, at: Key, env: Bindings): boolean {
    const relation = this.#db.get(table)
    if (!relation) return false
    const key = this.keyValues(at, env)
    if (!key) return false
    if (key.length === relation.arity) return relation.find(key) >= 0
    if (key.length === 0) return relation.size > 0
    return !eachMatch(relation, at.columns, key, () => false)
  }

  /** Ids of a key's terms, or undefined when one is a constant that no table ever held. */
  keyValues(key: Key, env: Bindings): number[] | undefined {
    const ids: number[] = []
    for (const t of key.terms) {
      const id = t.kind === 'variable' ? env[t.index]! : this.#db.interner.find(t.value)
      if (id < 0) return undefined
      ids.push(id)
    }
    return ids
  }

  /** The value of an aggregate for the group that `env` stands for; `each` sees every binding of the body. */
  aggregate(
    step: Extract<Step, { kind: 'aggregate' }>,
    env: Bindings,
    names: readonly string[],
    each?: () => void,
  ): { readonly value: Value | undefined; readonly bindings: number } {
    const { literal } = step
    const group = new Accumulator(literal.operator)
    const inner = new Solver(this.#db, this.#context)
    inner.solve(step.body, env, names, () => {
      each?.()
      group.add(literal.value ? this.#value(literal.value, env, names, literal) : null)
      return true
    })
    const value = group.result(why =>
      this.#context.warnings.add(why, literal.span, () => {
        const group = literal.groupBy.map(this.#namer(env, names))
        return `\`${literal.operator}\`${group.length === 0 ? '' : ` for ${group.join(', ')}`}`
      }),
    )
    return { value, bindings: group.bindings }
  }

  #builtin(step: Extract<Step, { kind: 'builtin' }>, env: Bindings, next: Visit): boolean {
    const { literal, binds } = step
    const outputs = this.#call(step, env)
    if (outputs === 'fault') return literal.negated ? next() : true
    const agrees =
      outputs !== undefined &&
      literal.outputs.every((t, i) => {
        const bind = binds.find(b => b.column === i)
        if (bind || t.kind === 'wildcard') return true
        if (t.kind === 'constant') return t.value === outputs[i]
        const first = binds.find(b => b.variable === t.index)
        return (first ? outputs[first.column] : this.#term(t, env)) === outputs[i]
      })
    if (literal.negated) return agrees ? true : next()
    if (!agrees || !outputs) return true
    for (const b of binds) env[b.variable] = this.#db.interner.intern(outputs[b.column]!)
    const go = next()
    for (const b of binds) env[b.variable] = -1
    return go
  }

  #call(step: Extract<Step, { kind: 'builtin' }>, env: Bindings): readonly Value[] | undefined | 'fault' {
    const { literal } = step
    const builtin = builtinTable.get(literal.name)
    if (!builtin) throw new Error(`no builtin ${literal.name}`)
    try {
      return builtin(
        literal.inputs.map(t => this.#term(t, env)),
        this.#context,
      )
    } catch (fault) {
      if (!(fault instanceof BuiltinFault)) throw fault
      this.#context.warnings.add('builtin-failed', literal.span, () => {
        return `\`${literal.name}\`: ${fault.message}`
      })
      return 'fault'
    }
  }

  #holds(literal: CompareLiteral, env: Bindings, names: readonly string[]): boolean {
    const left = this.#value(literal.left, env, names, literal)
    if (left === undefined) return false
    const right = this.#value(literal.right, env, names, literal)
    if (right === undefined) return false
    return compare(literal.operator, left, right, () => {
      const detail = () => `\`${renderValue(left)} ${literal.operator} ${renderValue(right)}\``
      this.#context.warnings.add('mixed-types', literal.span, detail)
    })
  }

  #term(t: CoreTerm, env: Bindings): Value {
    return t.kind === 'constant' ? t.value : this.#db.interner.value(env[t.index]!)
  }

  /** An expression's value, or undefined where its arithmetic fails. */
  #value(
    e: CoreExpr,
    env: Bindings,
    names: readonly string[],
    place: { readonly span: CompareLiteral['span'] },
  ): Value | undefined {
    if (e.kind !== 'call') return this.#term(e, env)
    const args: number[] = []
    for (const a of e.args) {
      const value = this.#value(a, env, names, place)
      if (value === undefined) return undefined
      args.push(typeof value === 'number' ? value : Number.NaN)
    }
    const result = calculate(e.function, args, why =>
      this.#context.warnings.add(why, place.span, () => `\`${renderExpr(e, this.#namer(env, names))}\``),
    )
    return Number.isNaN(result) ? undefined : result + 0
  }

  #namer(env: Bindings, names: readonly string[]): (index: number) => string {
    return i => (env[i]! >= 0 ? renderValue(this.#db.interner.value(env[i]!)) : (names[i] ?? '_'))
  }
}

/** `=` and `!=` on any two values; the others between two numbers or two strings, else false and reported. */
export function compare(operator: ComparisonOperator, left: Value, right: Value, mixed: () => void): boolean {
  if (operator === '=') return left === right
  if (operator === '!=') return left !== right
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) {
    mixed()
    return false
  }
  switch (operator) {
    case '<':
      return left < right!
    case '<=':
      return left <= right!
    case '>':
      return left > right!
    case '>=':
      return left >= right!
  }
}

/** Rows that an open transaction took out are still in the index. */
function eachMatch(
  relation: Relation,
  columns: readonly number[],
  key: readonly number[],
  visit: (slot: number) => boolean,
): boolean {
  const index = relation.index(columns)
  for (let slot = index.first(key); slot >= 0; slot = index.next[slot]!) {
    if (index.matches(slot, key) && relation.holds(slot) && !visit(slot)) return false
  }
  return true
}
