import type { Judge, Verdict } from './judge.ts'
import { priorities } from './judge.ts'
import type { Problem } from './problem.ts'
import type { RuleInstance } from './types.ts'

/** A plan with more moves than this gets the reasons of the first ones only: each takes an evaluation. */
const MOST_MOVES = 500

/**
 * Why each move is there: what would be violated, or cost more, if this move alone were left out.
 * @returns reasons by VM number
 */
export function reasonsOf(
  problem: Problem,
  judge: Judge,
  target: Int32Array,
  moved: readonly number[],
): Map<number, RuleInstance[]> {
  const { current } = problem.universe
  const with_ = judge.at(target, view => ({
    verdict: judge.verdict(view, target),
    violations: new Set(judge.violations(view).map(v => v.text)),
  }))
  const reasons = new Map<number, RuleInstance[]>()
  for (const vm of moved.slice(0, MOST_MOVES)) {
    const without = Int32Array.from(target)
    without[vm] = current[vm]!
    reasons.set(
      vm,
      judge.at(without, view => {
        const broken = judge.violations(view).filter(v => !with_.violations.has(v.text))
        const first = broken.some(v => v.role === 'error') ? broken.filter(v => v.role === 'error') : broken
        if (first.length > 0) return first.slice(0, 5).map(v => judge.instance(v, without))
        return dearer(with_.verdict, judge.verdict(view, without))
      }),
    )
  }
  return reasons
}

function dearer(target: Verdict, without: Verdict): RuleInstance[] {
  for (const priority of priorities(target, without)) {
    const a = target.costs.get(priority) ?? 0
    const b = without.costs.get(priority) ?? 0
    if (b > a) return [{ rule: `cost of priority ${priority}`, instance: `${b} without this move, ${a} with it` }]
  }
  return []
}
