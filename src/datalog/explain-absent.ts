import { type CoreLiteral, type CoreRule, displayName, renderLiteral, renderValue } from '../language/index.ts'
import { compareRows, type Row } from '../tables/index.ts'
import { bindHead, type Explaining } from './explain.ts'
import { planBody, type Step, UnsafeBody } from './plan.ts'
import { rowAt } from './rows.ts'
import { type Bindings, boundIn, Solver } from './solve.ts'
import type { Absence, Attempt, FailedLiteral, Tuple } from './types.ts'

/** Rows looked at for one rule, and rows compared when nearest ones are sought: an answer in time beats the very furthest attempt. */
const EFFORT = 100_000
const NEAREST = 3

/** Thrown through the solver when enough was looked at. */
class EnoughSeen extends Error {}

/**
 * For each rule of the tuple's table, the attempt to derive the tuple that came furthest. The body is searched as for a derivation, in
 * the order the join plan gives it; of attempts that came equally far the one with the smallest values is told, so that answers
 * repeat. Facts are no attempts: they are rows, and those near the tuple are told as such.
 */
export function explainAbsence(tuple: Tuple, ex: Explaining): Absence {
  const rules = ex.program.rules.filter(r => r.head.table === tuple.table && r.body.length > 0)
  const ids = tuple.row.map(v => ex.db.interner.find(v))
  const columns = tuple.row.map((_, i) => i)
  return {
    tuple,
    nearest: nearestRows(tuple.table, columns, ids, 1, ex),
    attempts: rules.flatMap(rule => attempt(rule, tuple, ex) ?? []),
  }
}

function attempt(rule: CoreRule, tuple: Tuple, ex: Explaining): Attempt | undefined {
  // Values that no table holds get ids here; no table gains them.
  const ids = tuple.row.map(v => ex.db.interner.intern(v))
  for (const arg of rule.head.args) if (arg.kind === 'constant') ex.db.interner.intern(arg.value)
  const env = bindHead(rule, ids, ex.db)
  if (!env) {
    const failed = [{ position: undefined, text: headText(rule, ex), nearest: [] }]
    return { rule, values: rule.variables.map(() => undefined), held: [], failed }
  }
  const steps = planBody(rule.body, boundIn(env), { rows: (t, c) => ex.db.rows(t, c) })
  const solver = new Solver(ex.db, { ...ex.context, tick: effort() })
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

/** A tick that throws `EnoughSeen` in the end. */
function effort(): () => void {
  let seen = 0
  return () => {
    if (++seen > EFFORT) throw new EnoughSeen()
  }
}

function describe(rule: CoreRule, steps: readonly Step[], depth: number, env: Bindings, ex: Explaining): Attempt {
  const value = (v: number) => (env[v]! >= 0 ? ex.db.interner.value(env[v]!) : undefined)
  const name = (v: number) => {
    const known = value(v)
    return known === undefined ? (rule.variables[v] ?? '_') : renderValue(known)
  }
  const text = (l: CoreLiteral) => renderLiteral(ex.program, rule, l, name)
  const failed = (step: Step): FailedLiteral => ({
    position: step.position,
    text: text(step.literal) + actualValue(step, rule, env, ex),
    nearest: nearestTo(step, env, ex),
  })
  const later = steps.slice(depth + 1).flatMap(({ position }) => failsAlone(rule, position, env, ex) ?? [])
  return {
    rule,
    values: rule.variables.map((_, v) => value(v)),
    held: steps.slice(0, depth).map(step => ({ position: step.position, text: text(step.literal) })),
    failed: [failed(steps[depth]!), ...later.map(failed)],
  }
}

/** For an aggregate that should have had another value, which it has. */
function actualValue(step: Step, rule: CoreRule, env: Bindings, ex: Explaining): string {
  if (step.kind !== 'aggregate' || !step.bound) return ''
  const { value } = new Solver(ex.db, ex.context).aggregate(step, env.slice(), rule.variables)
  return value === undefined ? ', which has no value' : `, which is ${renderValue(value)}`
}

/** The step of a literal that was not reached, when it fails too with the values there are; undefined when it holds, or waits for more. */
function failsAlone(rule: CoreRule, position: number, env: Bindings, ex: Explaining): Step | undefined {
  let steps: Step[]
  try {
    steps = planBody([rule.body[position]!], boundIn(env), { rows: (t, c) => ex.db.rows(t, c) })
  } catch (error) {
    if (error instanceof UnsafeBody) return undefined
    throw error
  }
  let holds = false
  try {
    new Solver(ex.db, { ...ex.context, tick: effort() }).solve(steps, env.slice(), rule.variables, () => {
      holds = true
      return false
    })
  } catch (stop) {
    if (!(stop instanceof EnoughSeen)) throw stop
    return undefined
  }
  return holds ? undefined : { ...steps[0]!, position }
}

/** For a missing row, those that agree in the most columns; for a row that should not be there, itself. */
function nearestTo(step: Step, env: Bindings, ex: Explaining): Tuple[] {
  if (step.kind !== 'atom' && step.kind !== 'absent') return []
  const { columns, terms } = step.key
  const key = new Solver(ex.db, ex.context).keyValues(step.key, env) ?? terms.map(() => -1)
  if (key.length === 0 && step.kind === 'atom') return []
  return nearestRows(step.literal.table, columns, key, step.kind === 'absent' ? key.length : 1, ex)
}

/**
 * Rows that agree with a key in the most columns, at least in `least`; of these, rows that share what few rows share: of the places of
 * VMs, one of the same VM before those on the same host.
 */
function nearestRows(
  table: string,
  columns: readonly number[],
  key: readonly number[],
  least: number,
  ex: Explaining,
): Tuple[] {
  const relation = ex.db.get(table)
  if (!relation) return []
  const weights = columns.map(c => 1 + 1 / (2 + key.length * ex.db.rows(table, [c])))
  const found: { agree: number; row: Row }[] = []
  for (let slot = 0; slot < Math.min(relation.top, EFFORT); slot++) {
    if (!relation.holds(slot)) continue
    let agree = 0
    for (let i = 0; i < key.length; i++) if (relation.columns[columns[i]!]![slot] === key[i]) agree += weights[i]!
    const worst = found[NEAREST - 1]
    if (agree < least || (worst && agree < worst.agree)) continue
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

function headText(rule: CoreRule, ex: Explaining): string {
  const args = rule.head.args.map(t =>
    t.kind === 'constant' ? renderValue(t.value) : (rule.variables[t.index] ?? '_'),
  )
  return `${displayName(ex.program, rule.head.table)}(${args.join(', ')})`
}
