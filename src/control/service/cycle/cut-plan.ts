import type { Value } from '../../../tables/index.ts'
import type { PlanReport } from '../../plan-report.ts'

/**
 * The longest beginnings of a plan with at most so many moves, the longest first. Moves stand in an order in which they can be made, so
 * a beginning is a plan of its own; one in which a VM is left where it only stops on its way is none.
 */
export function* beginnings(moves: PlanReport['moves'], most: number): Iterable<PlanReport['moves']> {
  const inOrder = [...moves].sort((a, b) => a.step - b.step)
  for (let length = Math.min(most, inOrder.length); length > 0; length--) {
    const part = inOrder.slice(0, length)
    const last = new Map<Value, boolean>(part.map(({ vm, parking }) => [vm, parking]))
    if (![...last.values()].includes(true)) yield part
  }
}
