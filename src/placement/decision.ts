import type { CoreLiteral, CoreRule, Program } from '../language/index.ts'

/** Each VM is on exactly one host; the one table that the engine may change. */
export const LOCATION = 'nova:location'
/** placement:moved(vm, from, to): how another placement differs from the present one. */
export const MOVED = 'placement:moved'
/** The host of VMs that have none yet. Only rules of this room see it; `~` can't stand first in the name of a real one. */
export const UNPLACED = '~unplaced'

/** Heads that are read under the present placement, whatever their bodies read. */
const PRESENT_ROLES = new Set(['candidate', 'migration_cost', 'migration_budget'])

export function isReadAtPresent(program: Program, rule: CoreRule): boolean {
  const role = program.tables.get(rule.head.table)?.role
  return role !== undefined && PRESENT_ROLES.has(role)
}

/** The table a `predict[…]` head tells the value of: `predict[nova:x]` → `nova:x`. */
export function predictedTable(rule: CoreRule): string | undefined {
  return rule.modal === 'predict' ? rule.head.table.slice('predict['.length, -1) : undefined
}

/** Every atom literal of a body, those inside aggregates included. */
export function* atomsOf(body: readonly CoreLiteral[]): Generator<CoreLiteral & { kind: 'atom' }> {
  for (const literal of body) {
    if (literal.kind === 'atom') yield literal
    else if (literal.kind === 'aggregate') yield* atomsOf(literal.body)
  }
}

/**
 * The tables whose contents change with the placement: nova:location, placement:moved, tables whose prediction reads one of these, and
 * derived tables that do. `headOf`: the table that a rule gives rows to; by default a prediction counts as its measured table.
 */
export function decisionTables(
  program: Program,
  headOf: (rule: CoreRule) => string = rule => predictedTable(rule) ?? rule.head.table,
): ReadonlySet<string> {
  const readers = new Map<string, Set<string>>()
  for (const rule of program.rules) {
    if (isReadAtPresent(program, rule)) continue
    const head = headOf(rule)
    for (const atom of atomsOf(rule.body)) {
      let set = readers.get(atom.table)
      if (!set) readers.set(atom.table, (set = new Set()))
      set.add(head)
    }
  }
  const found = new Set([LOCATION, MOVED])
  const queue = [...found]
  for (let table = queue.pop(); table !== undefined; table = queue.pop())
    for (const reader of readers.get(table) ?? [])
      if (!found.has(reader)) {
        found.add(reader)
        queue.push(reader)
      }
  return found
}
