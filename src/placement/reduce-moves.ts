import { BestSeen } from './best-seen.ts'
import { firstDifference } from './judge.ts'
import type { SearchLimits } from './local-search.ts'
import type { Random } from './random.ts'
import type { Prospect, SearchState, Step } from './search-state.ts'

/** Steps in a row that did not lead to a better placement than the best, for each moved VM, that end it. */
const PATIENCE = 2_000
/** Steps over which the temperature falls by a factor of e, for each moved VM. */
const COOLING = 400
/** The first temperature, in units of what a step that costs more costs on average. */
const HOT = 0.5
const COLD = 0.02

/**
 * Bring VMs home where others can leave for less: a moved VM goes back, and where that breaks something one of the VMs there leaves
 * instead, to where it came from, to the host that became free, or to another (an ejection chain, as Glover has it, 1996). Steps that cost
 * a little more are taken now and then, fewer as it gets colder; none that violates more. The state is left at the best placement seen.
 */
export function reduceMoves(state: SearchState, random: Random, limits: SearchLimits): void {
  if (limits.reached?.()) return
  const moved = new MovedVms(state)
  const best = new BestSeen(state)
  let dearer = 0
  let dearerSteps = 0
  let since = 0
  const over = (): boolean =>
    state.prices >= limits.prices ||
    (state.prices % 64 === 0 && performance.now() >= limits.deadline) ||
    (limits.signal?.aborted ?? false)
  for (let steps = 1; moved.count > 0 && since < PATIENCE * moved.count && !over(); steps++) {
    since++
    const step = propose(state, moved, random)
    const prospect = step && state.price(step)
    if (!prospect) continue
    const change = firstDifference(prospect.vector, state.vector)
    if (change.by > 0) {
      if (change.aim === 0) continue
      dearer += change.by
      dearerSteps++
      const cold = Math.max(COLD, HOT * Math.exp(-steps / (COOLING * moved.count)))
      if (random.next() >= Math.exp(-change.by / ((cold * dearer) / dearerSteps))) continue
    }
    take(state, prospect, moved)
    if (!best.see()) continue
    since = 0
    if (limits.reached?.()) return
  }
  best.restore()
}

function take(state: SearchState, prospect: Prospect, moved: MovedVms): void {
  state.take(prospect)
  for (const vm of prospect.step.vms) moved.look(vm)
}

/** A moved VM home, with one of the VMs there sent away more often than not; or two moved VMs for each other. */
function propose(state: SearchState, moved: MovedVms, random: Random): Step | undefined {
  const { current, hostsOf } = state.universe
  const vm = moved.pick(random)
  const home = current[vm]!
  const kind = random.next()
  if (kind < 0.1) return { vms: [vm], hosts: [home] }
  if (kind < 0.2) return { vms: [vm], hosts: [random.pick(hostsOf[vm]!)] }
  if (kind < 0.35) {
    const other = moved.pick(random)
    const [a, b] = [state.host[vm]!, state.host[other]!]
    return a === b ? undefined : { vms: [vm, other], hosts: [b, a] }
  }
  const guests = [...state.guests[home]!]
  if (guests.length === 0) return { vms: [vm], hosts: [home] }
  const ejected = random.pick(guests)
  const where = random.next()
  const isAway = current[ejected] !== home
  if (isAway && where < 0.4) return { vms: [vm, ejected], hosts: [home, current[ejected]!] }
  if (where < 0.7) return { vms: [vm, ejected], hosts: [home, state.host[vm]!] }
  // The third takes the place that the first leaves.
  const third = moved.pick(random)
  if (third === vm || third === ejected) return undefined
  return {
    vms: [vm, ejected, third],
    hosts: [home, state.host[third]!, where < 0.85 ? current[third]! : state.host[vm]!],
  }
}

/** The VMs that are not where they came from, to be drawn from. */
class MovedVms {
  readonly #state: SearchState
  readonly #list: number[] = []
  readonly #place = new Map<number, number>()

  constructor(state: SearchState) {
    this.#state = state
    for (const vm of state.host.keys()) this.look(vm)
  }

  get count(): number {
    return this.#list.length
  }

  pick(random: Random): number {
    return random.pick(this.#list)
  }

  /** Note where a VM is now. */
  look(vm: number): void {
    const isAway = this.#state.host[vm] !== this.#state.universe.current[vm]
    const at = this.#place.get(vm)
    if (isAway === (at !== undefined)) return
    if (at === undefined) {
      this.#place.set(vm, this.#list.length)
      this.#list.push(vm)
      return
    }
    const last = this.#list.pop()!
    this.#place.delete(vm)
    if (last === vm) return
    this.#list[at] = last
    this.#place.set(last, at)
  }
}
