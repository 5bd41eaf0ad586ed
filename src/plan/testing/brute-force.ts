import type { Value } from '../../tables/index.ts'
import type { PlanInput } from '../types.ts'

/**
 * All sequential executions of tiny problems, one leg at a time, each VM stopping at most once: the fewest stops with which every
 * move can be made and the least cost with that many; undefined if it can't be done. Written against `PlanInput` alone.
 */
export function leastStops(input: PlanInput): { stops: number; cost: number } | undefined {
  const vms = input.moves.map(m => m.vm)
  const start = input.moves.map(m => m.from)
  const target = input.moves.map(m => m.to)
  const best = new Map<string, { stops: number; cost: number }>()
  const queue: { at: Value[]; stops: number; cost: number }[] = [{ at: start, stops: 0, cost: 0 }]
  for (let state = queue.pop(); state; state = queue.pop()) {
    const { at, stops, cost } = state
    const known = best.get(at.join())
    if (known && (known.stops < stops || (known.stops === stops && known.cost <= cost))) continue
    best.set(at.join(), { stops, cost })
    vms.forEach((vm, i) => {
      const here = at[i]!
      if (here === target[i]) return
      const goals = here === start[i] ? new Set([target[i]!, ...input.candidates(vm)]) : new Set([target[i]!])
      for (const to of goals) {
        if (to === here || !fits(input, at, i, to)) continue
        const next = at.with(i, to)
        queue.push({ at: next, stops: stops + (to === target[i] ? 0 : 1), cost: cost + input.costOf(vm, here, to) })
      }
    })
  }
  return best.get(target.join())
}

function fits(input: PlanInput, at: readonly Value[], i: number, to: Value): boolean {
  const where = new Map(input.placement)
  input.moves.forEach((m, k) => {
    where.set(m.vm, at[k]!)
  })
  return input.capacities.every(c => {
    const arriving = c.load(input.moves[i]!.vm, to)
    const limit = c.limit(to)
    if (arriving === 0 || limit === undefined) return true
    let load = c.base(to) + arriving
    for (const [vm, host] of where) if (host === to) load += c.load(vm, to)
    return c.strict ? load < limit : load <= limit + 1e-9
  })
}
