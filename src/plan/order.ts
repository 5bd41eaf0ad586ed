import { dive } from './dive.ts'
import type { Leg, Problem } from './problem.ts'
import { compareSequences, type SearchResult, type Sequence, search } from './search.ts'

/** Bounds of one search, in looks at a move: tens of milliseconds each. */
const EXACT_WORK = 400_000
const GREEDY_WORK = 2_000_000
/** Above so many moves, a greedy search is not tried for fewer stops when there is a full order. */
const GREEDY_LIMIT = 100
/** Up to so many moves all are searched as one, which is exact; above, part by part. */
const JOINT_LIMIT = 10
/** Larger parts are not searched for stops exactly. */
const PART_LIMIT = 60
/** Most stops looked for exactly in one part. */
const PARKS_LIMIT = 3

export interface Order extends Sequence {
  /** The search ended because it saw everything, not because of its bounds. */
  readonly exhausted: boolean
}

/**
 * A sequence of legs in which each, run alone, is safe: as many of `vms` as possible reach their target, by the fewest stops and
 * the cheapest of those.
 *
 * Moves fall into parts that share no host. A part that can be ordered without stops is done by itself. What is left needs stops,
 * and those couple parts through the hosts stopped at: small problems are then searched as one, which is exact; in large ones each
 * stuck part is tried after and before all the others, then come dives and a greedy search over everything.
 */
export function findOrder(problem: Problem, vms: readonly number[]): Order {
  const parts = splitIntoParts(problem, vms).map(part => ({ part, result: searchWithoutStops(problem, part) }))
  const stuck = parts.filter(x => !x.result.complete)
  const solved = parts.filter(x => x.result.complete)
  let order = join([...solved, ...stuck].map(x => x.result.best))
  if (stuck.length === 0) return { ...order, exhausted: false }
  // A stuck part without candidates for stops has nothing more to find.
  if (stuck.every(({ part }) => part.every(i => problem.stops(i).length === 0)))
    return { ...order, exhausted: stuck.every(x => x.result.exhausted) }

  const better = (found: Sequence) => {
    if (compareSequences(found, order) < 0 && isSafe(problem, found.legs)) order = { ...found }
    return order.done === vms.length
  }
  if (vms.length <= JOINT_LIMIT) {
    const { complete, exhausted } = searchByParks(problem, vms, problem.rooms(), vms.length, better)
    if (complete || exhausted) return { ...order, exhausted }
  }
  if (better(solveParts(problem, solved, stuck))) return { ...order, exhausted: false }
  const dived = better(dive(problem, vms))
  if (vms.length > GREEDY_LIMIT && dived) return { ...order, exhausted: false }
  const options = { vms, rooms: problem.rooms(), maxParks: vms.length, mode: 'greedy', work: GREEDY_WORK } as const
  const { best, exhausted } = search(problem, options)
  better(best)
  return { ...order, exhausted }
}

/** Large parts first try to dive: that often succeeds where there are too many orders to search. */
function searchWithoutStops(problem: Problem, part: readonly number[]): SearchResult {
  const options = { vms: part, rooms: problem.rooms(), maxParks: 0, mode: 'exact', work: EXACT_WORK } as const
  if (part.length <= PART_LIMIT) return search(problem, options)
  const best = dive(problem, part, false)
  return best.done === part.length ? { best, complete: true, exhausted: false } : search(problem, options)
}

/** Searches with 1, 2, … stops, until one succeeds. */
function searchByParks(
  problem: Problem,
  vms: readonly number[],
  rooms: Float64Array,
  most: number,
  better: (found: Sequence) => boolean,
): { complete: boolean; exhausted: boolean } {
  let exhausted = true
  for (let maxParks = 1; maxParks <= most; maxParks++) {
    const result = search(problem, { vms, rooms, maxParks, mode: 'exact', work: EXACT_WORK })
    if (better(result.best)) return { complete: true, exhausted: false }
    exhausted = result.exhausted
    if (!exhausted) break
  }
  return { complete: false, exhausted }
}

interface Part {
  readonly part: readonly number[]
  readonly result: SearchResult
}

/** Each stuck part with stops: after all that is solved so far, or before it. */
function solveParts(problem: Problem, solved: readonly Part[], stuck: readonly Part[]): Sequence {
  const first: Sequence[] = []
  const last: Sequence[] = solved.map(x => x.result.best)
  for (const { part, result } of stuck) {
    let best = result.best
    let into = last
    const most = part.length > PART_LIMIT ? 0 : PARKS_LIMIT
    for (let maxParks = 1; maxParks <= most && best.done < part.length; maxParks++)
      for (const list of [last, first]) {
        const rooms = problem.rooms()
        const before = list === last ? [...first, ...last] : first
        follow(problem, rooms, join(before).legs)
        const found = search(problem, { vms: part, rooms, maxParks, mode: 'exact', work: EXACT_WORK }).best
        if (compareSequences(found, best) >= 0) continue
        best = found
        into = list
      }
    into.push(best)
  }
  return join([...first, ...last])
}

/** VMs grouped so that no two groups share a host at either end. */
function splitIntoParts(problem: Problem, vms: readonly number[]): number[][] {
  const leader = problem.hosts.map((_, h) => h)
  const find = (h: number): number => {
    while (leader[h] !== h) h = leader[h] = leader[leader[h]!]!
    return h
  }
  for (const i of vms) leader[find(problem.from[i]!)] = find(problem.to[i]!)
  const parts = new Map<number, number[]>()
  for (const i of vms) {
    const root = find(problem.from[i]!)
    const part = parts.get(root)
    if (part) part.push(i)
    else parts.set(root, [i])
  }
  return [...parts.values()]
}

function join(sequences: readonly Sequence[]): Sequence {
  const sum = (of: (s: Sequence) => number) => sequences.reduce((n, s) => n + of(s), 0)
  return {
    legs: sequences.flatMap(s => s.legs),
    done: sum(s => s.done),
    parks: sum(s => s.parks),
    extra: sum(s => s.extra),
    violations: sum(s => s.violations),
  }
}

function follow(problem: Problem, rooms: Float64Array, legs: readonly Leg[]): boolean {
  const at = [...problem.from]
  return legs.every(({ vm, to }) => {
    const fits = problem.obstacle(rooms, vm, at[vm]!, to) < 0
    problem.carry(rooms, vm, at[vm]!, to)
    at[vm] = to
    return fits
  })
}

/** Each leg fits when run alone, in this order. */
export function isSafe(problem: Problem, legs: readonly Leg[]): boolean {
  return follow(problem, problem.rooms(), legs)
}
