import type { HostRoom } from './host-room.ts'
import type { Random } from './random.ts'
import type { SearchState, Step } from './search-state.ts'

/** Target hosts tried for one VM. */
const TRIED = 16
/** Hosts looked at for each that is tried. */
const LOOKS = 32
/** Hosts with room found for each that is tried, to choose from. */
const CHOICE = 3

/** Hosts that lately took a VM: likely to have room for more. */
export class RoomyHosts {
  readonly #recent: number[] = []
  add(host: number): void {
    const at = this.#recent.indexOf(host)
    if (at >= 0) this.#recent.splice(at, 1)
    this.#recent.unshift(host)
    if (this.#recent.length > TRIED) this.#recent.pop()
  }
  get list(): readonly number[] {
    return this.#recent
  }
}

/** Hosts that a VM is tried on: where it came from, those that lately took one, and others that may have room. */
export function targets(state: SearchState, vm: number, random: Random, roomy: RoomyHosts): Set<number> {
  const { room, universe } = state
  const recent = room ? roomy.list.filter(host => room.fits(vm, host)) : roomy.list
  const hosts = new Set([universe.current[vm]!, ...recent, ...hostsToTry(state, vm, TRIED, random)])
  hosts.delete(state.host[vm]!)
  return hosts
}

/**
 * Hosts that a VM may be tried on: where room is known, hosts that have some, one half as they come and the other those with the least
 * left, so that hosts get full one after the other; where none is found, any.
 */
export function hostsToTry(state: SearchState, vm: number, count: number, random: Random): number[] {
  const all = state.universe.hostsOf[vm]!
  const any = (): number[] => Array.from({ length: count }, () => random.pick(all))
  const { room } = state
  if (!room) return any()
  const fitting = withRoom(room, state, vm, all, count, random)
  if (fitting.length === 0) return any()
  if (fitting.length <= count) return fitting
  const half = count >> 1
  const others = fitting.slice(half).map(host => ({ host, left: room.leftWith(vm, host) }))
  others.sort((a, b) => a.left - b.left)
  return [...fitting.slice(0, half), ...others.slice(0, count - half).map(o => o.host)]
}

function withRoom(
  room: HostRoom,
  state: SearchState,
  vm: number,
  all: readonly number[],
  count: number,
  random: Random,
): number[] {
  const here = state.host[vm]
  if (all.length <= count * LOOKS)
    return random.sample(
      all.filter(host => host !== here && room.fits(vm, host)),
      count * CHOICE,
    )
  const found = new Set<number>()
  for (let looks = 0; looks < count * LOOKS && found.size < count * CHOICE; looks++) {
    const host = random.pick(all)
    if (host !== here && room.fits(vm, host)) found.add(host)
  }
  return [...found]
}

/** An exchange of a VM with another VM of another host that, as far as is known, leaves room on both; undefined where a draw gives none. */
export function drawSwap(state: SearchState, vm: number, random: Random): Step | undefined {
  const { room, universe, guests } = state
  const from = state.host[vm]!
  for (let looks = 0; looks < (room ? LOOKS : 1); looks++) {
    const host = random.pick(universe.hostsOf[vm]!)
    const others = [...guests[host]!]
    if (host === from || others.length === 0) continue
    const other = random.pick(others)
    // What is too full already need not fit afterwards, only be mended a little: that is the evaluator's to say.
    if (room && !room.fitsInPlaceOf(vm, other, host)) continue
    return { vms: [vm, other], hosts: [host, from] }
  }
  return undefined
}
