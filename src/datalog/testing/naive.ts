import type { ComparisonOperator, CoreExpr, CoreLiteral, CoreRule, Program } from '../../language/index.ts'
import type { Row, TableData, Value } from '../../tables/index.ts'
import { builtinTable } from '../builtins/index.ts'

/**
 * The reference evaluator: what a program means, worked out in the most plain way from its core rules. Every rule is tried over all rows
 * of all tables until nothing new comes, stratum by stratum. It shares nothing with the real evaluator but the Congress
 * builtins' functions, and is slow on purpose.
 */
export function evaluateNaively(
  program: Pick<Program, 'rules'>,
  data: Iterable<TableData>,
  now = new Date(0),
): ReadonlyMap<string, readonly Row[]> {
  const tables = new Map<string, Map<string, Row>>()
  const rowsOf = (name: string) => {
    const rows = tables.get(name) ?? new Map<string, Row>()
    tables.set(name, rows)
    return rows
  }
  for (const { schema, rows } of data) {
    for (const row of rows) rowsOf(schema.table).set(keyOf(row), row)
  }
  const level = levels(program.rules)
  for (let l = 0; l <= Math.max(0, ...level.values()); l++) {
    const rules = program.rules.filter(r => level.get(r.head.table) === l)
    for (let grew = true; grew; ) {
      grew = false
      for (const rule of rules) {
        for (const env of solutions(rule.body, new Map(), rowsOf, now)) {
          const row = rule.head.args.map(t => (t.kind === 'constant' ? t.value : env.get(t.index)!))
          const target = rowsOf(rule.head.table)
          if (target.has(keyOf(row))) continue
          target.set(keyOf(row), row)
          grew = true
        }
      }
    }
  }
  return new Map([...tables].map(([name, rows]) => [name, [...rows.values()].sort(byValues)]))
}

type Env = Map<number, Value>

/** Whether literals hold together under some values, those of `env` among them. */
export function satisfiable(
  body: readonly CoreLiteral[],
  env: ReadonlyMap<number, Value>,
  tables: ReadonlyMap<string, readonly Row[]>,
  now = new Date(0),
): boolean {
  const keyed = new Map([...tables].map(([name, rows]) => [name, new Map(rows.map(row => [keyOf(row), row]))]))
  return solutions(body, new Map(env), name => keyed.get(name) ?? new Map(), now).length > 0
}

function keyOf(row: Row): string {
  return JSON.stringify(row.map(v => (v === 0 ? 0 : v)))
}

/** The least level for each table: at least that of what it reads, above what it negates or aggregates. */
function levels(rules: readonly CoreRule[]): Map<string, number> {
  const level = new Map(rules.map(r => [r.head.table, 0]))
  for (let round = 0, changed = true; changed; round++) {
    if (round > rules.length + 1) throw new Error('not stratified')
    changed = false
    const raise = (head: string, body: readonly CoreLiteral[], inside: boolean) => {
      for (const l of body) {
        if (l.kind === 'aggregate') raise(head, l.body, true)
        if (l.kind !== 'atom' || !level.has(l.table)) continue
        const least = level.get(l.table)! + (inside || l.negated ? 1 : 0)
        if (level.get(head)! < least) {
          level.set(head, least)
          changed = true
        }
      }
    }
    for (const r of rules) raise(r.head.table, r.body, false)
  }
  return level
}

type Rows = (table: string) => ReadonlyMap<string, Row>

/** All ways to make the literals true, taking at each turn the first literal that can be decided or enumerated. */
function solutions(body: readonly CoreLiteral[], env: Env, rows: Rows, now: Date): Env[] {
  if (body.length === 0) return [env]
  for (const wanted of ['test', 'enumerate'] as const) {
    for (const literal of body) {
      const next = wanted === 'test' ? decide(literal, env, rows, now) : enumerate(literal, env, rows)
      if (!next) continue
      const rest = body.filter(l => l !== literal)
      return next.flatMap(e => solutions(rest, e, rows, now))
    }
  }
  throw new Error('unsafe body')
}

function enumerate(l: CoreLiteral, env: Env, rows: Rows): Env[] | undefined {
  if (l.kind !== 'atom' || l.negated) return undefined
  const found: Env[] = []
  for (const row of rows(l.table).values()) {
    const extended = match(l.args, row, env)
    if (extended) found.push(extended)
  }
  return found
}

function match(args: Extract<CoreLiteral, { kind: 'atom' }>['args'], row: Row, env: Env): Env | undefined {
  const extended = new Map(env)
  for (const [i, arg] of args.entries()) {
    const value = row[i]!
    if (arg.kind === 'wildcard') continue
    if (arg.kind === 'constant') {
      if (arg.value !== value) return undefined
    } else if (!extended.has(arg.index)) extended.set(arg.index, value)
    else if (extended.get(arg.index) !== value) return undefined
  }
  return extended
}

/** For a literal whose inputs are known: the environments in which it holds (none or one); undefined when it must wait. */
function decide(l: CoreLiteral, env: Env, rows: Rows, now: Date): Env[] | undefined {
  switch (l.kind) {
    case 'atom':
      if (!l.negated || !l.args.every(a => a.kind !== 'variable' || env.has(a.index))) return undefined
      return [...rows(l.table).values()].some(row => match(l.args, row, env)) ? [] : [env]
    case 'compare':
      return decideCompare(l, env)
    case 'builtin': {
      const terms = l.negated ? [...l.inputs, ...l.outputs] : l.inputs
      if (!terms.every(a => a.kind !== 'variable' || env.has(a.index))) return undefined
      const inputs = l.inputs.map(a => (a.kind === 'constant' ? a.value : env.get(a.index)!))
      let outputs: readonly Value[] | undefined
      try {
        outputs = builtinTable.get(l.name)!(inputs, { now })
      } catch {
        outputs = undefined
      }
      const extended = outputs && match(l.outputs, outputs, env)
      if (l.negated) return extended ? [] : [env]
      return extended ? [extended] : []
    }
    case 'aggregate': {
      if (!l.groupBy.every(v => env.has(v))) return undefined
      const value = aggregate(l, env, rows, now)
      if (value === undefined) return []
      return bind(l.result.index, value, env)
    }
  }
}

