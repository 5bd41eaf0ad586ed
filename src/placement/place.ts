import { type Solution, solveModel } from '../../solvers/index.ts'
import type { Value } from '../tables/index.ts'
import { DELEGATED_ROLES } from './analysis.ts'
import { reasonsOf } from './because.ts'
import { capacitiesOf } from './capacities.ts'
import { LOCATION } from './decision.ts'
import { type Encoding, encode } from './encode.ts'
import { excludedLiterals } from './excluded.ts'
import { explainUnsatisfied } from './explain-unsatisfied.ts'
import { linearValue } from './formula.ts'
import { compareVectors, Judge, priorities, type Verdict, vectorOf } from './judge.ts'
import { labelsOf } from './labels.ts'
import { isConstant } from './linear.ts'
import { judgeOnTheWay } from './on-the-way.ts'
import { type Problem, prepare, presentEvaluator } from './problem.ts'
import { smallestBudget } from './smallest-budget.ts'
import type { Aim, Judgement, PlaceInput, PlaceOptions, Target, TargetMove, Violation } from './types.ts'
import { verify } from './verify.ts'

/**
 * The best placement for a policy, from the present one: fewest errors, then fewest warnings, then cheapest by priority, then cheapest and
 * fewest migrations. Never worse than the present placement, and judged by the evaluator before it is returned.
 *
 * @throws DiagnosticError on input that can't be placed (a VM on two hosts, an unknown candidate, an unknown solver)
 * @throws TranslationFault when the model promised something that the policy's text does not say: a fault of ours
 */
export async function place(input: PlaceInput, options: PlaceOptions = {}): Promise<Target> {
  const started = performance.now()
  const present = presentEvaluator(input)
  const problem = prepare(input, present)
  const judge = new Judge(problem.judge, input.tables, present.view, problem.universe)
  const before = look(judge, problem.universe.current)
  const encoding = encode(problem.grounding.store, problem.universe, problem.aims, {
    budget: problem.universe.budget?.limit,
    labels: labelsOf(problem),
    require: excludedLiterals(problem, options.exclude ?? []),
  })
  const solution = nothingToDecide(problem) ? undefined : await solve(problem, encoding, options)
  const answer = settle(problem, judge, encoding, solution, before)
  const moved = [...answer.host.keys()].filter(vm => answer.host[vm] !== problem.universe.current[vm])
  const reasons = reasonsOf(problem, judge, answer.host, moved)
  const explain = options.explain ?? true
  const context = {
    problem,
    judge,
    present,
    host: answer.host,
    verdict: answer.verdict,
    before: before.verdict,
    options,
  }
  const budget = explain ? await smallestBudget(context) : undefined
  const unsatisfied = explain ? await explainUnsatisfied(context, answer.violations) : []
  const { universe } = problem
  const { model } = encoding
  const wayProgram = judgeOnTheWay(problem.judge)
  const way = wayProgram === problem.judge ? judge : new Judge(wayProgram, input.tables, present.view, universe)
  return {
    status: universe.vms.length === 0 ? 'empty' : answer.improved ? 'improved' : 'unchanged',
    placement: new Map(universe.vms.map((vm, i) => [vm, universe.hosts[answer.host[i]!]!])),
    moves: movesOf(problem, answer.host).map(move => ({
      ...move,
      because: reasons.get(universe.vmNumber.get(move.vm)!) ?? [],
    })),
    aims: aimsOf(before.verdict, answer.verdict, answer.boundOf),
    proof: answer.proof,
    violationsBefore: before.violations,
    violationsAfter: answer.violations,
    unsatisfied,
    smallestBudget: budget,
    refused: refusedRules(problem),
    solver: solution?.solver ?? 'none',
    declined: solution?.declined ?? [],
    capacities: capacitiesOf(problem),
    candidates: vm => universe.hostsOf[universe.vmNumber.get(vm) ?? -1]?.map(h => universe.hosts[h]!) ?? [],
    costOf: (vm, from, to) => legCost(problem, vm, from, to),
    judge: (occupancy, moment = 'way') => judgeOccupancy(problem, moment === 'way' ? way : judge, occupancy),
    model: { columns: model.columns.count, rows: model.rows.count, entries: model.rows.entryValue.length },
    elapsedMs: performance.now() - started,
  }
}

