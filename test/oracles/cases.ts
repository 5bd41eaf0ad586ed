import fc from 'fast-check'
import {
  afterDeltas,
  randomProgram,
  randomSchemas,
  randomTables,
  randomTransactions,
} from '../../src/datalog/testing/random-program.ts'
import { checkPolicies, type Program, parsePolicy } from '../../src/language/index.ts'
import type { ColumnType, Delta, Row, TableData, TableSchema, Value } from '../../src/tables/index.ts'

/** A policy, tables, and transactions that change them one after the other. */
export interface Case {
  readonly text: string
  readonly schemas: readonly TableSchema[]
  readonly tables: readonly TableData[]
  readonly transactions: readonly (readonly Delta[])[]
}

/** The case of a number: the same number gives the same case. Half of them keep to what clingo can say too. */
export function caseOf(seed: number): Case {
  const arbitrary = seed % 2 === 0 ? anyCase() : plainCase()
  return fc.sample(arbitrary, { seed, numRuns: 1 })[0]!
}

/** What each state of the tables is: at first, then after each transaction. */
export function statesOf({ tables, transactions }: Case): TableData[][] {
  const states = [[...tables]]
  for (const deltas of transactions) states.push(afterDeltas(states.at(-1)!, deltas))
  return states
}

/** The checked program, or undefined where the checker refuses it (a shrunk text may be unsafe). */
export function programOf({ text, schemas }: Pick<Case, 'text' | 'schemas'>): Program | undefined {
  const { policy, diagnostics } = parsePolicy(text, 'random.dl')
  const checked = checkPolicies([policy], { schemas: [...schemas] })
  const bad = [...diagnostics, ...checked.diagnostics].some(d => d.severity === 'error')
  return bad ? undefined : checked.program
}

/** Everything the language has: columns with and without types, mixed values, functions and builtins. */
function anyCase(): fc.Arbitrary<Case> {
  return fc.gen().map(g => {
    const pick = (n: number) => g(fc.nat, { max: n - 1 })
    const types: readonly (ColumnType | undefined)[] = [undefined, undefined, 'any', 'string', 'number', 'boolean']
    const schemas = randomSchemas.map(schema => ({
      ...schema,
      columns: schema.columns.map(column => {
        const type = types[pick(types.length)]
        return type ? { ...column, type } : column
      }),
    }))
    const { text } = g(randomProgram)
    const more = Array.from({ length: 1 + pick(6) }, (_, i) => `${functionRule(pick, `f${i}`)}.\n`)
    const tables = g(() => randomTables(schemas))
    const transactions = g(() => randomTransactions(schemas)).slice(0, 2)
    return {
      text: text + more.join(''),
      schemas,
      tables: tables.map(t => ({ ...t, rows: t.rows.map(row => fitted(row, t.schema)) })),
      transactions: transactions.map(deltas => deltas.map(d => fittedDelta(d, schemas))),
    }
  })
}

/** Whole numbers and strings, no division: what clingo has too. */
function plainCase(): fc.Arbitrary<Case> {
  return fc
    .tuple(randomProgram(), randomTables(), randomTransactions())
    .map(([{ text, schemas }, tables, transactions]) => ({
      text: text
        .replaceAll(/ [/%] /g, ' - ')
        .replaceAll('0.5', '4')
        .replaceAll(/ = mean /g, ' = sum '),
      schemas,
      tables: tables.map(t => ({ ...t, rows: t.rows.map(row => row.map(small)) })),
      transactions: transactions.slice(0, 2).map(deltas =>
        deltas.map(d => ({
          ...d,
          inserted: d.inserted.map(row => row.map(small)),
          removed: d.removed.map(row => row.map(small)),
        })),
      ),
    }))
}

function small(value: Value): Value {
  return typeof value === 'number' && (!Number.isInteger(value) || value > 9) ? 3 : value
}

function fittedDelta(d: Delta, schemas: readonly TableSchema[]): Delta {
  const schema = schemas.find(s => s.table === d.table)!
  return {
    ...d,
    inserted: d.inserted.map(row => fitted(row, schema)),
    removed: d.removed.map(row => fitted(row, schema)),
  }
}

/** A row with values of the columns' types in place of others. */
function fitted(row: Row, schema: TableSchema): Row {
  return row.map((value, i) => {
    const type = schema.columns[i]!.type
    const code = typeof value === 'string' ? value.charCodeAt(0) : Number(value)
    if (type === 'string')
      return typeof value === 'string'
        ? exotic(value)
        : ['a', 'b', 'é', '\uffee', '😀'][Math.abs(Math.trunc(code)) % 5]!
    if (type === 'number') return typeof value === 'number' ? value : [0.3, 7, 2.5][code % 3]!
    if (type === 'boolean') return code % 2 === 0
    return value === 'b' || value === 'c' ? ['😀', '\uffee'][(i + (value === 'b' ? 1 : 0)) % 2]! : value
  })
}

function exotic(value: string): string {
  // In UTF-16 the last comes before the one in front of it, in code points after it.
  return { a: "a'\\\n", b: '\uffee', c: '😀' }[value] ?? value
}

/** A rule with a function, a builtin or a negated comparison, which the other generator does not make. */
function functionRule(pick: (n: number) => number, head: string): string {
  const one = ['x', 'y'][pick(2)]!
  const other = ['x', 'y', 'y', 'y', '3', '-2', '0.5', '"a"', '2.5', '1e-200'][pick(10)]!
  const inner = [
    `${one} / 4`,
    one,
    `${one} * ${other}`,
    `-${one}`,
    `${one} % ${other}`,
    `${one} * 0.3`,
    `7.7 % ${one}`,
    `${one} / 2`,
  ][pick(8)]!
  const expression = [
    `abs(${inner})`,
    `floor(${inner})`,
    `ceil(${inner})`,
    `round(${inner})`,
    `min(${inner}, ${other})`,
    `max(${inner}, ${other})`,
    inner,
    `(${inner}) - ${other}`,
    `(${inner}) / 1e-300`,
    `(${inner}) / 1e-10 / 1e-300`,
    `1e-200 * ${one} * 1e-200`,
    `9007199254740991 + ${one}`,
  ][pick(12)]!
  const literal = [
    `z = ${one}, ${one} ${['<', '<=', '>', '>='][pick(4)]} ${other}`,
    `z = ${['min', 'max'][pick(2)]} v : { pair(v, w), ${one} != w }`,
    `div(${one}, ${other}, z)`,
    `concat(${one}, ${other}, z)`,
    `len(${one}, z)`,
    `z = ${one}, not lt(${one}, ${other})`,
    `z = ${one}, not gteq(${one}, ${other})`,
    `z = ${one}, not div(${one}, ${other}, 1)`,
    `z = sum v : { two(v, w), w ${['<', '>=', '!='][pick(3)]} ${one} }`,
    `z = min v : { three(v, ${one}, _) }`,
    `z = mean v : { pair(v, _), v != ${one} }`,
    `n = count : { one(v), m = max w : { two(v, w) }, m > ${one} }, z = n + 1`,
    `int(${one}, z)`,
  ][pick(13)]!
  const table = ['two(x, y)', 'pair(x, y)', 'three(x, y, _)', 'one(x), one(y)'][pick(4)]!
  return `${head}(x, z) :- ${table}, ${pick(2) === 0 ? literal : `z = ${expression}`}`
}
