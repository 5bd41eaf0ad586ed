import { DiagnosticError, fail } from '../diagnostic/index.ts'
import { type CoreLiteral, checkQuery, type Program } from '../language/index.ts'
import { compareRows, type Row } from '../tables/index.ts'
import type { Database } from './database.ts'
import type { Guard } from './limits.ts'
import { planBody } from './plan.ts'
import { type SolveContext, Solver } from './solve.ts'
import type { QueryAnswer } from './types.ts'

/** Distinct values of a query's named variables, in the order of their values. A query that does not check throws what is wrong. */
export function answerQuery(
  text: string,
  policy: string | undefined,
  program: Program,
  db: Database,
  context: SolveContext,
  guard: Guard,
): QueryAnswer {
  const { rule, diagnostics } = checkQuery(text, program, policy)
  if (!rule) throw new DiagnosticError(diagnostics)
  checkArities(rule.body, db)
  const steps = planBody(rule.body, new Set(), { rows: (t, c) => db.rows(t, c) })
  const env = new Int32Array(rule.variables.length).fill(-1)
  const columns = rule.head.args.flatMap(t => (t.kind === 'variable' ? [t.index] : []))
  const rows = new Map<string, Row>()
  new Solver(db, context).solve(steps, env, rule.variables, () => {
    context.tick()
    const key = columns.map(v => env[v]!).join()
    if (rows.has(key)) return true
    guard.answered(columns.length)
    rows.set(
      key,
      columns.map(v => db.interner.value(env[v]!)),
    )
    return true
  })
  return { columns: columns.map(v => rule.variables[v]!), rows: [...rows.values()].sort(compareRows) }
}

/** A table nobody declared has the columns it was loaded with, which the checker can not know. */
function checkArities(body: readonly CoreLiteral[], db: Database): void {
  for (const l of body) {
    if (l.kind === 'aggregate') checkArities(l.body, db)
    if (l.kind !== 'atom') continue
    const arity = db.get(l.table)?.arity ?? l.args.length
    if (arity === l.args.length) continue
    fail('datalog/wrong-arity', `\`${l.table}\` has ${arity} columns, and the query reads ${l.args.length}`, {
      span: l.span,
      help: 'name the columns you need, or give one argument for each',
    })
  }
}
