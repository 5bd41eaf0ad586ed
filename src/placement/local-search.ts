import type { Value } from '../tables/index.ts'
import { BestSeen } from './best-seen.ts'
import { emptyHosts, gatherHosts } from './empty-hosts.ts'
import { drawSwap, RoomyHosts, targets } from './hosts-to-try.ts'
import { compareVectors } from './judge.ts'
import type { Random } from './random.ts'
import { betterProspect, compareProspects, type Prospect, type SearchState } from './search-state.ts'

export interface SearchLimits {
  /** Milliseconds on the performance clock. */
  readonly deadline: number
  /** Steps priced; the same limit gives the same answer on every machine. */
  readonly prices: number
  readonly signal?: AbortSignal | undefined
  /** Whether nothing better is left to be found. */
  readonly reached?: (() => boolean) | undefined
}

/** VMs of one violation that are tried. */
const VMS_TRIED = 24
/** Swaps tried for one VM. */
const SWAPS_TRIED = 40
/** Shakes without a gain that end the search where violations stay; exchanges in a shake, and tries for each. */
const KICKS = 60
const KICK_SWAPS = 4
const KICK_TRIES = 20

/**
 * Make a placement better by single moves, swaps and emptied hosts until nothing that is tried helps: first what violates, then what
 * costs, then moves that turned out needless are taken back. Work follows the violations, not the cloud. Deterministic for a seed and a
 * limit on prices.
 */
export function localSearch(state: SearchState, random: Random, limits: SearchLimits): void {
  const roomy = new RoomyHosts()
  const over = (): boolean =>
    state.prices >= limits.prices ||
    performance.now() >= limits.deadline ||
    (limits.signal?.aborted ?? false) ||
    (limits.reached?.() ?? false)
  const best = new BestSeen(state)
  descend(state, random, roomy, over)
  best.see()
  for (let kicks = 0; kicks < KICKS && state.vector[0]! > 0 && !over(); kicks++) {
    const here = state.here
    const back = Int32Array.from(state.host)
    kick(state, random)
    repair(state, random, roomy, over)
    const gain = compareProspects(state.here, here)
    if (gain > 0) state.return(back, here)
    else if (gain < 0) kicks = 0
    best.see()
  }
  descend(state, random, roomy, over)
  best.see()
  best.restore()
}

/** Single moves and swaps until none of those tried helps. */
function descend(state: SearchState, random: Random, roomy: RoomyHosts, over: () => boolean): void {
  for (let better = true; better && !over(); ) {
    const before = state.vector.slice()
    repair(state, random, roomy, over)
    emptyHosts(state, random, roomy, over)
    gatherHosts(state, random, roomy, over)
    takeBack(state, over)
    better = compareVectors(state.vector, before) < 0
  }
}

/** Shake what is around a violation: exchange some of its VMs with others, whatever it costs, as long as no more is violated. */
function kick(state: SearchState, random: Random): void {
  const tuples = state.tuples('error')
  for (let i = 0; i < KICK_SWAPS && tuples.length > 0; i++) {
    const vms = vmsOf(state, random.pick(tuples).row)
    if (vms.length === 0) return
    const vm = random.pick(vms)
    for (let tries = 0; tries < KICK_TRIES; tries++) {
      const host = random.pick(state.universe.hostsOf[vm]!)
      const others = [...state.guests[host]!]
      if (host === state.host[vm] || others.length === 0) continue
      const prospect = state.price({ vms: [vm, random.pick(others)], hosts: [host, state.host[vm]!] })
      if (!prospect || prospect.vector[0]! > state.vector[0]!) continue
      state.take(prospect)
      break
    }
  }
}

/** For each violation the best step found for one of its VMs; swaps where no single move helps. */
function repair(state: SearchState, random: Random, roomy: RoomyHosts, over: () => boolean): void {
  for (const role of ['error', 'warning'] as const)
    for (let progress = true; progress && !over(); ) {
      progress = false
      for (const { row } of random.sample(state.tuples(role), Number.MAX_SAFE_INTEGER)) {
        if (over()) return
        const step = bestStep(state, row, random, roomy)
        if (!step) continue
        state.take(step)
        for (const h of step.step.hosts) roomy.add(h)
        progress = true
      }
    }
}

/** The best step found for a VM that a tuple names, else for one on a host that it names; a swap where no single move helps. */
function bestStep(state: SearchState, row: readonly Value[], random: Random, roomy: RoomyHosts): Prospect | undefined {
  const named = random.sample(namedVms(state, row), VMS_TRIED)
  const first = named.length > 0 ? bestMove(state, named, random, roomy) : undefined
  if (first) return first
  const vms = random.sample(vmsOf(state, row), VMS_TRIED)
  return bestMove(state, vms, random, roomy) ?? bestSwap(state, vms, random)
}

const namedVms = ({ universe }: SearchState, row: readonly Value[]): number[] =>
  row.flatMap(value => universe.vmNumber.get(value) ?? [])

/** VMs a tuple is about: those it names, and those on the hosts it names. */
function vmsOf(state: SearchState, row: readonly Value[]): number[] {
  const { hostNumber } = state.universe
  const vms = new Set(namedVms(state, row))
  for (const value of row) {
    const host = hostNumber.get(value)
    if (host !== undefined) for (const guest of state.guests[host]!) vms.add(guest)
  }
  return [...vms]
}

function bestMove(state: SearchState, vms: readonly number[], random: Random, roomy: RoomyHosts): Prospect | undefined {
  let best: Prospect | undefined
  for (const vm of vms)
    for (const host of targets(state, vm, random, roomy)) {
      best = betterProspect(best, state.price({ vms: [vm], hosts: [host] }))
    }
  return best && state.promises(best) ? best : undefined
}

function bestSwap(state: SearchState, vms: readonly number[], random: Random): Prospect | undefined {
  let best: Prospect | undefined
  for (const vm of vms.slice(0, VMS_TRIED / 2)) {
    for (let i = 0; i < SWAPS_TRIED; i++) {
      const swap = drawSwap(state, vm, random)
      if (swap) best = betterProspect(best, state.price(swap))
    }
    if (best && state.promises(best)) return best
  }
  return undefined
}

/** Send VMs home whose move does not help any more. */
function takeBack(state: SearchState, over: () => boolean): void {
  const { current } = state.universe
  for (let vm = 0; vm < state.host.length; vm++) {
    if (state.host[vm] === current[vm]) continue
    if (over()) return
    const prospect = state.price({ vms: [vm], hosts: [current[vm]!] })
    if (prospect && state.improves(prospect)) state.take(prospect)
  }
}
