import { type Literal, negate, TRUE } from './formula.ts'
import type { Problem } from './problem.ts'
import type { Exclusion } from './types.ts'

/** Conditions that keep a placement from meeting an exclusion in full. One that no placement can meet asks for nothing. */
export function excludedLiterals({ universe, grounding }: Problem, exclude: readonly Exclusion[]): Literal[] {
  const atom = (vm: number, host: number): Literal =>
    universe.hostsOf[vm]!.length === 1 ? TRUE : grounding.store.atom(vm, host)
  return exclude.flatMap(cut => {
    const pairs = cut.map(({ vm, host }) => [universe.vmNumber.get(vm), universe.hostNumber.get(host)] as const)
    if (!pairs.every(([v, h]) => v !== undefined && h !== undefined && universe.hostsOf[v]!.includes(h))) return []
    return [negate(grounding.store.and(pairs.map(([v, h]) => atom(v!, h!))))]
  })
}
