import type { AtomLiteral, BuiltinLiteral, CompareLiteral, CoreExpr, CoreLiteral } from '../language/index.ts'
import { joinAggregate } from './aggregate.ts'
import { builtinOutput } from './builtins.ts'
import { comparison, type Env, equal, expression, term, variablesOf } from './expression.ts'
import { quoted } from './names.ts'
import { type RuleScope, requireComplete } from './scope.ts'
import type { SqlExpr } from './types.ts'

/**
 * The FROM and WHERE of a body. Rows of positive literals are joined first; what is left follows as soon as what it reads is bound:
 * computed values as LATERAL rows, aggregates as joined groups, negations and comparisons as conditions. A value that failed is
 * NULL, and its row is left out.
 */
export class Body {
  readonly from: string[] = []
  readonly where: string[] = []
  readonly env: Map<number, SqlExpr>
  /** Variables bound here, in order. */
  readonly bound: number[] = []
  readonly scope: RuleScope

  /** `outer`: what the query around this one binds. */
  constructor(scope: RuleScope, outer: Env) {
    this.scope = scope
    this.env = new Map(outer)
  }

  /** A query of its own inside this one, which sees `outer`. */
  nested(outer: Env): Body {
    return new Body(this.scope, outer)
  }

  /** Take in all literals; false when some variable stays unbound, which a safe rule does only inside braces read on their own. */
  addAll(literals: readonly CoreLiteral[]): boolean {
    let waiting = literals.filter(l => !(l.kind === 'atom' && !l.negated && this.#positive(l)))
    while (waiting.length > 0) {
      const next = waiting.find(l => this.#add(l))
      if (!next) return false
      waiting = waiting.filter(l => l !== next)
    }
    return true
  }

  /** Bind a variable, or compare it where it is bound. */
  bind(index: number, value: SqlExpr): void {
    const known = this.env.get(index)
    if (known) {
      this.where.push(equal(known, value))
      return
    }
    if (value.mayFail) this.where.push(`${value.sql} IS NOT NULL`)
    this.env.set(index, { ...value, mayFail: false })
    this.bound.push(index)
  }

  /** `SELECT … FROM … WHERE …`, indented by `indent`. */
  select(columns: readonly string[], indent: string, distinct = true): string {
    const lines = [`SELECT ${distinct ? 'DISTINCT ' : ''}${columns.join(', ')}`]
    if (this.from.length > 0) lines.push(`FROM ${this.from.join(`\n${indent}  `)}`)
    if (this.where.length > 0) lines.push(`WHERE ${this.where.join(`\n${indent}  AND `)}`)
    return lines.join(`\n${indent}`)
  }

  /** A computed row, for reading by the literals that follow. */
  lateral(sql: string, prefix: string): string {
    const alias = this.scope.alias(prefix)
    this.from.push(`${this.from.length > 0 ? 'CROSS JOIN ' : ''}LATERAL (${sql}) ${alias}`)
    return alias
  }

  #positive(l: AtomLiteral): true {
    const { scope } = this
    let columns: readonly string[]
    if (scope.component.has(l.table)) {
      const own = scope.own(l.table)
      if (own.condition) this.where.push(own.condition)
      columns = own.columns
    } else {
      const alias = scope.alias('t')
      const name = quoted(scope.table(l.table).name)
      this.from.push(`${this.from.length > 0 ? 'CROSS JOIN ' : ''}${name} ${alias}`)
      columns = scope.table(l.table).columns.map(c => `${alias}.${quoted(c.name)}`)
    }
    for (const [i, arg] of l.args.entries()) {
      const column: SqlExpr = { sql: columns[i]!, type: scope.table(l.table).columns[i]!.type, mayFail: false }
      if (arg.kind === 'variable') this.bind(arg.index, column)
      else if (arg.kind === 'constant') this.where.push(equal(column, term(arg, this.env, l.span)))
    }
    return true
  }

  /** Whether the literal could be taken in now. */
  #add(l: CoreLiteral): boolean {
    switch (l.kind) {
      case 'atom':
        return this.#negated(l)
      case 'compare':
        return this.#compare(l)
      case 'builtin':
        return this.#builtin(l)
      case 'aggregate':
        if (!l.groupBy.every(v => this.env.has(v))) return false
        joinAggregate(this, l)
        return true
    }
  }

  #known(e: CoreExpr): boolean {
    return variablesOf(e).every(v => this.env.has(v))
  }

  #negated(l: AtomLiteral): boolean {
    if (!l.args.every(a => a.kind !== 'variable' || this.env.has(a.index))) return false
    const { scope } = this
    requireComplete(scope, l.table, l.span)
    const { name, columns } = scope.table(l.table)
    const alias = scope.alias('n')
    const conditions = l.args.flatMap((arg, i) => {
      if (arg.kind === 'wildcard') return []
      const { name: column, type } = columns[i]!
      return [equal({ sql: `${alias}.${quoted(column)}`, type, mayFail: false }, term(arg, this.env, l.span))]
    })
    const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''
    this.where.push(`NOT EXISTS (SELECT FROM ${quoted(name)} ${alias}${where})`)
    return true
  }

  #compare(l: CompareLiteral): boolean {
    const { scope, env } = this
    if (this.#known(l.left) && this.#known(l.right)) {
      const sides = [l.left, l.right].map(e => expression(e, env, scope, l.span))
      this.#condition(comparison(l.operator, sides[0]!, sides[1]!, scope), l.negated)
      return true
    }
    if (l.operator !== '=' || l.negated) return false
    for (const [target, source] of [
      [l.left, l.right],
      [l.right, l.left],
    ] as const) {
      if (target.kind !== 'variable' || env.has(target.index) || !this.#known(source)) continue
      this.#compute(target.index, expression(source, env, scope, l.span))
      return true
    }
    return false
  }

  #builtin(l: BuiltinLiteral): boolean {
    const read = l.negated ? [...l.inputs, ...l.outputs] : l.inputs
    if (!read.every(t => t.kind !== 'variable' || this.env.has(t.index))) return false
    const inputs = l.inputs.map(t => term(t, this.env, l.span))
    const value = builtinOutput(l, inputs, this.scope)
    const output = l.outputs[0]!
    if (output.kind === 'variable' && !this.env.has(output.index)) {
      this.#compute(output.index, value)
      return true
    }
    if (output.kind === 'wildcard') this.#condition(`${value.sql} IS NOT NULL`, l.negated)
    else this.#condition(equal(value, term(output, this.env, l.span)), l.negated)
    return true
  }

  /** Bind a variable to a computed value, worked out once. */
  #compute(index: number, value: SqlExpr): void {
    if (!value.mayFail) this.bind(index, value)
    else this.bind(index, { ...value, sql: `${this.lateral(`SELECT ${value.sql} AS v`, 'z')}.v` })
  }

  #condition(sql: string, negated: boolean): void {
    if (negated) this.where.push(`NOT coalesce(${sql}, FALSE)`)
    else if (sql !== 'TRUE') this.where.push(sql)
  }
}