/** Judge a placement given from outside: VM → host for the VMs that it moves. */
export function judgePlacement(input: PlaceInput, moves: ReadonlyMap<Value, Value>): Judgement {
  const present = presentEvaluator(input)
  const problem = prepare(input, present, true)
  const judge = new Judge(problem.judge, input.tables, present.view, problem.universe)
  const host = Int32Array.from(problem.universe.current)
  for (const [vm, to] of moves) {
    const v = problem.universe.vmNumber.get(vm)
    const h = problem.universe.hostNumber.get(to)
    if (v !== undefined && h !== undefined) host[v] = h
  }
  const before = look(judge, problem.universe.current)
  const after = look(judge, host)
  return {
    violations: after.violations,
    aims: aimsOf(before.verdict, after.verdict, () => Number.NEGATIVE_INFINITY),
    moves: movesOf(problem, host),
    migrationCost: after.verdict.migrationCost,
  }
}

/** The integer program of a policy over tables, with names and each row's origin; nothing is solved. */
export function buildModel(input: PlaceInput): Encoding {
  const problem = prepare(input, presentEvaluator(input))
  return encode(problem.grounding.store, problem.universe, problem.aims, {
    budget: problem.universe.budget?.limit,
    labels: labelsOf(problem),
  })
}

interface Look {
  readonly verdict: Verdict
  readonly violations: Violation[]
}

const look = (judge: Judge, host: Int32Array): Look =>
  judge.at(host, view => ({ verdict: judge.verdict(view, host), violations: judge.violations(view) }))

const nothingToDecide = (problem: Problem): boolean =>
  problem.aims.levels.every(l => isConstant(l.expr)) || problem.universe.vms.length === 0

async function solve(problem: Problem, encoding: Encoding, options: PlaceOptions): Promise<Solution> {
  return solveModel(encoding.model, {
    ...(options.solver !== undefined && { solver: options.solver }),
    ...(options.timeLimitSeconds !== undefined && { timeLimitSeconds: options.timeLimitSeconds }),
    ...(options.gap !== undefined && { gap: options.gap }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.signal !== undefined && { signal: options.signal }),
    start: encoding.valuesOf(problem.universe.current),
  })
}

interface Answer extends Look {
  readonly host: Int32Array
  readonly improved: boolean
  readonly proof: Target['proof']
  boundOf(aim: string): number
}

/** Take the solver's answer if the evaluator finds it better than the present placement, else the present placement. */
function settle(
  problem: Problem,
  judge: Judge,
  encoding: Encoding,
  solution: Solution | undefined,
  before: Look,
): Answer {
  const { current } = problem.universe
  const solved = solution !== undefined && (solution.status === 'optimal' || solution.status === 'feasible')
  const host = solved ? encoding.placementOf(solution.values) : Int32Array.from(current)
  const after = judge.at(host, view => {
    const verdict = judge.verdict(view, host)
    verify(problem, judge, view, verdict, host)
    return { verdict, violations: judge.violations(view) }
  })
  const costs = priorities(before.verdict, after.verdict)
  const improved = compareVectors(vectorOf(after.verdict, costs), vectorOf(before.verdict, costs)) < 0
  const best = improved ? { host, ...after } : { host: Int32Array.from(current), ...before }
  // An answer that only the monitored rules speak against proves nothing about them.
  const rejected = !improved && host.some((h, vm) => h !== current[vm])
  const proof =
    rejected && compareVectors(vectorOf(after.verdict, costs), vectorOf(before.verdict, costs)) > 0
      ? 'none'
      : proofOf(solution)
  return { ...best, improved, proof, boundOf: aim => boundOf(problem, encoding, solution, best, aim) }
}

