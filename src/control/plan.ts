import { fail } from '../diagnostic/index.ts'
import type { PlaceOptions, Target, Violation } from '../placement/index.ts'
import { type PlacedAndPlanned, type PlanWishes, placeAndPlan } from './place-and-plan.ts'
import type { ImageCopies } from './plan-images.ts'
import type { PlanReport } from './plan-report.ts'
import { wishesOf } from './plan-wishes.ts'
import { powerOf } from './power.ts'
import type { World } from './world.ts'

/** How plans are wished. */
export interface PlanOptions extends NonNullable<PlanWishes['limits']> {
  /** Who sends images to hosts that need them. Default: the image service, as Nova does it. */
  readonly imageCopies?: ImageCopies
}

/** Place and plan: what should move, in which order, and what it brings. Nothing is carried out. */
export async function planWorld(
  world: World,
  options: PlaceOptions,
  { imageCopies = 'service', ...limits }: PlanOptions = {},
): Promise<PlanReport> {
  const started = performance.now()
  const input = { program: world.program, tables: world.tables }
  const found = await placeAndPlan(input, presentPlacement(world), options, {
    ...wishesOf(world.tables, imageCopies),
    limits,
  })
  if (found.target.status === 'empty')
    fail('cli/nothing-to-place', 'there is no VM to place: `nova:location` has no rows', {
      help: 'give a cloud with at least one VM',
    })
  const power = powerOf(world, found.plan.moves)
  return { ...reportOf(found, performance.now() - started), power: power ?? null }
}

/** Where each VM is now. */
export function presentPlacement(world: Pick<World, 'tables'>): Target['placement'] {
  const rows = world.tables.get('nova:location')?.rows ?? []
  return new Map(rows.map(([vm = null, host = null]) => [vm, host]))
}

function reportOf(found: PlacedAndPlanned, elapsedMs: number): Omit<PlanReport, 'power'> {
  const { target, plan, violations, aims, rounds, setAside } = found
  const plain = (v: Violation) => ({ ...v, row: [...v.row] })
  return {
    status: plan.moves.length > 0 ? 'improved' : 'unchanged',
    objective: aims.map(aim => aim.after),
    aims: aims.map(aim => ({ ...aim, bound: Number.isFinite(aim.bound) ? aim.bound : null })),
    moves: plan.moves.map(move => ({ ...move, because: [...move.because], after: [...move.after] })),
    copies: plan.copies.map(copy => ({ ...copy, after: [...copy.after] })),
    cost: plan.cost,
    makespan: plan.makespan,
    likely: plan.likely,
    criticalPath: [...plan.criticalPath],
    volume: plan.volume,
    violationsBefore: target.violationsBefore.map(plain),
    violationsAfter: violations.map(plain),
    unsatisfied: target.unsatisfied.map(({ conflict, concessions, ...rest }) => ({
      ...rest,
      conflict: [...conflict],
      ...(concessions && { concessions: [...concessions] }),
    })),
    refused: [...target.refused],
    smallestBudget: target.smallestBudget ?? null,
    brokenOnTheWay: plan.brokenOnTheWay.map(({ violation, during }) => ({ violation, during: [...during] })),
    impossible: [...plan.impossible],
    rounds,
    setAside: [...setAside],
    held: [],
    solver: target.solver,
    declined: [...target.declined],
    proof: plan.impossible.length > 0 || rounds > 1 ? 'none' : target.proof,
    model: target.model,
    elapsedMs,
  }
}
