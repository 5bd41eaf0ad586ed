import { solveInParts } from '../../solvers/index.ts'
import type { Evaluator } from '../datalog/index.ts'
import type { CoreLiteral, CoreRule } from '../language/index.ts'
import type { Level } from './aims.ts'
import { analyse, DELEGATED_ROLES } from './analysis.ts'
import { LOCATION, MOVED } from './decision.ts'
import { encode } from './encode.ts'
import { type JudgeProgram, judgeProgram } from './judge-program.ts'
import { LeastValues } from './least-values.ts'
import { type LeastOf, leastIn, monotoneRules } from './monotone.ts'
import { ownTable } from './own-table.ts'
import { type Problem, prepare, type Variation } from './problem.ts'
import { ResidentGround } from './resident-ground.ts'
import { solverOptions } from './solver-options.ts'
import type { Refusal } from './split-body.ts'
import { strataOf } from './strata.ts'
import type { PlaceInput, PlaceOptions } from './types.ts'
import type { Universe } from './universe.ts'

/** A problem that any placement solves at no greater cost: who stays and who leaves, wherever to. */
export interface Relaxation {
  /**
   * By aim: a lower bound, valid for placements whose earlier aims are at their bounds. Aims that nothing is known of are not in it.
   */
  readonly bounds: ReadonlyMap<string, number>
  /** VM numbers that leave in its solution. */
  readonly leavers: readonly number[]
}

/**
 * How far the bounds hold for values reached, in the order of the aims: each counts as long as those before it are met.
 * @returns bounds by aim, and whether all of them are met
 */
export function certify(
  { bounds }: Pick<Relaxation, 'bounds'>,
  values: ReadonlyMap<string, number>,
): { readonly valid: ReadonlyMap<string, number>; readonly met: boolean } {
  const valid = new Map<string, number>()
  let met = true
  for (const [aim, value] of values) {
    const bound = bounds.get(aim)
    if (bound !== undefined && met) valid.set(aim, bound)
    met &&= bound !== undefined && value <= bound + TOLERANCE
  }
  return { valid, met }
}

/** How far apart two values of an aim may be and count as one. */
const TOLERANCE = 1e-6

/** VMs up to which all decide. */
const MOST_VMS = 200_000
/** Beyond that: rows behind what holds now up to which those decide that are in them. */
const MOST_BEHIND = 150_000

/** The host of those that leave; no rule but `placement:moved` sees it. */
const ELSEWHERE = '~elsewhere'
const REAL = '~real'

/**
 * Bound every aim from below by deciding only whether each VM stays: a VM that leaves weighs on no host. Valid for rules that can only
 * gain tuples when VMs are added to hosts (monotone.ts); all others are left out, as if they could be satisfied for nothing. The size is
 * that of the VMs, whatever the number of hosts. Where there are many, only those decide that something which is violated or costs rests
 * on: no other gains anything by leaving. Undefined when that is too many still, or it was not solved in time.
 * @param mostVms up to which all decide
 */
export async function relax(
  input: PlaceInput,
  present: Evaluator,
  universe: Universe,
  seconds: number,
  options: PlaceOptions,
  mostVms = MOST_VMS,
): Promise<Relaxation | undefined> {
  const judge = withoutElsewhere(judgeProgram(input.program))
  const least = leastReader(input, present, judge)
  const variation: Variation = {
    judge,
    refusals: notMonotone(judge, least),
    tables: [
      ownTable(
        REAL,
        ['host'],
        universe.hosts.map(h => [h]),
      ),
    ],
  }
  const home = leaveOrStay(universe)
  const part =
    universe.vms.length > mostVms
      ? whereItMatters(input, present, home, variation)
      : { problem: prepare(input, present, home, variation), vms: undefined }
  if (!part) return undefined
  const { problem, vms } = part
  const encoding = encode(problem.grounding.store, problem.universe, problem.aims, {
    budget: home.budget?.limit,
    objectives: [...validLevels(problem, least), 'migration cost', 'moves'],
  })
  const bounds = new Map<string, number>()
  const always = settled(judge, present)
  const bound = (i: number, least: number): void => {
    const name = encoding.objectiveNames[i]!
    bounds.set(name, least + encoding.constants[i]! + (always.get(name) ?? 0))
  }
  if (encoding.model.columns.count === 0) {
    for (const i of encoding.objectiveNames.keys()) bound(i, 0)
    return { bounds, leavers: [] }
  }
  const solution = await solveInParts(encoding.model, solverOptions(options, seconds))
  if (solution.values.length === 0) return undefined
  for (const i of encoding.objectiveNames.keys()) {
    const least = solution.bounds[i] ?? Number.NEGATIVE_INFINITY
    bound(i, least)
    // What comes after rests on this level being at its value.
    if (least < solution.objective[i]! - TOLERANCE) break
  }
  const away = home.hosts.length - 1
  const host = encoding.placementOf(solution.values)
  const leavers = [...host.keys()].filter(vm => host[vm] === away)
  return { bounds, leavers: vms ? leavers.map(vm => vms[vm]!) : leavers }
}

