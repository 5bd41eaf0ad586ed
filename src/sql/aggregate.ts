import type { AggregateLiteral, CoreLiteral } from '../language/index.ts'
import type { Body } from './body.ts'
import { asNumber, equal, expression, sqlTypes } from './expression.ts'
import { requireComplete } from './scope.ts'
import type { SqlExpr, SqlType } from './types.ts'

/**
 * Join the value of an aggregate to the rows of a body. Where its braces bind all that they group by, all groups are worked out at
 * once and joined; otherwise the braces are evaluated anew for each row (`LATERAL`). Both run over the distinct bindings of all
 * variables of the braces.
 */
export function joinAggregate(outer: Body, l: AggregateLiteral): void {
  requireCompleteTables(outer, l.body)
  const grouped = l.groupBy.length > 0 && outer.from.length > 0 ? groups(outer, l) : undefined
  outer.bind(l.result.index, grouped ?? perRow(outer, l))
}

function perRow(outer: Body, l: AggregateLiteral): SqlExpr {
  const body = outer.nested(outer.env)
  if (!body.addAll(l.body)) throw new Error('an unsafe aggregate was not refused by the checker')
  const { columns, fold } = folding(body, l, body.bound)
  const sql = `SELECT ${fold.sql} AS v FROM (${inner(body, columns)}\n  ) b`
  return { ...fold, sql: `${outer.lateral(sql, 'a')}.v` }
}

function groups(outer: Body, l: AggregateLiteral): SqlExpr | undefined {
  const { scope } = outer
  const body = outer.nested(new Map())
  if (!body.addAll(l.body) || !l.groupBy.every(v => body.env.has(v))) return undefined
  const local = body.bound.filter(v => !l.groupBy.includes(v))
  const { columns, fold } = folding(body, l, local)
  const keys = l.groupBy.map((v, i) => `${body.env.get(v)!.sql} AS g${i + 1}`)
  const list = keys.map((_, i) => `g${i + 1}`).join(', ')
  const alias = scope.alias('a')
  const on = l.groupBy.map((v, i) => equal(outer.env.get(v)!, { ...body.env.get(v)!, sql: `${alias}.g${i + 1}` }))
  const sql = `(SELECT ${list}, ${fold.sql} AS v FROM (${inner(body, [...keys, ...columns])}\n  ) b GROUP BY ${list}) ${alias}`
  const empty = l.operator === 'count' || l.operator === 'sum'
  outer.from.push(`${empty ? 'LEFT ' : ''}JOIN ${sql} ON ${on.join(' AND ')}`)
  // A missing group is empty; a group whose value failed is there, with NULL.
  return { ...fold, sql: empty ? `CASE WHEN ${alias}.g1 IS NULL THEN 0 ELSE ${alias}.v END` : `${alias}.v` }
}

function inner(body: Body, columns: readonly string[]): string {
  return `\n    ${body.select(columns.length > 0 ? columns : ['TRUE AS v'], '    ')}`
}

/** The columns that make bindings distinct, and the expression over them (in `b`) that folds a group. */
function folding(body: Body, l: AggregateLiteral, variables: readonly number[]): { columns: string[]; fold: SqlExpr } {
  const { scope } = body
  const columns = variables.map((v, i) => `${body.env.get(v)!.sql} AS v${i + 1}`)
  if (l.operator === 'count' || !l.value)
    return { columns, fold: { sql: 'count(*)::float8', type: 'number', mayFail: false } }
  const value = expression(l.value, body.env, scope, l.span)
  if (l.operator === 'sum' || l.operator === 'mean') {
    const e = `${scope.use('exact')}(${asNumber(value, scope).sql}) AS e`
    const sum = 'coalesce(sum(b.e), 0)'
    const sql =
      l.operator === 'sum'
        ? `${scope.use('total')}(${sum})`
        : `${scope.use('mean')}(${sum}::float8, nullif(count(*), 0))`
    return { columns: [...columns, e], fold: { sql: whole(sql), type: 'number', mayFail: true } }
  }
  return {
    columns: [...columns, `${value.sql} AS e`],
    fold: { sql: extreme(l.operator, value.type, body), type: value.type, mayFail: true },
  }
}

/** NULL when some binding has no value. */
function whole(sql: string, test = 'count(b.e)'): string {
  return `CASE WHEN count(*) = ${test} THEN ${sql} END`
}

/** `min` or `max` of numbers, or of texts in Usher's order; NULL for an empty group, a mixed one, and for other kinds of values. */
function extreme(operator: 'min' | 'max', type: SqlType, body: Body): string {
  const { scope } = body
  const text = (e: string) => {
    const order = `${scope.use('order_key')}(${e}) COLLATE "C"${operator === 'max' ? ' DESC' : ''}`
    return `(array_agg(${e} ORDER BY ${order}))[1]`
  }
  if (type === 'number') return whole(`${operator}(b.e)`)
  if (type === 'text') return whole(text('b.e'))
  if (type !== 'any') return `CASE WHEN count(*) < 0 THEN NULL::${sqlTypes[type]} END`
  const number = `${scope.use('number')}(b.e)`
  const string = `${scope.use('text')}(b.e)`
  return `CASE WHEN count(*) = count(${number}) THEN to_jsonb(${operator}(${number})) WHEN count(*) = count(${string}) THEN to_jsonb(${text(string)}) END`
}

function requireCompleteTables(body: Body, literals: readonly CoreLiteral[]): void {
  for (const l of literals) if (l.kind === 'atom') requireComplete(body.scope, l.table, l.span)
}
