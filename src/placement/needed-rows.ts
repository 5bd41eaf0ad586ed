import type { View } from '../datalog/index.ts'
import type { CoreRule, CoreTerm, Wildcard } from '../language/index.ts'
import type { Row, Value } from '../tables/index.ts'
import type { Analysis } from './analysis.ts'
import { LOCATION } from './decision.ts'
import type { GroundBody, GroundProgram, GroundStep } from './ground-program.ts'
import { ValueNumbers } from './ground-table.ts'
import type { ColumnKinds } from './split-body.ts'

/** Values of columns; undefined matches anything. */
export type Pattern = readonly (Value | undefined)[]
type Holds = GroundStep & { kind: 'holds' }
type Aggregate = GroundStep & { kind: 'aggregate' }

/** What a ground program's rows say of a cloud, and by which rules. */
export interface GroundRows {
  readonly analysis: Analysis
  readonly program: GroundProgram
  readonly rulesOf: ReadonlyMap<string, readonly CoreRule[]>
  readonly view: View
}

/** The rows of a ground program that keys rest on: every row that can give them, and every row that these read. */
export class NeededRows {
  readonly values = new ValueNumbers()
  readonly #ground: GroundRows
  /** Told of each pair of VM and host that is met. */
  readonly #meet: (vm: Value, host: Value) => void
  readonly #needed = new Map<string, Map<string, Row>>()
  readonly #asked = new Set<string>()
  /** Rows of all tables together. */
  count = 0

  constructor(ground: GroundRows, meet: (vm: Value, host: Value) => void = () => undefined) {
    this.#ground = ground
    this.#meet = meet
  }

  /** Rows of a table of the ground program. */
  of(table: string): readonly Row[] {
    return [...(this.#needed.get(table)?.values() ?? [])]
  }

  /** Rows of a body in which these arguments have these values. */
  matching(body: GroundBody, args: readonly (CoreTerm | Wildcard)[], values: Pattern): readonly Row[] {
    const wanted = new Map<number, Value>()
    for (const [i, arg] of args.entries()) {
      const value = values[i]
      if (value === undefined || arg.kind === 'wildcard') continue
      if (arg.kind === 'constant') {
        if (arg.value !== value) return []
        continue
      }
      const column = body.columns.indexOf(arg.index)
      if (wanted.has(column) && wanted.get(column) !== value) return []
      wanted.set(column, value)
    }
    const columns = [...wanted.keys()].sort((a, b) => a - b)
    return this.#ground.view.matching(
      body.table,
      columns,
      columns.map(c => wanted.get(c)!),
    )
  }

  needKey(table: string, key: Pattern): void {
    if (table === LOCATION) {
      const [vm, host] = key
      if (vm !== undefined && host !== undefined) this.#meet(vm, host)
      return
    }
    if (this.#isAsked(table, key)) return
    const { program, rulesOf } = this.#ground
    for (const rule of rulesOf.get(table) ?? []) {
      const body = program.bodies.get(rule.id)
      if (body) for (const row of this.matching(body, this.headKey(rule), key)) this.#needRow(body, row)
    }
  }

  /** The arguments of a rule's head that are its table's key. */
  headKey(rule: CoreRule): readonly CoreTerm[] {
    return keyColumns(rule.head.args, this.#ground.analysis.columns.get(rule.head.table))
  }

  #needGroup(step: Aggregate, group: Row): void {
    const { body, valueTable, literal } = step
    if (this.#isAsked(body.table, group)) return
    const args = literal.groupBy.map(index => ({ kind: 'variable', index }) as const)
    for (const row of this.matching(body, args, group)) {
      this.#needRow(body, row)
      if (valueTable === undefined) continue
      const columns = row.map((_, i) => i)
      for (const value of this.#ground.view.matching(valueTable, columns, row)) this.#keep(valueTable, value)
    }
  }

  #needRow(body: GroundBody, row: Row): void {
    if (!this.#keep(body.table, row)) return
    const value = (arg: CoreTerm | Wildcard): Value | undefined => {
      if (arg.kind === 'wildcard') return undefined
      return arg.kind === 'constant' ? arg.value : row[body.columns.indexOf(arg.index)]!
    }
    for (const step of body.steps) {
      if (step.kind === 'holds') this.needKey(step.literal.table, keyArgs(step).map(value))
      else if (step.kind === 'aggregate')
        this.#needGroup(
          step,
          step.literal.groupBy.map(v => row[body.columns.indexOf(v)]!),
        )
    }
  }

  /** Whether the row is new here. */
  #keep(table: string, row: Row): boolean {
    let rows = this.#needed.get(table)
    if (!rows) this.#needed.set(table, (rows = new Map()))
    const text = this.values.key(row)
    if (rows.has(text)) return false
    rows.set(text, row)
    this.count++
    return true
  }

  #isAsked(table: string, pattern: Pattern): boolean {
    const text = `${table}(${pattern.map(v => (v === undefined ? '_' : this.values.id(v))).join()})`
    if (this.#asked.has(text)) return true
    this.#asked.add(text)
    return false
  }
}

/** The arguments of a literal that are its table's key. */
export const keyArgs = (step: Holds): readonly (CoreTerm | Wildcard)[] => keyColumns(step.literal.args, step.columns)

/** What stands in the key columns of a table. */
export function keyColumns<T>(args: readonly T[], kinds: ColumnKinds | undefined): T[] {
  return args.filter((_, i) => (kinds?.[i] ?? 'fixed') === 'fixed')
}
