import { fail } from '../diagnostic/index.ts'
import type { Value } from '../tables/index.ts'
import { DELEGATED_ROLES } from './analysis.ts'
import { reasonsOf } from './because.ts'
import { capacitiesOf } from './capacities.ts'
import { offerConcessions } from './concessions.ts'
import { LOCATION } from './decision.ts'
import type { Encoding } from './encode.ts'
import { explainUnsatisfied } from './explain-unsatisfied.ts'
import { encodeProblem, type Found, findPlacement, MODEL_PAIRS } from './find-placement.ts'
import { linearValue } from './formula.ts'
import { aimNames, compareVectors, Judge, priorities, type Verdict, vectorOf } from './judge.ts'
import { judgeProgram } from './judge-program.ts'
import { withWhatTheyBuy } from './newly-broken.ts'
import { judgeOnTheWay } from './on-the-way.ts'
import { encodedInput, type Problem, prepare, presentEvaluator } from './problem.ts'
import { certify } from './relaxation.ts'
import { smallestBudget } from './smallest-budget.ts'
import type { Aim, Judgement, PlaceInput, PlaceOptions, Target, TargetMove, Unsatisfied, Violation } from './types.ts'
import { narrowed, pairsOf, readUniverse, type Universe } from './universe.ts'
import { verify } from './verify.ts'

/**
 * The best placement for a policy, from the present one: fewest errors, then fewest warnings, then cheapest by priority, then cheapest and
 * fewest migrations. Never worse than the present placement, and judged by the evaluator before it is returned.
 *
 * @throws DiagnosticError on input that can't be placed (a VM on two hosts, an unknown candidate, an unknown solver)
 * @throws TranslationFault when the model promised something that the policy's text does not say: a fault of ours
 */
export async function place(given: PlaceInput, options: PlaceOptions = {}): Promise<Target> {
  const started = performance.now()
  const present = presentEvaluator(given)
  const input = encodedInput(given, present)
  const universe = narrowed(readUniverse(input.program, input.tables, present.view), options.within)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  const before = look(judge, universe.current)
  const found = await findPlacement(input, present, judge, universe, options)
  const answer = settle(judge, found, before, universe)
  const { problem } = found
  const moved = [...answer.host.keys()].filter(vm => answer.host[vm] !== universe.current[vm])
  const reasons = reasonsOf(judge, universe.current, answer.host, moved)
  const context = {
    problem,
    judge,
    present,
    host: answer.host,
    verdict: answer.verdict,
    before: before.verdict,
    options,
  }
  const explain = (options.explain ?? true) && found.whole
  const budget = explain ? await smallestBudget(context) : undefined
  const unsatisfied = explain
    ? await offerConcessions(
        context,
        answer.violations,
        await explainUnsatisfied(context, answer.violations),
        budget,
        (world, timeLimitSeconds) => place(world, { ...options, timeLimitSeconds, explain: false }),
      )
    : unexplained(judge, answer)
  const wayProgram = judgeOnTheWay(problem.judge)
  const way = wayProgram === problem.judge ? judge : new Judge(wayProgram, input.tables, present.view, universe)
  const aims = aimsOf(before.verdict, answer.verdict, answer.boundOf)
  return {
    status: universe.vms.length === 0 ? 'empty' : answer.improved ? 'improved' : 'unchanged',
    placement: new Map(universe.vms.map((vm, i) => [vm, universe.hosts[answer.host[i]!]!])),
    moves: movesOf(universe, answer.host).map(move => ({
      ...move,
      because: reasons.get(universe.vmNumber.get(move.vm)!) ?? [],
    })),
    aims,
    proof: answer.proof,
    violationsBefore: before.violations,
    violationsAfter: answer.violations,
    unsatisfied: withWhatTheyBuy(unsatisfied, before.violations, answer.violations, aims, table =>
      problem.analysis.columns.get(table),
    ),
    smallestBudget: budget,
    refused: refusedRules(problem),
    solver: found.solution?.solver ?? (found.searched ? 'search' : 'none'),
    declined: found.solution?.declined ?? [],
    capacities: capacitiesOf(problem),
    // Of the problem that the capacities are read off: they know no load of a VM on any other host.
    candidates: vm =>
      problem.universe.hostsOf[problem.universe.vmNumber.get(vm) ?? -1]?.map(h => universe.hosts[h]!) ?? [],
    costOf: (vm, from, to) => legCost(universe, vm, from, to),
    judge: (occupancy, moment = 'way') => judgeOccupancy(universe, moment === 'way' ? way : judge, occupancy),
    model: found.model,
    elapsedMs: performance.now() - started,
  }
}

/** Judge a placement given from outside: VM → host for the VMs that it moves. */
export function judgePlacement(given: PlaceInput, moves: ReadonlyMap<Value, Value>): Judgement {
  const present = presentEvaluator(given)
  const input = encodedInput(given, present)
  const universe = readUniverse(input.program, input.tables, present.view, true)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  const host = Int32Array.from(universe.current)
  for (const [vm, to] of moves) {
    const v = universe.vmNumber.get(vm)
    const h = universe.hostNumber.get(to)
    if (v !== undefined && h !== undefined) host[v] = h
  }
  const before = look(judge, universe.current)
  const after = look(judge, host)
  return {
    violations: after.violations,
    aims: aimsOf(before.verdict, after.verdict, () => Number.NEGATIVE_INFINITY),
    moves: movesOf(universe, host),
    migrationCost: after.verdict.migrationCost,
  }
}

