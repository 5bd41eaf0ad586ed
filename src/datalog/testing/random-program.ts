import fc from 'fast-check'
import type { Delta, Row, TableData, TableSchema, Value } from '../../tables/index.ts'

/** A policy's text, and the tables it reads. */
export interface RandomProgram {
  readonly text: string
  readonly schemas: readonly TableSchema[]
}

/** The data tables that random policies read. */
export const randomSchemas: readonly TableSchema[] = (
  [
    ['one', 1],
    ['two', 2],
    ['pair', 2],
    ['three', 3],
  ] as const
).map(([table, arity]) => ({ table, columns: Array.from({ length: arity }, (_, i) => ({ name: `c${i}` })) }))

interface Shape {
  readonly table: string
  readonly arity: number
}

type Pick = (count: number) => number

/**
 * Safe, stratified policies of several strata: joins with constants, repeated variables and wildcards, negation, recursion (of one table
 * and of two), comparisons, arithmetic, `=` and all five aggregates, with values of mixed types. Arithmetic never feeds a
 * recursive head, so that every program ends.
 */
export function randomProgram(): fc.Arbitrary<RandomProgram> {
  return fc.gen().map(g => {
    const pick: Pick = count => g(fc.nat, { max: count - 1 })
    const known: Shape[] = randomSchemas.map(s => ({ table: s.table, arity: s.columns.length }))
    const lines = ['policy random']
    const strata = 1 + pick(4)
    for (let s = 0; s < strata; s++) {
      const group = Array.from({ length: pick(4) === 0 ? 2 : 1 }, (_, i) => ({
        table: `d${s}${'ab'[i]}`,
        arity: 1 + pick(3),
      }))
      for (const head of group) {
        lines.push(new RuleText(pick, known, []).write(head))
        for (let more = pick(3); more > 0; more--) lines.push(new RuleText(pick, known, group).write(head))
      }
      known.push(...group)
    }
    return { text: `${lines.join('.\n')}.\n`, schemas: randomSchemas }
  })
}

class RuleText {
  readonly #pick: Pick
  readonly #lower: readonly Shape[]
  readonly #own: readonly Shape[]
  /** Variables that positive atoms bind, then those that `=` and aggregates bind. */
  readonly #bound: string[] = []
  readonly #computed: string[] = []
  readonly #body: string[] = []
  #recursive = false

  constructor(pick: Pick, lower: readonly Shape[], own: readonly Shape[]) {
    this.#pick = pick
    this.#lower = lower
    this.#own = own
  }

  write(head: Shape): string {
    for (let n = 1 + this.#pick(3); n > 0; n--) this.#positive()
    for (let n = this.#pick(3); n > 0; n--) this.#extra()
    const from = this.#recursive ? this.#bound : [...this.#bound, ...this.#computed]
    const args = Array.from({ length: head.arity }, () => {
      return from.length === 0 || this.#pick(8) === 0 ? this.#constant() : from[this.#pick(from.length)]!
    })
    return `${head.table}(${args.join(', ')}) :- ${this.#body.join(', ')}`
  }

  #positive(): void {
    const recursive = this.#own.length > 0 && this.#pick(2) === 0
    if (recursive) this.#recursive = true
    const shapes = recursive ? this.#own : this.#lower
    this.#body.push(this.#atom(shapes[this.#pick(shapes.length)]!, this.#bound, 'x'))
  }

  /** A positive atom; new variables join `bound`. */
  #atom(shape: Shape, bound: string[], prefix: string): string {
    const args = Array.from({ length: shape.arity }, () => {
      const choice = this.#pick(10)
      if (choice === 0) return '_'
      if (choice === 1) return this.#constant()
      if (choice < 6 && bound.length > 0) return bound[this.#pick(bound.length)]!
      const name = `${prefix}${this.#pick(4)}`
      if (!bound.includes(name)) bound.push(name)
      return name
    })
    return `${shape.table}(${args.join(', ')})`
  }

  #extra(): void {
    switch (this.#pick(5)) {
      case 0:
        this.#negated()
        return
      case 1:
        this.#body.push(`${this.#expression(1)} ${this.#operator()} ${this.#expression(1)}`)
        return
      case 2: {
        const name = `z${this.#computed.length}`
        this.#body.push(`${name} = ${this.#expression(2)}`)
        this.#computed.push(name)
        return
      }
      default:
        this.#aggregate()
    }
  }

