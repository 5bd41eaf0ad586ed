import {
  type Aim,
  type Exclusion,
  judgePlacement,
  type PlaceInput,
  type PlaceOptions,
  place,
  type Target,
  type Violation,
} from '../placement/index.ts'
import { makePlan, type Plan, type PlanInput, unreachable } from '../plan/index.ts'
import type { Value } from '../tables/index.ts'

/** How often placement is asked for another target when moves of the last one can't be ordered. */
const ROUNDS = 6

/** Moves of a target that was set aside, and why they could not be made. */
export type SetAside = Plan['impossible']

export interface PlacedAndPlanned {
  readonly target: Target
  readonly plan: Plan
  /** Where the plan ends: the target, or less. */
  readonly violations: readonly Violation[]
  readonly aims: readonly Aim[]
  /** Targets asked for. */
  readonly rounds: number
  /** What stood against the targets of the rounds whose plan was not taken. */
  readonly setAside: SetAside
}

/** What a plan may be given besides the target. */
export type PlanWishes = Pick<PlanInput, 'network' | 'vmMemory' | 'limits' | 'images'>

/**
 * A target and the way there. When moves of the target can't be ordered, placement is asked again without them: first without every
 * assignment that no plan could bring about, then without each set of moves for which no order was found. The best of all rounds is
 * taken, by where its plan ends and then by what it costs; it may be one that leaves part of its target out.
 */
export async function placeAndPlan(
  input: PlaceInput,
  placement: ReadonlyMap<Value, Value>,
  options: PlaceOptions,
  wishes: PlanWishes = {},
): Promise<PlacedAndPlanned> {
  const exclude: Exclusion[] = [...(options.exclude ?? [])]
  const setAside: { vm: Value; from: Value; to: Value; reason: string }[] = []
  let best: Omit<PlacedAndPlanned, 'rounds' | 'setAside'> | undefined
  let rounds = 0
  for (; rounds < ROUNDS; rounds++) {
    const target = await place(input, { ...options, exclude })
    // Nothing better is left under the cuts.
    if (best && target.moves.length === 0) break
    const planInput = { ...planInputOf(target, placement), ...wishes }
    const plan = makePlan(planInput)
    const found = { target, plan, ...endOf(input, target, plan) }
    if (!best || compareAims(found, best) < 0) best = found
    if (plan.impossible.length === 0) break
    setAside.push(...plan.impossible)
    if (rounds === 0) exclude.push(...unreachable(planInput).map(pair => [pair]))
    exclude.push(plan.impossible.map(({ vm, to }) => ({ vm, host: to })))
  }
  const taken = best!
  const left = new Set(taken.plan.impossible)
  return { ...taken, rounds: Math.min(rounds + 1, ROUNDS), setAside: setAside.filter(move => !left.has(move)) }
}

/** What a plan reads off a target. */
export function planInputOf(target: Target, placement: ReadonlyMap<Value, Value>): PlanInput {
  return {
    placement,
    candidates: vm => target.candidates(vm),
    moves: target.moves,
    capacities: target.capacities,
    judge: occupancy => target.judge(occupancy),
    judgeEnd: occupancy => target.judge(occupancy, 'end'),
    costOf: (vm, from, to) => target.costOf(vm, from, to),
  }
}

/** What the plan reaches; the target's bounds hold for part of it too. */
function endOf(
  input: PlaceInput,
  target: Target,
  plan: Plan,
): { violations: readonly Violation[]; aims: readonly Aim[] } {
  if (plan.impossible.length === 0) return { violations: target.violationsAfter, aims: target.aims }
  const moves = plan.moves.filter(move => !move.parking)
  const { violations, aims } = judgePlacement(input, new Map(moves.map(move => [move.vm, move.to])))
  const bounds = new Map(target.aims.map(aim => [aim.name, aim.bound]))
  return {
    violations,
    aims: aims.map(aim => ({ ...aim, bound: bounds.get(aim.name) ?? Number.NEGATIVE_INFINITY })),
  }
}

/** Negative: `a` ends better, or as well by a cheaper plan. A priority that one of the two does not have is 0 there. */
function compareAims(a: { aims: readonly Aim[]; plan: Plan }, b: { aims: readonly Aim[]; plan: Plan }): number {
  const priority = (name: string) => (name.startsWith('cost ') ? Number(name.slice(5)) : undefined)
  const costs = [...new Set([...a.aims, ...b.aims].map(aim => aim.name))]
    .filter(name => priority(name) !== undefined)
    .sort((x, y) => priority(y)! - priority(x)!)
  const value = (aims: readonly Aim[], name: string) => aims.find(aim => aim.name === name)?.after ?? 0
  for (const name of ['errors', 'warnings', ...costs]) {
    const difference = value(a.aims, name) - value(b.aims, name)
    if (Math.abs(difference) > 1e-9) return difference
  }
  return a.plan.cost - b.plan.cost || a.plan.moves.length - b.plan.moves.length
}
