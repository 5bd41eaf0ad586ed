import type { Changes, View } from '../datalog/index.ts'
import type { CoreRule, CoreTerm, Wildcard } from '../language/index.ts'
import type { Row, Value } from '../tables/index.ts'
import { type Analysis, DELEGATED_ROLES } from './analysis.ts'
import { LOCATION } from './decision.ts'
import type { GroundBody, GroundProgram, GroundStep } from './ground-program.ts'
import { ValueNumbers } from './ground-table.ts'
import type { JudgeProgram } from './judge-program.ts'
import type { ColumnKinds } from './split-body.ts'

type Pattern = readonly (Value | undefined)[]
type Holds = GroundStep & { kind: 'holds' }
type Aggregate = GroundStep & { kind: 'aggregate' }

/**
 * The rows of a ground program that decide what some VMs' placement can change, and those that these rest on: what has to be translated
 * for a part of a cloud, however large the rest is. First upwards: which tuples of which tables can change. Then downwards from those of
 * the roles' tables: every row that can give them, and every row that these read.
 */
export class RelevantRows {
  readonly #analysis: Analysis
  readonly #program: GroundProgram
  readonly #view: View
  readonly #changes: Changes
  readonly #values = new ValueNumbers()
  readonly #rulesOf: ReadonlyMap<string, readonly CoreRule[]>
  /** Keys that can change, by table and text. */
  readonly #touched = new Map<string, Map<string, Row>>()
  readonly #needed = new Map<string, Map<string, Row>>()
  readonly #asked = new Set<string>()

  /**
   * @param changes rows that came with the VMs' possible hosts, to a state without these VMs
   */
  constructor(
    judge: JudgeProgram,
    analysis: Analysis,
    program: GroundProgram,
    rulesOf: ReadonlyMap<string, readonly CoreRule[]>,
    view: View,
    changes: Changes,
  ) {
    this.#analysis = analysis
    this.#program = program
    this.#rulesOf = rulesOf
    this.#view = view
    this.#changes = changes
    this.#touched.set(LOCATION, this.#byText(changes.get(program.possibleLocation)?.inserted ?? []))
    for (const table of analysis.tables) this.#touchTable(table)
    for (const table of analysis.tables)
      if (DELEGATED_ROLES.has(judge.program.tables.get(table)?.role ?? ''))
        for (const key of this.#touched.get(table)!.values()) this.#needKey(table, key)
  }

  /** Rows of a table of the ground program. */
  of(table: string): readonly Row[] {
    return [...(this.#needed.get(table)?.values() ?? [])]
  }

  #touchTable(table: string): void {
    const keys = new Map<string, Row>()
    this.#touched.set(table, keys)
    for (const rule of this.#rulesOf.get(table) ?? []) {
      const body = this.#program.bodies.get(rule.id)
      if (!body) continue
      const args = this.#headKey(rule)
      for (const row of this.#touchedRows(body).values()) {
        const key = args.map(arg => (arg.kind === 'constant' ? arg.value : row[body.columns.indexOf(arg.index)]!))
        keys.set(this.#values.key(key), key)
      }
    }
  }

  /** Rows whose condition can change: new ones, and those that read something that can. */
  #touchedRows(body: GroundBody): Map<string, Row> {
    const rows = this.#byText(this.#changes.get(body.table)?.inserted ?? [])
    for (const step of body.steps) {
      if (step.kind === 'holds') {
        // A pair that became possible brings new rows wherever it is asked for.
        if (step.literal.table === LOCATION && !step.literal.negated) continue
        const args = keyArgs(step)
        for (const key of this.#touched.get(step.literal.table)?.values() ?? [])
          this.#addMatching(rows, body, args, key)
      } else if (step.kind === 'aggregate') {
        const { groupBy } = step.literal
        const at = groupBy.map(v => step.body.columns.indexOf(v))
        const groups = new Map<string, Row>()
        for (const row of this.#touchedRows(step.body).values()) {
          const group = at.map(i => row[i]!)
          groups.set(this.#values.key(group), group)
        }
        const args = groupBy.map(index => ({ kind: 'variable', index }) as const)
        for (const group of groups.values()) this.#addMatching(rows, body, args, group)
      }
    }
    return rows
  }

  #addMatching(
    into: Map<string, Row>,
    body: GroundBody,
    args: readonly (CoreTerm | Wildcard)[],
    values: Pattern,
  ): void {
    for (const row of this.#matching(body, args, values)) into.set(this.#values.key(row), row)
  }

  /** Rows of a body in which these arguments have these values; undefined values match anything. */
  #matching(body: GroundBody, args: readonly (CoreTerm | Wildcard)[], values: Pattern): readonly Row[] {
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
    return this.#view.matching(
      body.table,
      columns,
      columns.map(c => wanted.get(c)!),
    )
  }

  #needKey(table: string, key: Pattern): void {
    if (table === LOCATION || this.#isAsked(table, key)) return
    for (const rule of this.#rulesOf.get(table) ?? []) {
      const body = this.#program.bodies.get(rule.id)
      if (body) for (const row of this.#matching(body, this.#headKey(rule), key)) this.#needRow(body, row)
    }
  }

  #needGroup(step: Aggregate, group: Row): void {
    const { body, valueTable, literal } = step
    if (this.#isAsked(body.table, group)) return
    const args = literal.groupBy.map(index => ({ kind: 'variable', index }) as const)
    for (const row of this.#matching(body, args, group)) {
      this.#needRow(body, row)
      if (valueTable === undefined) continue
      const columns = row.map((_, i) => i)
      for (const value of this.#view.matching(valueTable, columns, row)) this.#keep(valueTable, value)
    }
  }

  #needRow(body: GroundBody, row: Row): void {
    if (!this.#keep(body.table, row)) return
    const value = (arg: CoreTerm | Wildcard): Value | undefined => {
      if (arg.kind === 'wildcard') return undefined
      return arg.kind === 'constant' ? arg.value : row[body.columns.indexOf(arg.index)]!
    }
    for (const step of body.steps) {
      if (step.kind === 'holds') this.#needKey(step.literal.table, keyArgs(step).map(value))
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
    const text = this.#values.key(row)
    if (rows.has(text)) return false
    rows.set(text, row)
    return true
  }

  #isAsked(table: string, pattern: Pattern): boolean {
    const text = `${table}(${pattern.map(v => (v === undefined ? '_' : this.#values.id(v))).join()})`
    if (this.#asked.has(text)) return true
    this.#asked.add(text)
    return false
  }

  #byText(rows: readonly Row[]): Map<string, Row> {
    return new Map(rows.map(row => [this.#values.key(row), row]))
  }

  /** The arguments of a rule's head that are its table's key. */
  #headKey(rule: CoreRule): readonly CoreTerm[] {
    return keyColumns(rule.head.args, this.#analysis.columns.get(rule.head.table))
  }
}

const keyArgs = (step: Holds): readonly (CoreTerm | Wildcard)[] => keyColumns(step.literal.args, step.columns)

function keyColumns<T>(args: readonly T[], kinds: ColumnKinds | undefined): T[] {
  return args.filter((_, i) => (kinds?.[i] ?? 'fixed') === 'fixed')
}