function bind(variable: number, value: Value, env: Env): Env[] {
  if (env.has(variable)) return env.get(variable) === value ? [env] : []
  return [new Map(env).set(variable, value)]
}

function decideCompare(l: Extract<CoreLiteral, { kind: 'compare' }>, env: Env): Env[] | undefined {
  const known = (e: CoreExpr): boolean =>
    e.kind === 'constant' || (e.kind === 'variable' ? env.has(e.index) : e.args.every(known))
  if (known(l.left) && known(l.right)) {
    const left = value(l.left, env)
    const right = value(l.right, env)
    const holds = left !== undefined && right !== undefined && compares(l.operator, left, right)
    return holds !== l.negated ? [env] : []
  }
  if (l.operator !== '=' || l.negated) return undefined
  for (const [target, source] of [
    [l.left, l.right],
    [l.right, l.left],
  ] as const) {
    if (target.kind !== 'variable' || env.has(target.index) || !known(source)) continue
    const v = value(source, env)
    return v === undefined ? [] : bind(target.index, v, env)
  }
  return undefined
}

function compares(operator: ComparisonOperator, a: Value, b: Value): boolean {
  if (operator === '=') return a === b
  if (operator === '!=') return a !== b
  const ordered = (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string')
  if (!ordered) return false
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

/** Undefined where arithmetic fails. */
function value(e: CoreExpr, env: Env): Value | undefined {
  if (e.kind === 'constant') return e.value
  if (e.kind === 'variable') return env.get(e.index)
  const args = e.args.map(a => value(a, env))
  if (!args.every(a => typeof a === 'number')) return undefined
  const [a, b] = args as [number, number]
  const results: Record<typeof e.function, () => number> = {
    '+': () => a + b,
    '-': () => a - b,
    '*': () => a * b,
    '/': () => (b === 0 ? Number.NaN : a / b),
    '%': () => (b === 0 ? Number.NaN : a % b),
    neg: () => 0 - a,
    abs: () => (a < 0 ? -a : a),
    min: () => args.reduce((x, y) => Math.min(y, x)),
    max: () => args.reduce((x, y) => Math.max(y, x)),
    floor: () => Math.floor(a),
    ceil: () => -Math.floor(-a),
    round: () => (a < 0 ? -Math.round(-a) : Math.round(a)),
    log: () => Math.log(a),
    exp: () => Math.exp(a),
    pow: () => a ** b,
  }
  const result = results[e.function]()
  if (!Number.isFinite(result)) return undefined
  const whole = args.every(x => Number.isInteger(x)) && e.function !== 'log' && e.function !== 'exp'
  if (whole && Math.abs(result) > 2 ** 53 - 1) return undefined
  return result === 0 ? 0 : result
}

function aggregate(l: Extract<CoreLiteral, { kind: 'aggregate' }>, env: Env, rows: Rows, now: Date): Value | undefined {
  const distinct = new Map<string, Value | undefined>()
  for (const e of solutions(l.body, env, rows, now)) {
    const key = JSON.stringify([...e].sort(([a], [b]) => a - b))
    distinct.set(key, l.value && value(l.value, e))
  }
  const values = [...distinct.values()]
  if (l.operator === 'count') return values.length
  if (values.some(v => v === undefined)) return undefined
  if (l.operator === 'min' || l.operator === 'max') {
    const kinds = new Set(values.map(v => typeof v))
    if (kinds.size !== 1 || !(kinds.has('number') || kinds.has('string'))) return undefined
    return values.reduce((a, b) => (compares(l.operator === 'min' ? '<' : '>', b!, a!) ? b : a))
  }
  if (!values.every(v => typeof v === 'number' && Math.abs(v) <= 2 ** 900)) return undefined
  const sum = exactSum(values as number[])
  if (l.operator === 'mean') return values.length === 0 ? undefined : sum / values.length
  return Math.abs(sum) > 2 ** 53 - 1 ? undefined : sum
}

/** The double nearest to the true sum: doubles are whole multiples of 2^-1074, so integers can add them exactly. */
function exactSum(values: readonly number[]): number {
  let total = 0n
  const view = new DataView(new ArrayBuffer(8))
  for (const v of values) {
    view.setFloat64(0, v)
    const bits = view.getBigUint64(0)
    const exponent = (bits >> 52n) & 0x7ffn
    const fraction = bits & 0xfffffffffffffn
    const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n)
    total += v < 0 ? -size : size
  }
  const size = total < 0n ? -total : total
  const excess = Math.max(0, size.toString(2).length - 64)
  const lost = size & ((1n << BigInt(excess)) - 1n)
  const top = Number((size >> BigInt(excess)) | (lost > 0n ? 1n : 0n))
  const result = top * 2 ** Math.max(-1000, excess - 1074) * 2 ** Math.min(0, excess - 74)
  return total < 0n ? -result : result
}

function byValues(a: Row, b: Row): number {
  const rank = (v: Value) => (v === null ? 0 : v === false ? 1 : v === true ? 2 : typeof v === 'number' ? 3 : 4)
  for (const [i, x] of a.entries()) {
    const y = b[i]!
    if (rank(x) !== rank(y)) return rank(x) - rank(y)
    if (x !== y) return x! < y! ? -1 : 1
  }
  return 0
}
