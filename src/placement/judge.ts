import { createEvaluator, type Evaluator, type View } from '../datalog/index.ts'
import { type Program, renderTuple } from '../language/index.ts'
import type { Delta, Row, Snapshot, TableData, Value } from '../tables/index.ts'
import { LOCATION } from './decision.ts'
import { guideRules, isGuide } from './guide-rules.ts'
import type { JudgeProgram } from './judge-program.ts'
import { numberedColumns, ownTable, ownTableInfo } from './own-table.ts'
import { strataOf } from './strata.ts'
import type { RuleInstance, Violation } from './types.ts'
import type { Universe } from './universe.ts'

/** What the evaluator says of a placement; everything is summed over the rows of the roles' tables. */
export interface Verdict {
  readonly errors: number
  readonly warnings: number
  /** Σ weight by priority; a priority without rows is not in it. */
  readonly costs: ReadonlyMap<number, number>
  readonly migrationCost: number
  readonly moves: number
}

/** Violations shown as the reason of one thing. */
const SHOWN = 5

export type PricedRole = 'error' | 'warning' | 'cost'

/** The policy's own text as the judge of placements other than the present one. */
export class Judge {
  readonly program: Program
  readonly #evaluator: Evaluator
  readonly #universe: Universe
  readonly #roles: { readonly error: string[]; readonly warning: string[]; readonly cost: string[] }
  /** Where the evaluator has each VM: the present placement until `goTo`. */
  readonly #now: Int32Array

  constructor(judge: JudgeProgram, tables: Snapshot, present: View, universe: Universe) {
    this.program = judge.program
    this.#universe = universe
    const tablesOf = (role: string): string[] =>
      [...judge.program.tables.values()].filter(t => t.role === role).map(t => t.name)
    this.#roles = { error: tablesOf('error'), warning: tablesOf('warning'), cost: tablesOf('cost') }
    this.#now = Int32Array.from(universe.current)
    const program = withGuides(judge)
    const guides = [...program.tables.keys()].filter(isGuide)
    this.#evaluator = createEvaluator(program, { watch: [...Object.values(this.#roles).flat(), ...guides] })
    this.#evaluator.load([...tables.values(), ...presentTables(judge, present)])
  }

  /** Look at the tables under a placement (host number of each VM), or under several hosts a VM while it migrates. */
  at<T>(host: ArrayLike<number>, read: (view: View) => T): T {
    const changed: number[] = []
    for (let vm = 0; vm < this.#now.length; vm++) if (host[vm] !== this.#now[vm]) changed.push(vm)
    const delta = this.#delta(
      changed,
      changed.map(vm => host[vm]!),
    )
    return this.with([delta], read)
  }

