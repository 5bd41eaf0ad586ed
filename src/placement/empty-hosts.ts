import type { HostRoom } from './host-room.ts'
import { hostsToTry, type RoomyHosts, targets } from './hosts-to-try.ts'
import { compareVectors } from './judge.ts'
import type { Random } from './random.ts'
import { betterProspect, type Prospect, type SearchState } from './search-state.ts'

/** Hosts to be emptied that are tried in one round, and failures in a row that end it. */
const TRIED = 4000
const FAILURES = 1000
/** Hosts that are tried to be gathered in one larger, and failures in a row that end it. */
const GATHERED = { tried: 60, failures: 6 }
/** Hosts that a VM of such a host is tried on. */
const PRICED = 48
/** Hosts on which room is made for a VM that fits nowhere, and where one of their VMs is tried instead. */
const EJECTED = { hosts: 24, targets: 3 }

/** Where a host as such costs something, send all its VMs elsewhere if that is cheaper: first the hosts where that costs least. */
export function emptyHosts(state: SearchState, random: Random, roomy: RoomyHosts, over: () => boolean): void {
  const price = (h: number): number => [...state.guests[h]!].reduce((sum, vm) => sum + leaving(state, vm), 0)
  const order = hostsThatCost(state).map(h => ({ h, price: price(h), guests: state.guests[h]!.size }))
  order.sort((a, b) => a.price - b.price || a.guests - b.guests || a.h - b.h)
  let failures = 0
  for (const { h } of order.slice(0, TRIED)) {
    if (over() || failures >= FAILURES) return
    failures = emptied(state, h, random, roomy) ? 0 : failures + 1
  }
}

/** Hosts that some cost names. */
function hostsThatCost(state: SearchState): number[] {
  const named = new Set<number>()
  for (const { row } of state.tuples('cost'))
    for (const value of row) {
      const host = state.universe.hostNumber.get(value)
      if (host !== undefined) named.add(host)
    }
  return [...named]
}

function leaving(state: SearchState, vm: number): number {
  const { universe } = state
  const away = universe.hostsOf[vm]!.find(h => h !== state.host[vm])
  return away === undefined ? Number.POSITIVE_INFINITY : universe.cost(vm, away) - universe.cost(vm, state.host[vm]!)
}

/**
 * Where several hosts in use cost more than one that is not, send the VMs of some to an unused one that is larger, and keep it if the end
 * is better than the start.
 */
export function gatherHosts(state: SearchState, random: Random, roomy: RoomyHosts, over: () => boolean): void {
  const { room, guests } = state
  if (!room) return
  const size = room.sizes
  const bySize = hostsThatCost(state).sort((a, b) => size[a]! - size[b]! || guests[a]!.size - guests[b]!.size || a - b)
  const unused = [...guests.keys()].filter(h => guests[h]!.size === 0).sort((a, b) => size[b]! - size[a]! || a - b)
  let failures = 0
  for (const host of unused) {
    const smaller = bySize.filter(h => guests[h]!.size > 0 && size[h]! < size[host]!)
    if (over() || failures >= GATHERED.failures || smaller.length === 0) return
    failures = gathered(state, host, smaller, random, roomy) ? 0 : failures + 1
  }
}

function gathered(
  state: SearchState,
  into: number,
  smaller: readonly number[],
  random: Random,
  roomy: RoomyHosts,
): boolean {
  const start = state.here
  const path = new Path(state)
  let failures = 0
  // Those that stand against it once do so again: not always the same are tried first.
  const first = random.below(Math.min(smaller.length, GATHERED.tried))
  for (let i = 0; i < Math.min(smaller.length, GATHERED.tried) && failures < GATHERED.failures; i++) {
    const host = smaller[(first + i) % smaller.length]!
    failures = emptiedAlong(state, host, path, random, roomy, into) ? 0 : failures + 1
  }
  if (compareVectors(state.vector, start.vector) < 0) return true
  path.back(start)
  return false
}

/** Move a host's VMs away one by one, each to its best host; keep it if the end is better than the start. */
function emptied(state: SearchState, host: number, random: Random, roomy: RoomyHosts): boolean {
  const start = state.here
  const guests = [...state.guests[host]!]
  const path = new Path(state)
  if (!emptiedAlong(state, host, path, random, roomy)) return false
  if (compareVectors(state.vector, start.vector) >= 0) {
    path.back(start)
    return false
  }
  for (const vm of guests) roomy.add(state.host[vm]!)
  return true
}

