import { hostsToTry } from './hosts-to-try.ts'
import type { SearchLimits } from './local-search.ts'
import type { Random } from './random.ts'
import { compareProspects, type Prospect, type SearchState } from './search-state.ts'

/** Target hosts tried for one VM before it stays where it is. */
const TRIES = 24
/** Hosts with room that are tried first. */
const REMEMBERED = 8

/**
 * Move VMs away, each to the best of some hosts that are not being emptied, as long as no more is violated. Where there is room this
 * reaches what the relaxation promised; where there is none, many stay.
 */
export function sendAway(state: SearchState, leavers: readonly number[], random: Random, limits: SearchLimits): void {
  const leaving = new Set(leavers)
  const emptied = new Set<number>()
  state.guests.forEach((guests, host) => {
    if ([...guests].every(vm => leaving.has(vm))) emptied.add(host)
  })
  const roomy: number[] = []
  for (const vm of leavers) {
    if (performance.now() >= limits.deadline || limits.signal?.aborted) return
    const found = bestOf(state, vm, [...roomy, ...hostsToTry(state, vm, TRIES - REMEMBERED, random)], emptied)
    if (!found) continue
    state.take(found)
    const [host] = found.step.hosts
    const at = roomy.indexOf(host!)
    if (at >= 0) roomy.splice(at, 1)
    roomy.unshift(host!)
    if (roomy.length > REMEMBERED) roomy.pop()
  }
}

/** The first host that costs the least it can, else the best; none where each breaks something. */
function bestOf(
  state: SearchState,
  vm: number,
  hosts: readonly number[],
  emptied: ReadonlySet<number>,
): Prospect | undefined {
  let best: Prospect | undefined
  const { here } = state
  for (const host of new Set(hosts)) {
    if (emptied.has(host) || host === state.host[vm]) continue
    if (state.room && !state.room.fits(vm, host)) continue
    const prospect = state.price({ vms: [vm], hosts: [host] })
    if (!prospect || prospect.vector[0]! > here.vector[0]! || prospect.distance > here.distance) continue
    if (!best || compareProspects(prospect, best) < 0) best = prospect
  }
  return best
}
