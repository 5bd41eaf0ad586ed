import type { Value } from '../tables/index.ts'
import type { Problem } from './problem.ts'
import type { Plan } from './types.ts'

/** How many VMs a reason names before it only counts. */
const NAMED = 3

/**
 * Why the VMs `left` stay where they are: in the state the plan ends in (`at`), which capacity of which host stands in the way, and
 * who would have to leave first. `special` holds reasons known from elsewhere; `exhausted`: all orders were seen.
 */
export function explainImpossible(
  problem: Problem,
  left: readonly number[],
  at: readonly number[],
  exhausted: boolean,
  special: ReadonlyMap<number, string>,
): Plan['impossible'] {
  const rooms = problem.rooms()
  at.forEach((host, i) => {
    if (host !== problem.from[i]) problem.carry(rooms, i, problem.from[i]!, host)
  })
  return left.map(i => {
    const { vm, from, to } = problem.moves[i]!
    return { vm, from, to, reason: special.get(i) ?? reasonFor(problem, i, left, rooms, exhausted) }
  })
}

function reasonFor(
  problem: Problem,
  i: number,
  left: readonly number[],
  rooms: Float64Array,
  exhausted: boolean,
): string {
  const from = problem.from[i]!
  const to = problem.to[i]!
  const c = problem.obstacle(rooms, i, from, to)
  const bound = exhausted ? '' : ' within the bounds of the search'
  if (c < 0) return `no safe order of this move with the others was found${bound}`
  const rule = problem.capacities[c]!.rule
  const load = problem.load(i, to)[c]!
  // A load that is not positive stands against leaving, not against arriving.
  const host = load > 0 ? to : from
  const room = rooms[problem.slot(c, host)]!
  const name = quote(problem.hosts[host]!)
  const lack =
    room < -problem.slack(problem.slot(c, host))
      ? `${name} is over its capacity under ${rule} by ${figure(-room)}`
      : `${name} has room for ${figure(room)} under ${rule} and this VM needs ${figure(Math.abs(load))}`
  const leavers = left.filter(j => j !== i && problem.from[j] === host && problem.load(j, host)[c]! > 0)
  const leaving = leavers.reduce((sum, j) => sum + problem.load(j, host)[c]!, 0)
  if (leavers.length === 0 || room + leaving < Math.abs(load))
    return `${lack}; not enough leaves it in this target to make room`
  const stops = leavers.every(j => problem.stops(j).length === 0)
    ? 'no other host is a candidate for a stop on the way'
    : `no order and no stop on the way that is safe was found${bound}`
  return `${lack}; ${nameAll(leavers.map(j => problem.moves[j]!.vm))} would have to leave first, and ${stops}`
}

function nameAll(vms: readonly Value[]): string {
  const named = vms.slice(0, NAMED).map(quote).join(', ')
  return vms.length > NAMED ? `${named} and ${vms.length - NAMED} more` : named
}

const quote = (value: Value) => `\`${value}\``

/** Without the tolerance that rooms carry. */
const figure = (x: number) => `${Number(Math.max(0, x).toFixed(6))}`
