import type { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import { contains, type Universe } from './universe.ts'

/** Steps between two looks at the clock. */
const STRIDE = 1024
/** Share of steps that exchange two VMs. */
const SWAPS = 0.5
/** Steps drawn to learn what steps cost. */
const SAMPLES = 20_000
/** The first temperature is some times what a dear step costs, the last what a cheap one does. */
const HOT = { quantile: 0.9, times: 2 }
const COLD = { quantile: 0.1, least: 1e-5, most: 1e-3 }

/**
 * Simulated annealing of one level of what is minimised (Kirkpatrick, Gelatt and Vecchi 1983), by moves of single VMs and exchanges of
 * two: a step that makes the level worse by d is taken with probability e^(−d / temperature), and none that makes an earlier level
 * worse. The temperature falls geometrically as `progress` goes from 0 to 1. The state is left at the best placement seen.
 * @param progress how much of the schedule is over after so many steps; asked now and then
 */
export function anneal(
  state: GraphState,
  universe: Universe,
  level: number,
  random: Random,
  progress: (steps: number) => number,
): void {
  const proposer = new Proposer(state, universe, random)
  const aims = new Aims(state, level)
  const schedule = scheduleFor(state, aims, proposer, level)
  if (!schedule) return
  let now = state.level(level)
  let best = now
  const bestHost = Int32Array.from(state.host)
  // The best placement is noted when it is left, not each time it gets better.
  let atBest = true
  for (let steps = 0, temperature = 0; ; steps++) {
    if (steps % STRIDE === 0) {
      const done = progress(steps)
      if (done >= 1) break
      temperature = schedule.from * (schedule.to / schedule.from) ** done
    }
    if (!proposer.propose()) continue
    state.settle()
    const next = state.level(level)
    const worse = next - now
    if (worse > 0 && random.next() >= Math.exp(-worse / temperature)) {
      state.undo()
      continue
    }
    const above = aims.compare()
    if (above > 0) {
      state.undo()
      continue
    }
    if (atBest && worse > 0 && above === 0) {
      state.note(bestHost)
      atBest = false
    }
    state.keep()
    now = next
    if (above < 0) aims.see()
    if (above < 0 || now < best) {
      best = now
      atBest = true
    }
  }
  if (!atBest) state.goTo(bestHost)
}

/** The levels before the one that is annealed. */
class Aims {
  readonly #state: GraphState
  readonly #values: number[]

  constructor(state: GraphState, level: number) {
    this.#state = state
    this.#values = Array.from({ length: level }, (_, i) => state.level(i))
  }

  /** Negative: better than what was seen last. */
  compare(): number {
    for (let i = 0; i < this.#values.length; i++) {
      const difference = this.#state.level(i) - this.#values[i]!
      if (Math.abs(difference) > 1e-9 * Math.max(1, Math.abs(this.#values[i]!))) return difference
    }
    return 0
  }

  see(): void {
    for (let i = 0; i < this.#values.length; i++) this.#values[i] = this.#state.level(i)
  }
}

/** Temperatures by what steps from here cost that are allowed and make the level worse; undefined where there are none. */
function scheduleFor(
  state: GraphState,
  aims: Aims,
  proposer: Proposer,
  level: number,
): { readonly from: number; readonly to: number } | undefined {
  const now = state.level(level)
  const costs: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    if (!proposer.propose()) continue
    state.settle()
    if (state.level(level) > now && aims.compare() <= 0) costs.push(state.level(level) - now)
    state.undo()
  }
  if (costs.length === 0) return undefined
  costs.sort((a, b) => a - b)
  const quantile = (q: number): number => costs[Math.floor(q * costs.length)]!
  const from = HOT.times * quantile(HOT.quantile)
  return { from, to: Math.min(COLD.most * from, Math.max(COLD.least * from, quantile(COLD.quantile))) }
}

/** Random steps within what is possible. */
class Proposer {
  readonly #state: GraphState
  readonly #universe: Universe
  readonly #random: Random
  readonly #free: number[]
  readonly #single = { vms: [0], hosts: [0] }
  readonly #swap = { vms: [0, 0], hosts: [0, 0] }

  constructor(state: GraphState, universe: Universe, random: Random) {
    this.#state = state
    this.#universe = universe
    this.#random = random
    this.#free = universe.vms.flatMap((_, vm) => (universe.hostsOf[vm]!.length > 1 ? [vm] : []))
  }

  /** Move one VM or two in the state; false when the draw gives nothing, or passes a limit. */
  propose(): boolean {
    const { hostsOf, budget } = this.#universe
    const { host } = this.#state
    if (this.#free.length === 0) return false
    const vm = this.#random.pick(this.#free)
    const isSwap = this.#random.next() < SWAPS
    const other = isSwap ? this.#random.pick(this.#free) : vm
    const from = host[vm]!
    const to = isSwap ? host[other]! : this.#random.pick(hostsOf[vm]!)
    if (from === to) return false
    if (isSwap && !(contains(hostsOf[vm]!, to) && contains(hostsOf[other]!, from))) return false
    const step = isSwap ? this.#swap : this.#single
    step.vms[0] = vm
    step.hosts[0] = to
    if (isSwap) {
      step.vms[1] = other
      step.hosts[1] = from
    }
    if (!this.#state.keepsLimits(step.vms, step.hosts)) return false
    if (budget && !this.#state.keepsBudget(step.vms, step.hosts, budget.limit)) return false
    for (let i = 0; i < step.vms.length; i++) this.#state.move(step.vms[i]!, step.hosts[i]!)
    return true
  }
}