/** Move all VMs of a host, to `into` those that can be there; where one finds no place, all are where they were. */
function emptiedAlong(
  state: SearchState,
  host: number,
  path: Path,
  random: Random,
  roomy: RoomyHosts,
  into?: number,
): boolean {
  const start = state.here
  const own = new Path(state)
  // A move that breaks a rule on the way is not worth going on.
  const keeps = (step: Prospect | undefined): step is Prospect =>
    step !== undefined && step.vector[0]! <= start.vector[0]! && step.vector[1]! <= start.vector[1]!
  for (const vm of [...state.guests[host]!]) {
    const there =
      into !== undefined && state.room?.fits(vm, into) ? state.price({ vms: [vm], hosts: [into] }) : undefined
    let step = keeps(there) ? there : bestTarget(state, vm, random, roomy)
    if (!keeps(step)) step = ejection(state, vm, random)
    if (!keeps(step)) {
      own.back(start)
      return false
    }
    own.take(step)
  }
  path.join(own)
  return true
}

/** The way of a search from a placement, to go back on. */
class Path {
  readonly #state: SearchState
  readonly #cameFrom = new Map<number, number>()

  constructor(state: SearchState) {
    this.#state = state
  }

  take(prospect: Prospect): void {
    for (const vm of prospect.step.vms) if (!this.#cameFrom.has(vm)) this.#cameFrom.set(vm, this.#state.host[vm]!)
    this.#state.take(prospect)
  }

  /** What went on from where this one stands. */
  join(further: Path): void {
    for (const [vm, host] of further.#cameFrom) if (!this.#cameFrom.has(vm)) this.#cameFrom.set(vm, host)
  }

  /** Go back to the start, with the prospect it had. */
  back(start: Prospect): void {
    this.#state.take({ ...start, step: { vms: [...this.#cameFrom.keys()], hosts: [...this.#cameFrom.values()] } })
  }
}

function bestTarget(state: SearchState, vm: number, random: Random, roomy: RoomyHosts): Prospect | undefined {
  let best: Prospect | undefined
  for (const host of state.room ? inUse(state.room, state, vm, random) : targets(state, vm, random, roomy)) {
    best = betterProspect(best, state.price({ vms: [vm], hosts: [host] }))
    if (best && costsMovingOnly(best, state)) break
  }
  return best
}

/** Hosts in use that have room for a VM: those with the least left first, then others. */
function inUse(room: HostRoom, state: SearchState, vm: number, random: Random): number[] {
  const here = state.host[vm]
  const fitting = state.universe.hostsOf[vm]!.filter(h => h !== here && state.guests[h]!.size > 0 && room.fits(vm, h))
  if (fitting.length <= PRICED) return random.sample(fitting, PRICED)
  const byRoom = fitting.map(host => ({ host, left: room.leftWith(vm, host) })).sort((a, b) => a.left - b.left)
  const tightest = byRoom.slice(0, PRICED / 2).map(({ host }) => host)
  return [...tightest, ...random.sample(fitting, PRICED / 2)]
}

/** Room for a VM on another host by sending one of the VMs there to a third; the first that costs nothing but the moves. */
function ejection(state: SearchState, vm: number, random: Random): Prospect | undefined {
  const { room, universe } = state
  if (!room) return undefined
  const from = state.host[vm]!
  for (let tries = 0; tries < EJECTED.hosts; tries++) {
    const host = random.pick(universe.hostsOf[vm]!)
    if (host === from) continue
    for (const other of state.guests[host]!) {
      if (!room.fitsInPlaceOf(vm, other, host)) continue
      for (const third of hostsToTry(state, other, EJECTED.targets, random)) {
        if (third === from || third === host || !room.fits(other, third)) continue
        const prospect = state.price({ vms: [vm, other], hosts: [host, third] })
        if (prospect && costsMovingOnly(prospect, state)) return prospect
      }
      break
    }
  }
  return undefined
}

/** Whether a step makes nothing worse but the cost and number of moves. */
function costsMovingOnly({ vector }: Prospect, state: SearchState): boolean {
  return (
    vector.length === state.vector.length && vector.every((v, i) => i >= vector.length - 2 || v <= state.vector[i]!)
  )
}
