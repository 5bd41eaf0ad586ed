import type { CoreRule } from '../language/index.ts'
import { compareRows, type Row } from '../tables/index.ts'
import { bindHead, type Explaining } from './explain.ts'
import { planBody, type Step } from './plan.ts'
import { rowAt } from './rows.ts'
import { type Bindings, boundIn, Solver } from './solve.ts'
import { literalText, valueText } from './text.ts'
import type { Absence, Tuple } from './types.ts'

/** Rows looked at for one rule, and rows compared when nearest ones are sought: an answer in time beats the very furthest attempt. */
const EFFORT = 100_000
const NEAREST = 3

type Attempt = Absence['attempts'][number]

/** Thrown through the solver when enough was looked at. */
class EnoughSeen extends Error {}

/** For each rule of the tuple's table, the attempt to derive the tuple that came furthest. */
export function explainAbsence(tuple: Tuple, ex: Explaining): Absence {
  const rules = ex.program.rules.filter(r => r.head.table === tuple.table)
  return { tuple, attempts: rules.flatMap(rule => attempt(rule, tuple, ex) ?? []) }
}

function attempt(rule: CoreRule, tuple: Tuple, ex: Explaining): Attempt | undefined {
  // Values that no table holds get ids here; no table gains them.
  const ids = tuple.row.map(v => ex.db.interner.intern(v))
  for (const arg of rule.head.args) if (arg.kind === 'constant') ex.db.interner.intern(arg.value)
  const env = bindHead(rule, ids, ex.db)
  if (!env) return { rule, failed: headText(rule), held: [], nearest: [] }
  const steps = planBody(rule.body, boundIn(env), { rows: (t, c) => ex.db.rows(t, c) })
  let effort = 0
  const solver = new Solver(ex.db, {
    ...ex.context,
    tick: () => {
      if (++effort > EFFORT) throw new EnoughSeen()
    },
  })
  let furthest: { depth: number; env: Bindings } | undefined
  solver.observer = {
    failed: depth => {
      if (furthest && depth < furthest.depth) return
      if (furthest && depth === furthest.depth && !before(env, furthest.env, ex)) return
      furthest = { depth, env: env.slice() }
    },
  }
  let holds = false
  try {
    solver.solve(steps, env, rule.variables, () => {
      holds = true
      return false
    })
  } catch (stop) {
    if (!(stop instanceof EnoughSeen)) throw stop
  }
  if (holds || !furthest) return undefined
  return describe(rule, steps, furthest.depth, furthest.env, ex)
}

function describe(rule: CoreRule, steps: readonly Step[], depth: number, env: Bindings, ex: Explaining): Attempt {
  const name = (v: number) => (env[v]! >= 0 ? valueText(ex.db.interner.value(env[v]!)) : (rule.variables[v] ?? '_'))
  const text = (step: Step) => literalText(step.literal, name)
  const step = steps[depth]!
  return {
    rule,
    failed: text(step),
    held: steps.slice(0, depth).map(text),
    nearest: nearestRows(step, env, ex),
  }
}

/** For a missing row, those that agree in the most columns; for a row that should not be there, itself. */
function nearestRows(step: Step, env: Bindings, ex: Explaining): Tuple[] {
  if (step.kind !== 'atom' && step.kind !== 'absent') return []
  const { table } = step.literal
  const relation = ex.db.get(table)
  const key = new Solver(ex.db, ex.context).keyValues(step.key, env) ?? step.key.terms.map(() => -1)
  if (!relation || key.length === 0) return []
  const found: { agree: number; row: Row }[] = []
  const { columns } = step.key
  for (let slot = 0; slot < Math.min(relation.top, EFFORT); slot++) {
    if (!relation.holds(slot)) continue
    let agree = 0
    for (let i = 0; i < key.length; i++) if (relation.columns[columns[i]!]![slot] === key[i]) agree++
    if (step.kind === 'absent' ? agree < key.length : agree === 0) continue
    const worst = found[NEAREST - 1]
    if (worst && agree < worst.agree) continue
    found.push({ agree, row: rowAt(ex.db.interner, relation, slot) })
    found.sort((a, b) => b.agree - a.agree || compareRows(a.row, b.row))
    found.length = Math.min(found.length, NEAREST)
  }
  return found.map(({ row }) => ({ table, row }))
}

function before(a: Bindings, b: Bindings, ex: Explaining): boolean {
  const values = (env: Bindings) => [...env].map(id => (id < 0 ? null : ex.db.interner.value(id)))
  return compareRows(values(a), values(b)) < 0
}

function headText(rule: CoreRule): string {
  const args = rule.head.args.map(t => (t.kind === 'constant' ? valueText(t.value) : (rule.variables[t.index] ?? '_')))
  return `${rule.head.table}(${args.join(', ')})`
}