/** The integer program of a policy over tables, with names and each row's origin; nothing is solved. */
export function buildModel(input: PlaceInput): Encoding {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  if (pairsOf(universe) > MODEL_PAIRS)
    fail(
      'placement/too-large',
      `${pairsOf(universe)} possible pairs of VM and host are more than the ${MODEL_PAIRS} a model takes`,
      {
        help: 'narrow them down with `candidate(vm, host)` rules',
      },
    )
  return encodeProblem(prepare(input, present, universe))
}

interface Look {
  readonly verdict: Verdict
  readonly violations: Violation[]
}

const look = (judge: Judge, host: Int32Array): Look =>
  judge.at(host, view => ({ verdict: judge.verdict(view, host), violations: judge.violations(view) }))

interface Answer extends Look {
  readonly host: Int32Array
  readonly improved: boolean
  readonly proof: Target['proof']
  boundOf(aim: string): number
}

/** Take what was found if the evaluator finds it better than the present placement, else the present placement. */
function settle(judge: Judge, found: Found, before: Look, { current }: Universe): Answer {
  const { problem, host, whole } = found
  const after = judge.at(host, view => {
    const verdict = judge.verdict(view, host)
    // What the search found is the evaluator's own word; a model has to keep its own.
    if (whole) verify(problem, judge, view, verdict, host)
    return { verdict, violations: judge.violations(view) }
  })
  const costs = priorities(before.verdict, after.verdict)
  const difference = compareVectors(vectorOf(after.verdict, costs), vectorOf(before.verdict, costs))
  const best = difference < 0 ? { host, ...after } : { host: Int32Array.from(current), ...before }
  // An answer that only the monitored rules speak against proves nothing about them.
  const proof = difference > 0 ? 'none' : proofOf(found, best)
  return { ...best, improved: difference < 0, proof, boundOf: aim => boundOf(found, best, aim) }
}

function proofOf(found: Found, best: Look & { host: Int32Array }): Target['proof'] {
  const { solution, searched, relaxation } = found
  const values = aimValues(best.verdict)
  if (solution === undefined) {
    if (!searched) return 'optimal'
    return relaxation ? (certify(relaxation, values).met ? 'optimal' : 'gap') : 'none'
  }
  if (solution.status === 'optimal') return 'optimal'
  const names = found.encoding!.objectiveNames
  if (names.every(aim => (values.get(aim) ?? 0) <= boundOf(found, best, aim) + 1e-9)) return 'optimal'
  return solution.bounds.some(Number.isFinite) ? 'gap' : 'none'
}

/** A bound of the model is one on the delegated part of an aim; what the other rules add is the same in every placement. */
function boundOf(
  { problem, solution, encoding, searched, relaxation }: Found,
  best: Look & { host: Int32Array },
  aim: string,
): number {
  const values = aimValues(best.verdict)
  const value = values.get(aim) ?? 0
  const known = (relaxation && certify(relaxation, values).valid.get(aim)) ?? Number.NEGATIVE_INFINITY
  if (solution === undefined || encoding === undefined) return searched ? known : value
  const i = encoding.objectiveNames.indexOf(aim)
  if (i < 0) return value
  const bound = (solution.bounds[i] ?? Number.NEGATIVE_INFINITY) + encoding.constants[i]!
  const level = problem.aims.levels.find(l => l.name === aim)
  if (!level) return Math.max(bound, known)
  const modelled = linearValue(level.expr, problem.grounding.store.evaluate(best.host))
  return Math.max(bound + (value - modelled), known)
}

/** Violations that stay, where nobody worked out why. */
function unexplained(judge: Judge, answer: Answer): Unsatisfied[] {
  return answer.violations
    .slice(0, 100)
    .map(v => ({ ...judge.instance(v, answer.host), conflict: [], note: 'not worked out' }))
}

function aimValues(verdict: Verdict): Map<string, number> {
  const costs = priorities(verdict)
  const vector = vectorOf(verdict, costs)
  return new Map(aimNames(costs).map((name, i) => [name, vector[i]!]))
}

function aimsOf(before: Verdict, after: Verdict, bound: (aim: string) => number): Aim[] {
  const [a, b] = [aimValues(before), aimValues(after)]
  return aimNames(priorities(before, after)).map(name => ({
    name,
    before: a.get(name) ?? 0,
    after: b.get(name) ?? 0,
    bound: bound(name),
  }))
}

function movesOf(universe: Universe, host: Int32Array): Omit<TargetMove, 'because'>[] {
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
function legCost(universe: Universe, vm: Value, from: Value, to: Value): number {
  const v = universe.vmNumber.get(vm)
  const [a, b] = [universe.hostNumber.get(from), universe.hostNumber.get(to)]
  if (v === undefined || a === undefined || b === undefined || a === b) return 0
  return universe.cost(v, b === universe.current[v] ? a : b)
}

function judgeOccupancy(universe: Universe, judge: Judge, occupancy: ReadonlyMap<Value, readonly Value[]>): string[] {
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