  /** What moving these VMs to these hosts would add to errors, warnings and costs, from where the evaluator has them. */
  price(
    vms: readonly number[],
    hosts: readonly number[],
    add: (role: PricedRole | 'guide', priority: number, amount: number) => void,
  ): void {
    this.#evaluator.whatIf([this.#delta(vms, hosts)], (_, changes) => {
      for (const [table, { inserted, removed }] of changes) {
        if (isGuide(table)) {
          for (const row of inserted) add('guide', 0, Number(row.at(-1)) ** 2)
          for (const row of removed) add('guide', 0, -(Number(row.at(-1)) ** 2))
          continue
        }
        const role = this.program.tables.get(table)!.role as PricedRole
        for (const row of inserted)
          add(role, role === 'cost' ? Number(row[0]) : 0, role === 'cost' ? Number(row[1]) : 1)
        for (const row of removed)
          add(role, role === 'cost' ? Number(row[0]) : 0, role === 'cost' ? -Number(row[1]) : -1)
      }
    })
  }

  /** The first errors, else warnings, that moving these VMs would bring, and what costs would rise by, by priority. */
  consequences(
    vms: readonly number[],
    hosts: readonly number[],
  ): {
    readonly broken: readonly RuleInstance[]
    readonly dearer: ReadonlyMap<number, number>
  } {
    return this.#evaluator.whatIf([this.#delta(vms, hosts)], (_, changes) => {
      const broken: Violation[] = []
      const dearer = new Map<number, number>()
      for (const [table, { inserted, removed }] of changes) {
        if (isGuide(table)) continue
        const role = this.program.tables.get(table)!.role as PricedRole
        if (role !== 'cost') {
          for (const row of inserted) broken.push({ role, table, row, text: renderTuple(this.program, table, row) })
          continue
        }
        const add = (row: Row, sign: number): void =>
          void dearer.set(Number(row[0]), (dearer.get(Number(row[0])) ?? 0) + sign * Number(row[1]))
        for (const row of inserted) add(row, 1)
        for (const row of removed) add(row, -1)
      }
      const errors = broken.filter(v => v.role === 'error')
      const shown = (errors.length > 0 ? errors : broken).slice(0, SHOWN)
      return { broken: shown.map(v => this.#behind(v)), dearer }
    })
  }

  /** Have the evaluator stand at another placement from now on. */
  goTo(vms: readonly number[], hosts: readonly number[]): void {
    this.#evaluator.apply([this.#delta(vms, hosts)])
    vms.forEach((vm, i) => {
      this.#now[vm] = hosts[i]!
    })
  }

  /** Σ weight of the costs by priority, where the evaluator stands. */
  get costs(): Map<number, number> {
    return this.#costsIn(this.#evaluator.view)
  }

  /** Rows of the tables with a role, where the evaluator stands. */
  rowsOf(role: PricedRole): { readonly table: string; readonly row: Row }[] {
    return this.#roles[role].flatMap(table => this.#evaluator.view.rows(table).map(row => ({ table, row })))
  }

  #delta(vms: readonly number[], hosts: readonly number[]): Delta {
    const { vms: names, hosts: hostNames } = this.#universe
    const inserted: Value[][] = []
    const removed: Value[][] = []
    vms.forEach((vm, i) => {
      removed.push([names[vm]!, hostNames[this.#now[vm]!]!])
      inserted.push([names[vm]!, hostNames[hosts[i]!]!])
    })
    return { table: LOCATION, inserted, removed }
  }

  with<T>(deltas: readonly Delta[], read: (view: View) => T): T {
    return this.#evaluator.whatIf(deltas, view => read(view))
  }

  verdict(view: View, host: ArrayLike<number>): Verdict {
    const costs = this.#costsIn(view)
    let migrationCost = 0
    let moves = 0
    for (let vm = 0; vm < this.#universe.vms.length; vm++) {
      if (host[vm] === this.#universe.current[vm]) continue
      moves++
      migrationCost += this.#universe.cost(vm, host[vm]!)
    }
    const count = (tables: string[]): number => tables.reduce((n, t) => n + view.count(t), 0)
    return { errors: count(this.#roles.error), warnings: count(this.#roles.warning), costs, migrationCost, moves }
  }

  #costsIn(view: View): Map<number, number> {
    const costs = new Map<number, number>()
    for (const table of this.#roles.cost)
      view.each(table, ([priority, weight]) => {
        if (typeof priority === 'number' && typeof weight === 'number')
          costs.set(priority, (costs.get(priority) ?? 0) + weight)
      })
    return costs
  }

  violations(view: View): Violation[] {
    return (['error', 'warning'] as const).flatMap(role =>
      this.#roles[role].flatMap(table =>
        view.rows(table).map(row => ({ role, table, row, text: renderTuple(this.program, table, row) })),
      ),
    )
  }

  /** The rule instance behind a violation under a placement. */
  instance(violation: Violation, host: ArrayLike<number>): RuleInstance {
    return this.at(host, () => this.#behind(violation))
  }

  /** The rule instance behind a violation where the evaluator stands. */
  #behind({ role, table, row, text }: Violation): RuleInstance {
    const derivation = this.#evaluator.explain({ table, row })
    const rule = derivation && (derivation.kind === 'rule' || derivation.kind === 'fact') ? derivation.rule : undefined
    return { rule: rule ? `${role} ${rule.span.file}:${rule.span.line}` : role, instance: text }
  }
}

function withGuides(judge: JudgeProgram): Program {
  const { program } = judge
  const guides = guideRules(program, judge.decision)
  const tables = new Map(program.tables)
  for (const { head } of guides) tables.set(head.table, ownTableInfo(head.table, head.args.length, 'derived'))
  const rules = [...program.rules, ...guides].map((rule, id) => ({ ...rule, id }))
  return { ...program, rules, tables, strata: strataOf(rules) }
}

/** Tables that the judge and the ground program read as they are now. */
export function presentTables(judge: JudgeProgram, present: View): TableData[] {
  return [...judge.present].map(([name, from]) =>
    ownTable(name, numberedColumns(judge.program.tables.get(name)!.arity), present.encoded(from) ?? []),
  )
}

/** Priorities of either verdict, highest first. */
export function priorities(...verdicts: Verdict[]): number[] {
  return [...new Set(verdicts.flatMap(v => [...v.costs.keys()]))].sort((a, b) => b - a)
}

/** The lexicographic vector: errors, warnings, costs, migration cost, moves. */
export function vectorOf(verdict: Verdict, costPriorities: readonly number[]): number[] {
  return [
    verdict.errors,
    verdict.warnings,
    ...costPriorities.map(p => verdict.costs.get(p) ?? 0),
    verdict.migrationCost,
    verdict.moves,
  ]
}

/** Relative difference below which two sums of costs are the same number. */
const SAME = 1e-9

/** Negative: a is better. Costs that differ by rounding alone are equal. */
export function compareVectors(a: readonly number[], b: readonly number[]): number {
  return firstDifference(a, b).by
}

/** The first aim in which two vectors differ, and by how much; `by` is 0 where none does. */
export function firstDifference(
  a: readonly number[],
  b: readonly number[],
): { readonly aim: number; readonly by: number } {
  for (let aim = 0; aim < a.length; aim++) {
    const by = a[aim]! - b[aim]!
    if (Math.abs(by) > SAME * Math.max(1, Math.abs(a[aim]!), Math.abs(b[aim]!))) return { aim, by }
  }
  return { aim: a.length, by: 0 }
}

/** What the entries of a vector are called. */
export function aimNames(costPriorities: readonly number[]): string[] {
  return ['errors', 'warnings', ...costPriorities.map(p => `cost ${p}`), 'migration cost', 'moves']
}
