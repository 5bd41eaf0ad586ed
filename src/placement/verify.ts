import type { View } from '../datalog/index.ts'
import { renderTuple } from '../language/index.ts'
import type { Row } from '../tables/index.ts'
import { linearValue, literalValue } from './formula.ts'
import type { Judge, Verdict } from './judge.ts'
import type { Problem } from './problem.ts'

/** The model promised something else than the policy's own text says of the same placement: a fault of the translation, ours. */
export class TranslationFault extends Error {
  constructor(differences: readonly string[]) {
    super(`the model and the evaluator disagree on a placement: ${differences.slice(0, 5).join('; ')}`)
    this.name = 'TranslationFault'
  }
}

/**
 * Compare, tuple by tuple and level by level, what the conditions say of a placement with what the evaluator finds. Tuples that only
 * refused rules give are left out.
 * @throws TranslationFault on any difference
 */
export function verify(problem: Problem, judge: Judge, view: View, verdict: Verdict, host: ArrayLike<number>): void {
  const truth = problem.grounding.store.evaluate(host)
  const differences = [
    ...differingTuples(problem, judge, view, truth),
    ...differingCosts(problem, verdict, view, truth),
  ]
  if (differences.length > 0) throw new TranslationFault(differences)
}

function* differingTuples(problem: Problem, judge: Judge, view: View, truth: Float64Array): Generator<string> {
  const { analysis, aims, judge: judged } = problem
  const promised = new Map<string, Map<string, number>>()
  const tables = [...analysis.tables].filter(t =>
    ['error', 'warning'].includes(judged.program.tables.get(t)?.role ?? ''),
  )
  for (const table of tables) promised.set(table, new Map())
  const keyOf = (table: string, row: readonly unknown[]): string =>
    JSON.stringify(row.map((v, i) => ((analysis.columns.get(table)?.[i] ?? 'fixed') === 'fixed' ? v : null)))
  for (const v of aims.violables) {
    if (literalValue(v.literal, truth) !== 1) continue
    const keys = promised.get(v.table)!
    const key = keyOf(v.table, v.row)
    keys.set(key, (keys.get(key) ?? 0) + 1)
  }
  for (const [table, keys] of promised) {
    const found = new Map<string, Row[]>()
    for (const row of view.rows(table)) {
      const key = keyOf(table, row)
      found.set(key, [...(found.get(key) ?? []), row])
    }
    for (const key of keys.keys())
      if (!found.has(key))
        yield `\`${renderTuple(judge.program, table, JSON.parse(key))}\` was expected and does not hold`
    if (hasRulesLeftOut(problem, table)) continue
    for (const [key, rows] of found)
      if ((keys.get(key) ?? 0) < rows.length)
        yield `\`${renderTuple(judge.program, table, rows[0]!)}\` holds and was not expected`
  }
}

function* differingCosts(problem: Problem, verdict: Verdict, view: View, truth: Float64Array): Generator<string> {
  const { analysis, aims, judge } = problem
  const costTables = [...judge.program.tables.values()].filter(t => t.role === 'cost')
  if (aims.refused.size > 0 || costTables.some(t => hasRulesLeftOut(problem, t.name))) return
  const fixed = new Map<number, number>()
  for (const t of costTables)
    if (!analysis.tables.includes(t.name))
      for (const [priority, weight] of view.rows(t.name))
        if (typeof priority === 'number' && typeof weight === 'number')
          fixed.set(priority, (fixed.get(priority) ?? 0) + weight)
  for (const level of aims.levels) {
    if (level.kind !== 'cost') continue
    const promised = linearValue(level.expr, truth) + (fixed.get(level.priority) ?? 0)
    const found = verdict.costs.get(level.priority) ?? 0
    if (Math.abs(promised - found) > 1e-6 * Math.max(1, Math.abs(found), Math.abs(promised)))
      yield `cost of priority ${level.priority} was expected to be ${promised} and is ${found}`
  }
}

/** Whether some rule of a table is not in the model. */
export function hasRulesLeftOut(problem: Problem, table: string): boolean {
  return problem.judge.program.rules.some(
    r => r.head.table === table && (problem.analysis.refused.has(r.id) || problem.aims.refused.has(r.id)),
  )
}