/** The smallest number in a column of a table that does not depend on the placement. */
function leastReader(input: PlaceInput, present: Evaluator, judge: JudgeProgram): LeastOf {
  const known = new Map<string, number>()
  return (table, column) => {
    const key = `${column} ${table}`
    let least = known.get(key)
    if (least === undefined) {
      const rows = input.tables.get(table)?.rows ?? present.view.rows(judge.present.get(table) ?? table)
      known.set(key, (least = leastIn(rows, column)))
    }
    return least
  }
}

/** Rules that the relaxation goes without. */
function notMonotone(judge: JudgeProgram, least: LeastOf): Map<number, Refusal> {
  const analysis = analyse(judge)
  const monotone = monotoneRules(judge, analysis, least)
  const refusals = new Map<number, Refusal>()
  for (const rule of judge.program.rules)
    if (analysis.delegated.has(rule.id) && !monotone.has(rule.id))
      refusals.set(rule.id, { reason: 'it may hold less often when more VMs are on a host', span: rule.span })
  return refusals
}

/**
 * The problem for the VMs alone that tuples of the roles' tables rest on which hold now. With the others away, which costs something, no
 * such tuple less would hold: under monotone rules none of them is read for one, and none that does not hold now comes to hold.
 */
function whereItMatters(
  input: PlaceInput,
  present: Evaluator,
  home: Universe,
  variation: Variation,
): { readonly problem: Problem; readonly vms: readonly number[] } | undefined {
  const { program, decision } = variation.judge
  const roles = [...program.tables.values()].filter(t => decision.has(t.name) && DELEGATED_ROLES.has(t.role ?? ''))
  if (roles.reduce((n, { name }) => n + present.view.count(name), 0) > MOST_BEHIND) return undefined
  const ground = new ResidentGround(input, present, home, variation)
  const holding = new Map(roles.map(({ name }) => [name, present.view.rows(name)]))
  const vms = ground.vmsBehind(holding, MOST_BEHIND)
  return vms && ground.part(home.current, new Map(vms.map(vm => [vm, home.hostsOf[vm]!])), holding)
}

/** What tables that do not depend on the placement add to each aim, whatever is decided. */
function settled({ program, decision }: JudgeProgram, { view }: Evaluator): Map<string, number> {
  const sums = new Map<string, number>()
  const add = (aim: string, amount: number): void => void sums.set(aim, (sums.get(aim) ?? 0) + amount)
  for (const { name, role } of program.tables.values()) {
    if (decision.has(name)) continue
    if (role === 'error' || role === 'warning') add(`${role}s`, view.count(name))
    else if (role === 'cost')
      for (const [priority, weight] of view.rows(name))
        if (typeof priority === 'number' && typeof weight === 'number') add(`cost ${priority}`, weight)
  }
  return sums
}

/** Every rule but that of `placement:moved` sees real hosts only. */
function withoutElsewhere(judge: JudgeProgram): JudgeProgram {
  const { program } = judge
  const rules = program.rules.map(rule =>
    rule.head.table === MOVED ? rule : { ...rule, body: onReal(rule, rule.body) },
  )
  const tables = new Map(program.tables)
  tables.set(REAL, {
    name: REAL,
    arity: 1,
    columns: undefined,
    kind: 'data',
    role: undefined,
    policy: undefined,
    display: REAL,
  })
  return { ...judge, program: { ...program, rules, tables, strata: strataOf(rules) } }
}

function onReal(rule: CoreRule, body: readonly CoreLiteral[]): CoreLiteral[] {
  return body.flatMap((literal): CoreLiteral[] => {
    if (literal.kind === 'aggregate') return [{ ...literal, body: onReal(rule, literal.body) }]
    const host = literal.kind === 'atom' && literal.table === LOCATION ? literal.args[1]! : undefined
    if (host?.kind !== 'variable') return [literal]
    return [literal, { kind: 'atom', table: REAL, args: [host], negated: false, span: rule.span }]
  })
}

/** The universe in which each VM stays, or is elsewhere at the least cost. */
function leaveOrStay(universe: Universe): Universe {
  const away = universe.hosts.length
  const stays = universe.hosts.map((_, h) => [h])
  const leaves = universe.hosts.map((_, h) => [h, away])
  return {
    ...universe,
    hosts: [...universe.hosts, ELSEWHERE],
    hostNumber: new Map([...universe.hostNumber, [ELSEWHERE, away]]),
    hostsOf: universe.hostsOf.map((hosts, vm) => (hosts.length > 1 ? leaves : stays)[universe.current[vm]!]!),
    cost: (vm, host) => (host === away ? universe.leastCost(vm) : 0),
  }
}

/** Levels whose value can only be larger in truth: nothing that was left out or relaxed takes away from them. */
function validLevels({ judge, analysis, aims }: Problem, least: LeastOf): readonly Level[] {
  const { program, decision } = judge
  const values = new LeastValues(judge, analysis, least)
  const doubtful = new Set<number | undefined>()
  for (const rule of program.rules) {
    if (program.tables.get(rule.head.table)?.role !== 'cost' || !decision.has(rule.head.table)) continue
    const [priority, weight] = rule.head.args
    if (weight?.kind === 'constant' ? Number(weight.value) >= 0 : values.inHead(rule, 1) >= 0) continue
    doubtful.add(priority?.kind === 'constant' && typeof priority.value === 'number' ? priority.value : undefined)
  }
  return aims.levels.filter(
    ({ kind, priority }) => kind !== 'cost' || !(doubtful.has(priority) || doubtful.has(undefined)),
  )
}
