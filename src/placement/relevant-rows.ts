import type { Changes } from '../datalog/index.ts'
import type { CoreTerm, Wildcard } from '../language/index.ts'
import type { Row } from '../tables/index.ts'
import { DELEGATED_ROLES } from './analysis.ts'
import { LOCATION } from './decision.ts'
import type { GroundBody } from './ground-program.ts'
import type { JudgeProgram } from './judge-program.ts'
import { type GroundRows, keyArgs, keyColumns, NeededRows, type Pattern } from './needed-rows.ts'

/**
 * The rows of a ground program that decide what some VMs' placement can change, and those that these rest on: what has to be translated
 * for a part of a cloud, however large the rest is. First upwards: which tuples of which tables can change. Then downwards from those of
 * the roles' tables (needed-rows.ts).
 */
export class RelevantRows {
  readonly #ground: GroundRows
  readonly #changes: Changes
  readonly #needed: NeededRows
  /** Keys that can change, by table and text. */
  readonly #touched = new Map<string, Map<string, Row>>()

  /**
   * @param changes rows that came with the VMs' possible hosts, to a state without these VMs
   * @param also tuples that are needed whether they can change or not, by table
   */
  constructor(
    judge: JudgeProgram,
    ground: GroundRows,
    changes: Changes,
    also: ReadonlyMap<string, readonly Row[]> = new Map(),
  ) {
    this.#ground = ground
    this.#changes = changes
    this.#needed = new NeededRows(ground)
    const { analysis, program } = ground
    this.#touched.set(LOCATION, this.#byText(changes.get(program.possibleLocation)?.inserted ?? []))
    for (const table of analysis.tables) this.#touchTable(table)
    for (const table of analysis.tables)
      if (DELEGATED_ROLES.has(judge.program.tables.get(table)?.role ?? ''))
        for (const key of this.#touched.get(table)!.values()) this.#needed.needKey(table, key)
    for (const [table, tuples] of also)
      for (const tuple of tuples) this.#needed.needKey(table, keyColumns(tuple, analysis.columns.get(table)))
  }

  /** Rows of a table of the ground program. */
  of(table: string): readonly Row[] {
    return this.#needed.of(table)
  }

  #touchTable(table: string): void {
    const keys = new Map<string, Row>()
    this.#touched.set(table, keys)
    const { program, rulesOf } = this.#ground
    for (const rule of rulesOf.get(table) ?? []) {
      const body = program.bodies.get(rule.id)
      if (!body) continue
      const args = this.#needed.headKey(rule)
      for (const row of this.#touchedRows(body).values()) {
        const key = args.map(arg => (arg.kind === 'constant' ? arg.value : row[body.columns.indexOf(arg.index)]!))
        keys.set(this.#needed.values.key(key), key)
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
          groups.set(this.#needed.values.key(group), group)
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
    for (const row of this.#needed.matching(body, args, values)) into.set(this.#needed.values.key(row), row)
  }

  #byText(rows: readonly Row[]): Map<string, Row> {
    return new Map(rows.map(row => [this.#needed.values.key(row), row]))
  }
}
