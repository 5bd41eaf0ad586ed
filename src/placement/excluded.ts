import { type Literal, negate } from './formula.ts'
import type { Problem } from './problem.ts'
import type { Exclusion } from './types.ts'
import { restrict, type Universe } from './universe.ts'

/** Exclusions in numbers: those of one pair are taken out of the universe, those of several are left as `cuts`. */
export interface Excluded {
  readonly universe: Universe
  readonly cuts: readonly (readonly (readonly [vm: number, host: number])[])[]
}

/**
 * Apply what a planner rules out. One that no placement can meet asks for nothing. `single`: take a pair out for each cut as well, for
 * engines that know of candidates alone; that rules out more than was asked.
 */
export function exclude(universe: Universe, exclusions: readonly Exclusion[], single: boolean): Excluded {
  const closed = new Map<number, Set<number>>()
  const cuts: (readonly [number, number])[][] = []
  for (const exclusion of exclusions) {
    const pairs = exclusion.map(({ vm, host }) => [universe.vmNumber.get(vm), universe.hostNumber.get(host)] as const)
    const known = pairs.flatMap(([v, h]): (readonly [number, number])[] =>
      v !== undefined && h !== undefined && universe.hostsOf[v]!.includes(h) ? [[v, h]] : [],
    )
    const [first] = known
    if (!first || known.length < pairs.length) continue
    if (known.length > 1 && !single) cuts.push(known)
    else if (first[1] !== universe.current[first[0]])
      closed.set(first[0], (closed.get(first[0]) ?? new Set<number>()).add(first[1]))
  }
  if (closed.size === 0) return { universe, cuts }
  const hostsOf = universe.hostsOf.map((hosts, vm) => {
    const shut = closed.get(vm)
    return shut ? hosts.filter(h => !shut.has(h)) : hosts
  })
  return {
    universe: restrict(universe, hostsOf),
    cuts: cuts.filter(cut => cut.every(([v, h]) => hostsOf[v]!.includes(h))),
  }
}

/** Conditions of a model that keep a placement from meeting a cut in full. */
export function cutLiterals({ universe, grounding }: Problem, cuts: Excluded['cuts']): Literal[] {
  const open = (vm: number) => universe.hostsOf[vm]!.length > 1
  return cuts.map(cut =>
    negate(grounding.store.and(cut.filter(([v]) => open(v)).map(([v, h]) => grounding.store.atom(v, h)))),
  )
}
