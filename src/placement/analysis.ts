import type { CoreRule, Program } from '../language/index.ts'
import { atomsOf, LOCATION } from './decision.ts'
import type { JudgeProgram } from './judge-program.ts'
import { isNotLinear, type NumberKind, sumKind } from './number-kind.ts'
import {
  type ColumnKinds,
  type Refusal,
  RefusalError,
  type SplitBody,
  splitBody,
  type TableKnowledge,
} from './split-body.ts'

/** What translation makes of each rule of a judge program. */
export interface Analysis {
  /** Delegated roles' rules and every decision-dependent rule they need, taken apart; by rule id. */
  readonly delegated: ReadonlyMap<number, SplitBody>
  /** Decision-dependent rules outside the translatable class; by rule id. */
  readonly refused: ReadonlyMap<number, Refusal>
  /** Decision-dependent derived tables to translate, each after those it reads. */
  readonly tables: readonly string[]
  readonly columns: ReadonlyMap<string, ColumnKinds>
}

export const DELEGATED_ROLES: ReadonlySet<string> = new Set(['error', 'warning', 'cost'])

/**
 * Go through the decision-dependent tables in order of dependency; learn which of their columns are numbers that depend on the
 * placement, and which rules can't be translated. A refused rule of a helper table takes the table with it; of an `error`, `warning` or
 * `cost` table it goes alone.
 * @param forced rules that their data takes out of the class
 */
export function analyse(judge: JudgeProgram, forced: ReadonlyMap<number, Refusal> = new Map()): Analysis {
  const { program, decision } = judge
  const rulesOf = groupRules(program)
  const columns = new Map<string, NumberKind[]>()
  const tableRefusals = new Map<string, string>()
  const splits = new Map<number, SplitBody>()
  const refused = new Map<number, Refusal>()
  const tables: TableKnowledge = {
    isDecision: table => decision.has(table),
    columns: table => columns.get(table),
    refusal: table => tableRefusals.get(table),
    display: table => displayName(program, table),
  }
  const order: string[] = []
  for (const stratum of program.strata) {
    const dependent = stratum.filter(t => decision.has(t))
    const recursive = stratum.length > 1 || (rulesOf.get(stratum[0]!) ?? []).some(r => reads(r, stratum[0]!))
    for (const table of dependent) {
      order.push(table)
      for (const rule of rulesOf.get(table) ?? []) {
        const refusal =
          forced.get(rule.id) ??
          (recursive
            ? recursionRefusal(rule, program, stratum, decision)
            : analyseRule(rule, table, program, tables, columns, splits))
        if (!refusal) continue
        refused.set(rule.id, refusal)
        if (!isRole(program, table))
          tableRefusals.set(
            table,
            `it reads \`${displayName(program, table)}\`, which can't be translated: ${refusal.reason}`,
          )
      }
    }
  }
  const needed = neededTables(program, rulesOf, decision, refused)
  const delegated = new Map<number, SplitBody>()
  for (const table of needed)
    for (const rule of rulesOf.get(table) ?? []) {
      const split = splits.get(rule.id)
      if (split && !refused.has(rule.id)) delegated.set(rule.id, split)
    }
  return { delegated, refused, tables: order.filter(t => needed.has(t)), columns }
}

function analyseRule(
  rule: CoreRule,
  table: string,
  program: Program,
  tables: TableKnowledge,
  columns: Map<string, NumberKind[]>,
  splits: Map<number, SplitBody>,
): Refusal | undefined {
  try {
    const split = splitBody(rule, rule.body, tables)
    const known = columns.get(table) ?? rule.head.args.map((): NumberKind => 'fixed')
    const kinds = rule.head.args.map(
      (arg): NumberKind => (arg.kind === 'variable' ? (split.kinds.get(arg.index) ?? 'fixed') : 'fixed'),
    )
    const refusal = roleRefusal(program, rule, kinds)
    if (refusal) return refusal
    const merged = kinds.map((k, i): NumberKind => {
      const other = known[i]!
      if (other === k) return k
      const sum = sumKind(other, k)
      return isNotLinear(sum) ? 'ratio' : sum
    })
    columns.set(table, merged)
    splits.set(rule.id, split)
    return undefined
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal
    throw error
  }
}

function roleRefusal(program: Program, rule: CoreRule, kinds: readonly NumberKind[]): Refusal | undefined {
  if (program.tables.get(rule.head.table)?.role !== 'cost') return undefined
  if (kinds[0] !== 'fixed') return { reason: 'the priority of a cost depends on the placement', span: rule.head.span }
  if (kinds[1] === 'ratio')
    return { reason: 'a mean that depends on the placement can not be minimised', span: rule.head.span }
  const loose = kinds.findIndex((k, i) => i > 1 && k !== 'fixed')
  return loose < 0 ? undefined : { reason: 'a key column of a cost depends on the placement', span: rule.head.span }
}

function recursionRefusal(
  rule: CoreRule,
  program: Program,
  stratum: readonly string[],
  decision: ReadonlySet<string>,
): Refusal | undefined {
  const dependsItself =
    [...atomsOf(rule.body)].find(a => stratum.includes(a.table)) ??
    [...atomsOf(rule.body)].find(a => decision.has(a.table))
  const names = stratum.map(t => `\`${displayName(program, t)}\``).join(', ')
  return {
    reason: `it is recursive through ${names}, which depends on the placement`,
    span: dependsItself?.span ?? rule.span,
  }
}

function neededTables(
  program: Program,
  rulesOf: ReadonlyMap<string, readonly CoreRule[]>,
  decision: ReadonlySet<string>,
  refused: ReadonlyMap<number, Refusal>,
): Set<string> {
  const needed = new Set<string>()
  const queue = [...decision].filter(t => DELEGATED_ROLES.has(program.tables.get(t)?.role ?? ''))
  for (let table = queue.pop(); table !== undefined; table = queue.pop()) {
    if (needed.has(table)) continue
    needed.add(table)
    for (const rule of rulesOf.get(table) ?? []) {
      if (refused.has(rule.id)) continue
      for (const atom of atomsOf(rule.body))
        if (decision.has(atom.table) && atom.table !== LOCATION) queue.push(atom.table)
    }
  }
  return needed
}

/** Rules by the table they give rows to. */
export function groupRules(program: Program): Map<string, CoreRule[]> {
  const map = new Map<string, CoreRule[]>()
  for (const rule of program.rules) {
    const list = map.get(rule.head.table)
    if (list) list.push(rule)
    else map.set(rule.head.table, [rule])
  }
  return map
}

const reads = (rule: CoreRule, table: string): boolean => [...atomsOf(rule.body)].some(a => a.table === table)
const isRole = (program: Program, table: string): boolean => DELEGATED_ROLES.has(program.tables.get(table)?.role ?? '')

/** A table as its author writes it; the inner tables of a judge program by the name of what they stand for. */
export function displayName(program: Program, table: string): string {
  if (table.startsWith('~')) return table.slice(table.indexOf(':') + 1)
  return program.tables.get(table)?.display ?? table
}
