import type { Value } from '../tables/index.ts'
import { BestSeen } from './best-seen.ts'
import { drawSwap, hostsToTry } from './hosts-to-try.ts'
import { compareVectors } from './judge.ts'
import type { Random } from './random.ts'
import { compareProspects, type Prospect, type SearchState, type Step } from './search-state.ts'

export interface SearchLimits {
  /** Milliseconds on the performance clock. */
  readonly deadline: number
  /** Steps priced; the same limit gives the same answer on every machine. */
  readonly prices: number
  readonly signal?: AbortSignal | undefined
  /** Whether nothing better is left to be found. */
  readonly reached?: (() => boolean) | undefined
}

/** Target hosts tried for one VM. */
const HOSTS_TRIED = 16
/** VMs of one violation that are tried. */
const VMS_TRIED = 24
/** Swaps tried for one VM. */
const SWAPS_TRIED = 40
/** Shakes without a gain that end the search where violations stay; exchanges in a shake, and tries for each. */
const KICKS = 60
const KICK_SWAPS = 4
const KICK_TRIES = 20
/** Hosts to be emptied that are tried in one round, and failures in a row that end it. */
const EMPTIED_TRIED = 2000
const FAILURES = 300

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

/** Hosts that lately took a VM: likely to have room for more. */
class RoomyHosts {
  readonly #recent: number[] = []
  add(host: number): void {
    const at = this.#recent.indexOf(host)
    if (at >= 0) this.#recent.splice(at, 1)
    this.#recent.unshift(host)
    if (this.#recent.length > HOSTS_TRIED) this.#recent.pop()
  }
  get list(): readonly number[] {
    return this.#recent
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

function better(a: Prospect | undefined, b: Prospect | undefined): Prospect | undefined {
  return b && (!a || compareProspects(b, a) < 0) ? b : a
}

function bestMove(state: SearchState, vms: readonly number[], random: Random, roomy: RoomyHosts): Prospect | undefined {
  let best: Prospect | undefined
  for (const vm of vms)
    for (const host of targets(state, vm, random, roomy)) {
      best = better(best, state.price({ vms: [vm], hosts: [host] }))
    }
  return best && state.promises(best) ? best : undefined
}

function targets(state: SearchState, vm: number, random: Random, roomy: RoomyHosts): Set<number> {
  const { room, universe } = state
  const recent = room ? roomy.list.filter(host => room.fits(vm, host)) : roomy.list
  const hosts = new Set([universe.current[vm]!, ...recent, ...hostsToTry(state, vm, HOSTS_TRIED, random)])
  hosts.delete(state.host[vm]!)
  return hosts
}

function bestSwap(state: SearchState, vms: readonly number[], random: Random): Prospect | undefined {
  let best: Prospect | undefined
  for (const vm of vms.slice(0, VMS_TRIED / 2)) {
    for (let i = 0; i < SWAPS_TRIED; i++) {
      const swap = drawSwap(state, vm, random)
      if (swap) best = better(best, state.price(swap))
    }
    if (best && state.promises(best)) return best
  }
  return undefined
}

/** Where a host as such costs something, send all its VMs elsewhere if that is cheaper: first the hosts where that costs least. */
function emptyHosts(state: SearchState, random: Random, roomy: RoomyHosts, over: () => boolean): void {
  const named = new Set<number>()
  for (const { row } of state.tuples('cost'))
    for (const value of row) {
      const host = state.universe.hostNumber.get(value)
      if (host !== undefined) named.add(host)
    }
  const price = (h: number): number => [...state.guests[h]!].reduce((sum, vm) => sum + leaving(state, vm), 0)
  const order = [...named].map(h => ({ h, price: price(h), guests: state.guests[h]!.size }))
  order.sort((a, b) => a.price - b.price || a.guests - b.guests || a.h - b.h)
  let failures = 0
  for (const { h } of order.slice(0, EMPTIED_TRIED)) {
    if (over() || failures >= FAILURES) return
    failures = emptied(state, h, random, roomy) ? 0 : failures + 1
  }
}

function leaving(state: SearchState, vm: number): number {
  const { universe } = state
  const away = universe.hostsOf[vm]!.find(h => h !== state.host[vm])
  return away === undefined ? Number.POSITIVE_INFINITY : universe.cost(vm, away) - universe.cost(vm, state.host[vm]!)
}

/** Move a host's VMs away one by one, each to its best host; keep it if the end is better than the start. */
function emptied(state: SearchState, host: number, random: Random, roomy: RoomyHosts): boolean {
  const start = state.here
  const guests = [...state.guests[host]!]
  const undo: Step = { vms: guests, hosts: guests.map(() => host) }
  for (const vm of guests) {
    let best: Prospect | undefined
    for (const h of targets(state, vm, random, roomy)) {
      best = better(best, state.price({ vms: [vm], hosts: [h] }))
      if (best && costsMovingOnly(best, state)) break
    }
    // A move that breaks a rule on the way is not worth going on.
    if (!best || best.vector[0]! > start.vector[0]! || best.vector[1]! > start.vector[1]!) break
    state.take(best)
  }
  if (state.guests[host]!.size === 0 && compareVectors(state.vector, start.vector) < 0) {
    for (const vm of guests) roomy.add(state.host[vm]!)
    return true
  }
  state.take({ ...start, step: undo })
  return false
}

/** Whether a step makes nothing worse but the cost and number of moves. */
function costsMovingOnly({ vector }: Prospect, state: SearchState): boolean {
  return (
    vector.length === state.vector.length && vector.every((v, i) => i >= vector.length - 2 || v <= state.vector[i]!)
  )
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