function proofOf(solution: Solution | undefined): Target['proof'] {
  if (solution === undefined || solution.status === 'optimal') return 'optimal'
  if (solution.status === 'feasible' && solution.bounds.some(Number.isFinite)) return 'gap'
  return 'none'
}

/** A bound of the model is one on the delegated part of an aim; what the other rules add is the same in every placement. */
function boundOf(
  problem: Problem,
  encoding: Encoding,
  solution: Solution | undefined,
  best: Look & { host: Int32Array },
  aim: string,
): number {
  const value = aimValues(best.verdict).get(aim) ?? 0
  if (solution === undefined) return value
  const i = encoding.objectiveNames.indexOf(aim)
  if (i < 0) return value
  const bound = (solution.bounds[i] ?? Number.NEGATIVE_INFINITY) + encoding.constants[i]!
  const level = problem.aims.levels.find(l => l.name === aim)
  if (!level) return bound
  const modelled = linearValue(level.expr, problem.grounding.store.evaluate(best.host))
  return bound + (value - modelled)
}

function aimValues(verdict: Verdict): Map<string, number> {
  const values = new Map([
    ['errors', verdict.errors],
    ['warnings', verdict.warnings],
  ])
  for (const priority of priorities(verdict)) values.set(`cost ${priority}`, verdict.costs.get(priority)!)
  values.set('migration cost', verdict.migrationCost)
  values.set('moves', verdict.moves)
  return values
}

function aimsOf(before: Verdict, after: Verdict, bound: (aim: string) => number): Aim[] {
  const [a, b] = [aimValues(before), aimValues(after)]
  const names = ['errors', 'warnings', ...priorities(before, after).map(p => `cost ${p}`), 'migration cost', 'moves']
  return names.map(name => ({ name, before: a.get(name) ?? 0, after: b.get(name) ?? 0, bound: bound(name) }))
}

function movesOf({ universe }: Problem, host: Int32Array): Omit<TargetMove, 'because'>[] {
  const moves: Omit<TargetMove, 'because'>[] = []
  universe.vms.forEach((vm, i) => {
    const from = universe.current[i]!
    const to = host[i]!
    if (from !== to)
      moves.push({ vm, from: universe.hosts[from]!, to: universe.hosts[to]!, cost: universe.cost(i, to) })
  })
  return moves
}

/** Cost of one leg of a way; a leg back to the present host costs what the way there did. */
function legCost({ universe }: Problem, vm: Value, from: Value, to: Value): number {
  const v = universe.vmNumber.get(vm)
  const [a, b] = [universe.hostNumber.get(from), universe.hostNumber.get(to)]
  if (v === undefined || a === undefined || b === undefined || a === b) return 0
  return universe.cost(v, b === universe.current[v] ? a : b)
}

function judgeOccupancy(
  { universe }: Problem,
  judge: Judge,
  occupancy: ReadonlyMap<Value, readonly Value[]>,
): string[] {
  const inserted: Value[][] = []
  const removed: Value[][] = []
  for (const [vm, hosts] of occupancy) {
    const v = universe.vmNumber.get(vm)
    if (v === undefined) continue
    removed.push([vm, universe.hosts[universe.current[v]!]!])
    for (const host of hosts) inserted.push([vm, host])
  }
  return judge.with([{ table: LOCATION, inserted, removed }], view => judge.violations(view).map(v => v.text))
}

/** Error, warning and cost rules that depend on the placement and are not in the model. */
function refusedRules({ judge, analysis, aims }: Problem): Target['refused'] {
  const reasons = new Map<number, string>(aims.refused)
  for (const [id, refusal] of analysis.refused)
    if (DELEGATED_ROLES.has(judge.program.tables.get(judge.program.rules[id]!.head.table)?.role ?? ''))
      reasons.set(id, refusal.reason)
  return [...reasons].map(([id, reason]) => {
    const { span } = judge.program.rules[id]!
    return { rule: `${span.file}:${span.line}`, reason }
  })
}
