import type { CoreRule } from '../language/index.ts'
import type { Database } from './database.ts'
import type { Guard } from './limits.ts'
import { planBody } from './plan.ts'
import type { Component } from './rules.ts'
import { type SolveContext, Solver } from './solve.ts'

/**
 * Fill a component's relations, which begin with their given rows. Not recursive: each rule once. Recursive: semi-naive rounds, each
 * rule once for each literal of the component with that literal over the rows of the round before.
 */
export function evaluateComponent(component: Component, db: Database, context: SolveContext, guard: Guard): void {
  const own = new Set(component.tables)
  const given = new Map(component.tables.map(t => [t, 0]))
  for (const rule of component.rules) run(rule, undefined, undefined, db, context, guard)
  if (!component.recursive) return
  const seen = given
  for (;;) {
    const rounds = component.tables.map(t => ({ table: t, from: seen.get(t)!, to: db.get(t)!.top }))
    if (rounds.every(r => r.from === r.to)) return
    for (const r of rounds) seen.set(r.table, r.to)
    for (const rule of component.rules) {
      rule.body.forEach((literal, position) => {
        if (literal.kind !== 'atom' || !own.has(literal.table)) return
        const delta = rounds.find(r => r.table === literal.table)!
        if (delta.from < delta.to) run(rule, position, delta, db, context, guard)
      })
    }
  }
}

function run(
  rule: CoreRule,
  first: number | undefined,
  delta: { from: number; to: number } | undefined,
  db: Database,
  context: SolveContext,
  guard: Guard,
): void {
  guard.rule = rule
  const steps = planBody(rule.body, new Set(), { size: t => db.size(t), ...(first === undefined ? {} : { first }) })
  const solver = new Solver(db, context)
  solver.delta = delta
  const env = new Int32Array(rule.variables.length).fill(-1)
  const head = rule.head.args.map(t => (t.kind === 'constant' ? db.interner.intern(t.value) : t.index))
  const isConstant = rule.head.args.map(t => t.kind === 'constant')
  // Rows are kept aside until the rule is done: it may be reading the table that it fills.
  const rows: number[][] = []
  solver.solve(steps, env, rule.variables, () => {
    guard.tick()
    rows.push(head.map((h, i) => (isConstant[i] ? h : env[h]!)))
    return true
  })
  const relation = db.get(rule.head.table)!
  for (const row of rows) if (relation.add(row) >= 0) guard.derived()
}
