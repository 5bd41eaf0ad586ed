import type { Span } from '../diagnostic/index.ts'
import type { ArithmeticFunction, ComparisonOperator, CoreExpr, CoreTerm } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import type { FunctionName } from './functions.ts'
import { holdsText, jsonLiteral, textLiteral } from './names.ts'
import { Refusal, type RuleScope } from './scope.ts'
import type { SqlExpr, SqlType } from './types.ts'

/** PostgreSQL's name of a type. */
export const sqlTypes: Readonly<Record<SqlType, string>> = {
  text: 'text',
  number: 'float8',
  boolean: 'boolean',
  any: 'jsonb',
  none: 'jsonb',
}

export type Env = ReadonlyMap<number, SqlExpr>

export function constant(value: Value, span: Span): SqlExpr {
  if (!holdsText(value)) throw new Refusal('sql/text', `${JSON.stringify(value)} can't be stored`, span)
  const known = { mayFail: false, value }
  if (typeof value === 'string') return { sql: `${textLiteral(value)}::text`, type: 'text', ...known }
  if (typeof value === 'number') return { sql: `${numberLiteral(value)}::float8`, type: 'number', ...known }
  if (value === null) return { sql: jsonLiteral(null), type: 'any', ...known }
  return { sql: value ? 'TRUE' : 'FALSE', type: 'boolean', ...known }
}

function numberLiteral(value: number): string {
  return value >= 0 ? String(value) : `'${value}'`
}

export function term(t: CoreTerm, env: Env, span: Span): SqlExpr {
  return t.kind === 'constant' ? constant(t.value, span) : env.get(t.index)!
}

/** The variables of an expression. */
export function variablesOf(e: CoreExpr): readonly number[] {
  if (e.kind === 'variable') return [e.index]
  return e.kind === 'constant' ? [] : e.args.flatMap(variablesOf)
}

export function expression(e: CoreExpr, env: Env, scope: RuleScope, span: Span): SqlExpr {
  if (e.kind !== 'call') return term(e, env, span)
  const [first, ...rest] = e.args.map(arg => asNumber(expression(arg, env, scope, span), scope).sql)
  const name = names[e.function]
  if (!name) {
    throw new Refusal('sql/function', `\`${e.function}\` may differ in its last digit in PostgreSQL`, span)
  }
  const f = scope.use(name)
  const sql = rest.length === 0 ? `${f}(${first})` : rest.reduce((a, b) => `${f}(${a}, ${b})`, first!)
  return { sql, type: 'number', mayFail: true }
}

/** PostgreSQL's `ln`, `exp` and `power` come from another library than JavaScript's, and differ in the last digit now and then. */
const names: Readonly<Record<ArithmeticFunction, FunctionName | undefined>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  neg: 'negate',
  abs: 'absolute',
  min: 'least_of',
  max: 'greatest_of',
  floor: 'floor_of',
  ceil: 'ceil_of',
  round: 'round_of',
  log: undefined,
  exp: undefined,
  pow: undefined,
}

/** The same value as a number; NULL when it is none. */
export function asNumber(e: SqlExpr, scope: RuleScope): SqlExpr {
  if (e.type === 'number') return e
  if (e.type !== 'any') return { sql: 'NULL::float8', type: 'number', mayFail: true }
  return { sql: `${scope.use('number')}(${e.sql})`, type: 'number', mayFail: true }
}

/** The same value as a text; NULL when it is none. */
export function asText(e: SqlExpr, scope: RuleScope): SqlExpr {
  if (e.type === 'text') return e
  if (e.type !== 'any') return { sql: 'NULL::text', type: 'text', mayFail: true }
  return { sql: `${scope.use('text')}(${e.sql})`, type: 'text', mayFail: true }
}

/** The same value in a column of the wider type. */
export function widened(e: SqlExpr, type: SqlType): SqlExpr {
  if (e.type === type || (type !== 'any' && type !== 'none')) return e
  if (e.type === 'none' || e.type === 'any') return { ...e, type }
  const sql = e.value === undefined ? `to_jsonb(${e.sql})` : jsonLiteral(e.value)
  return { ...e, sql, type }
}

/** The narrowest type that holds both. */
export function union(a: SqlType, b: SqlType): SqlType {
  if (a === b || b === 'none') return a
  return a === 'none' ? b : 'any'
}

/** A condition that is true where the two values are equal, false or NULL elsewhere. */
export function equal(a: SqlExpr, b: SqlExpr): string {
  const type = union(a.type, b.type)
  if (type === 'any' && a.type !== 'any' && b.type !== 'any') return 'FALSE'
  return sides(a, '=', b, type)
}

/** True where the comparison holds; false or NULL where it does not or where its arithmetic failed. */
export function comparison(operator: ComparisonOperator, a: SqlExpr, b: SqlExpr, scope: RuleScope): string {
  if (operator === '=') return equal(a, b)
  if (operator === '!=') {
    const type = union(a.type, b.type)
    if (type !== 'any' || a.type === 'any' || b.type === 'any') return sides(a, '<>', b, type)
    const failing = [a, b].filter(e => e.mayFail).map(e => `${e.sql} IS NOT NULL`)
    return failing.length === 0 ? 'TRUE' : failing.join(' AND ')
  }
  const type = union(a.type, b.type)
  if (type === 'number') return sides(a, operator, b, type)
  if (type === 'boolean' || (type === 'any' && a.type !== 'any' && b.type !== 'any')) return 'FALSE'
  if ([a, b].some(e => e.type === 'boolean' || e.value === null)) return 'FALSE'
  const before = scope.use('before')
  const [x, y] = [widened(a, type).sql, widened(b, type).sql]
  if (operator === '<') return `${before}(${x}, ${y})`
  if (operator === '>') return `${before}(${y}, ${x})`
  return operator === '<=' ? `NOT ${before}(${y}, ${x})` : `NOT ${before}(${x}, ${y})`
}

/** A constant beside a column needs no cast: it takes the column's type. */
function sides(a: SqlExpr, operator: string, b: SqlExpr, type: SqlType): string {
  const side = (e: SqlExpr, other: SqlExpr) =>
    e.value !== undefined && other.value === undefined && e.type === type && e.type !== 'any'
      ? e.sql.replace(/::(text|float8)$/, '')
      : widened(e, type).sql
  return `${side(a, b)} ${operator} ${side(b, a)}`
}
