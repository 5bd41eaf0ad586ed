import { fail } from '../diagnostic/index.ts'
import { type Aim, judgePlacement, type PlaceOptions, place, type Target, type Violation } from '../placement/index.ts'
import { makePlan, type Plan } from '../plan/index.ts'
import type { PlanReport } from './plan-report.ts'
import type { World } from './world.ts'

/** Place and plan: what should move, in which order, and what it brings. Nothing is carried out. */
export async function planWorld(world: World, options: PlaceOptions): Promise<PlanReport> {
  const started = performance.now()
  const input = { program: world.program, tables: world.tables }
  const target = await place(input, options)
  if (target.status === 'empty')
    fail('cli/nothing-to-place', 'there is no VM to place: `nova:location` has no rows', {
      help: 'give a cloud with at least one VM',
    })
  const plan = makePlan({
    placement: presentPlacement(world),
    candidates: vm => target.candidates(vm),
    moves: target.moves,
    capacities: target.capacities,
    judge: occupancy => target.judge(occupancy),
    costOf: (vm, from, to) => target.costOf(vm, from, to),
  })
  const end = plan.impossible.length === 0 ? undefined : judgePlacement(input, endOf(plan))
  const reached = end
    ? { violations: end.violations, aims: withBounds(end.aims, target.aims) }
    : { violations: target.violationsAfter, aims: target.aims }
  return reportOf(target, plan, reached, performance.now() - started)
}

/** Where each VM is now. */
export function presentPlacement(world: Pick<World, 'tables'>): Target['placement'] {
  const rows = world.tables.get('nova:location')?.rows ?? []
  return new Map(rows.map(([vm = null, host = null]) => [vm, host]))
}

/** Where the moved VMs are once the plan is carried out. */
function endOf(plan: Plan): Target['placement'] {
  return new Map(plan.moves.filter(move => !move.parking).map(move => [move.vm, move.to]))
}

/** The aims reached by part of a target; the target's bounds hold for them too. */
function withBounds(aims: readonly Aim[], bounded: readonly Aim[]): Aim[] {
  const bounds = new Map(bounded.map(aim => [aim.name, aim.bound]))
  return aims.map(aim => ({ ...aim, bound: bounds.get(aim.name) ?? Number.NEGATIVE_INFINITY }))
}

function reportOf(
  target: Target,
  plan: Plan,
  reached: { readonly violations: readonly Violation[]; readonly aims: readonly Aim[] },
  elapsedMs: number,
): PlanReport {
  const plain = (v: Violation) => ({ ...v, row: [...v.row] })
  return {
    status: plan.moves.length > 0 ? 'improved' : 'unchanged',
    objective: reached.aims.map(aim => aim.after),
    aims: reached.aims.map(aim => ({ ...aim, bound: Number.isFinite(aim.bound) ? aim.bound : null })),
    moves: plan.moves.map(move => ({ ...move, because: [...move.because], after: [...move.after] })),
    cost: plan.cost,
    violationsBefore: target.violationsBefore.map(plain),
    violationsAfter: reached.violations.map(plain),
    unsatisfied: target.unsatisfied.map(({ conflict, ...rest }) => ({ ...rest, conflict: [...conflict] })),
    refused: [...target.refused],
    smallestBudget: target.smallestBudget ?? null,
    brokenOnTheWay: plan.brokenOnTheWay.map(({ violation, during }) => ({ violation, during: [...during] })),
    impossible: [...plan.impossible],
    solver: target.solver,
    declined: [...target.declined],
    proof: plan.impossible.length > 0 ? 'none' : target.proof,
    model: target.model,
    elapsedMs,
  }
}