  #negated(): void {
    const shape = this.#lower[this.#pick(this.#lower.length)]!
    const from = [...this.#bound, ...this.#computed]
    const args = Array.from({ length: shape.arity }, () => {
      const choice = this.#pick(6)
      if (choice === 0 || from.length === 0) return '_'
      return choice === 1 ? this.#constant() : from[this.#pick(from.length)]!
    })
    this.#body.push(`not ${shape.table}(${args.join(', ')})`)
  }

  #aggregate(): void {
    const n = this.#computed.length
    const operator = ['count', 'sum', 'mean', 'min', 'max'][this.#pick(5)]!
    const inner: string[] = []
    const scope = this.#pick(4) === 0 ? [] : this.#bound.slice(0, 2)
    const visible = [...scope]
    for (let k = 1 + this.#pick(2); k > 0; k--) {
      inner.push(this.#atom(this.#lower[this.#pick(this.#lower.length)]!, visible, `y${n}`))
    }
    // A variable of the rule that stands in a comparison alone: the braces do not say which groups there are.
    if (this.#pick(3) === 0) {
      const outer = this.#bound.length === 0 ? this.#constant() : this.#bound[this.#pick(this.#bound.length)]!
      const seen = visible.length === 0 ? '1' : visible[this.#pick(visible.length)]!
      inner.push(`${seen} ${this.#operator()} ${outer}`)
    }
    const local = visible.filter(v => !scope.includes(v))
    const value = local.length === 0 ? this.#constant() : local[this.#pick(local.length)]!
    const scaled = this.#pick(4) === 0 ? `${value} * 2` : value
    const name = `z${n}`
    this.#body.push(`${name} = ${operator}${operator === 'count' ? '' : ` ${scaled}`} : { ${inner.join(', ')} }`)
    this.#computed.push(name)
  }

  #operator(): string {
    return ['<', '<=', '>', '>=', '=', '!='][this.#pick(6)]!
  }

  #expression(depth: number): string {
    const from = [...this.#bound, ...this.#computed]
    if (depth > 0 && this.#pick(3) === 0) {
      const operator = ['+', '-', '*', '/', '%'][this.#pick(5)]!
      return `(${this.#expression(depth - 1)} ${operator} ${this.#expression(depth - 1)})`
    }
    return from.length === 0 || this.#pick(4) === 0 ? this.#constant() : from[this.#pick(from.length)]!
  }

  #constant(): string {
    return ['0', '1', '2', '3', '0.5', '"a"', '"b"', 'true'][this.#pick(8)]!
  }
}

/** Cells from a small pool, so that joins meet: mostly small numbers, some strings, rarely a boolean or null. */
export function randomValue(): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Value>(0, 1, 2, 3) },
    { weight: 1, arbitrary: fc.constantFrom<Value>(0.5, 0.1, 0.7, -2, 1e15) },
    { weight: 3, arbitrary: fc.constantFrom<Value>('a', 'b', 'c') },
    { weight: 1, arbitrary: fc.constantFrom<Value>(true, false, null) },
  )
}

function randomRow(schema: TableSchema): fc.Arbitrary<Row> {
  return fc.array(randomValue(), { minLength: schema.columns.length, maxLength: schema.columns.length })
}

/** Rows for each of the tables that random policies read. */
export function randomTables(schemas: readonly TableSchema[] = randomSchemas): fc.Arbitrary<TableData[]> {
  return fc.tuple(
    ...schemas.map(schema =>
      fc.array(randomRow(schema), { maxLength: 8 }).map(rows => ({
        schema,
        rows,
        provenance: { source: 'random', readAt: '2026-01-01T00:00:00Z' },
      })),
    ),
  )
}

/** Transactions, one after the other: rows in and out, present ones and absent ones. */
export function randomTransactions(schemas: readonly TableSchema[] = randomSchemas): fc.Arbitrary<Delta[][]> {
  const delta = fc.constantFrom(...schemas).chain(schema =>
    fc.record({
      table: fc.constant(schema.table),
      inserted: fc.array(randomRow(schema), { maxLength: 3 }),
      removed: fc.array(randomRow(schema), { maxLength: 3 }),
    }),
  )
  return fc.array(fc.array(delta, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
}

/** What tables hold after some deltas: removals before insertions, as sets. */
export function afterDeltas(tables: readonly TableData[], deltas: readonly Delta[]): TableData[] {
  const contents = new Map(tables.map(t => [t.schema.table, new Map(t.rows.map(r => [JSON.stringify(r), r]))]))
  for (const { table, inserted, removed } of deltas) {
    const rows = contents.get(table)!
    for (const r of removed) rows.delete(JSON.stringify(r))
    for (const r of inserted) rows.set(JSON.stringify(r), r)
  }
  return tables.map(t => ({ ...t, rows: [...contents.get(t.schema.table)!.values()] }))
}
