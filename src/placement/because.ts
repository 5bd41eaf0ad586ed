import type { Judge } from './judge.ts'
import type { RuleInstance } from './types.ts'

/** A plan with more moves than this gets the reasons of the first ones only: each takes an evaluation. */
const MOST_MOVES = 500

/**
 * Why each move is there: what would be violated, or cost more, if this move alone were left out.
 * @returns reasons by VM number
 */
export function reasonsOf(
  judge: Judge,
  current: ArrayLike<number>,
  target: ArrayLike<number>,
  moved: readonly number[],
): Map<number, RuleInstance[]> {
  const reasons = new Map<number, RuleInstance[]>()
  judge.goTo(
    moved,
    moved.map(vm => target[vm]!),
  )
  const { costs } = judge
  for (const vm of moved.slice(0, MOST_MOVES)) {
    const { broken, dearer } = judge.consequences([vm], [current[vm]!])
    reasons.set(vm, broken.length > 0 ? [...broken] : highest(dearer, costs))
  }
  judge.goTo(
    moved,
    moved.map(vm => current[vm]!),
  )
  return reasons
}

/** The highest priority whose cost would rise. */
function highest(dearer: ReadonlyMap<number, number>, costs: ReadonlyMap<number, number>): RuleInstance[] {
  const rising = [...dearer].filter(([, amount]) => amount > 0).sort(([a], [b]) => b - a)
  return rising.slice(0, 1).map(([priority, amount]) => {
    const cost = costs.get(priority) ?? 0
    return { rule: `cost of priority ${priority}`, instance: `${cost + amount} without this move, ${cost} with it` }
  })
}
