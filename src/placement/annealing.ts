import type { ConditionGraph } from './condition-graph.ts'
import type { GraphState } from './graph-state.ts'
import { Parts } from './parts.ts'
import { Penalties } from './penalties.ts'
import { possibleHosts } from './possible-hosts.ts'
import type { Random } from './random.ts'
import { StepMaker } from './step-maker.ts'
import { StepPrices } from './step-prices.ts'
import { StepProposer } from './step-proposer.ts'
import { type Possibilities, restrict } from './universe.ts'

/** Steps between two looks at the clock, and how many of these there are between two looks at each limit. */
const STRIDE = 1024
const STRIDES_PER_LOOK = 8
/** Steps drawn to learn what steps cost. */
const SAMPLES = 10_000
/** A round ends at the temperature of the cheapest steps, or this part of a typical one's cost: whichever is less. */
const COLD = { quantile: 0.02, ofQuantile: 0.1, ofTypical: 4e-4, leastOfFirst: 1e-5 }
/** What a VM too many costs at first, in typical costs of a step. */
const PENALTY = 0.5
/**
 * Share of the time until the warm temperature is reached. Errors wanted fall to none by then, by this power of the time that is left of it;
 * those there are still are mended by growing warmer again, by this many powers of e in the rest of the time.
 */
const OVER = 0.85
const ERRORS_POWER = 1.5
const REHEAT = 3
/** To so many times the warm temperature at most. */
const REWARMED = 4
/** How many times dearer than another a limit gets by itself at most while errors are wanted. */
const MOST_OWN = 20
/** No VM too many costs more than so many temperatures, or typical costs of a step: a price that nothing outbids leaves no way out. */
const DEAREST = { temperatures: 200, typical: 5 }
/** Nor less than so many temperatures. */
const CHEAPEST = 1
/** How fast the largest gain that prices had not foreseen is forgotten. */
const FORGET = 0.995

/** How a round of annealing goes. */
export interface Round {
  /** The first temperature, in typical costs of a step. */
  readonly hot: number
  /** What the temperature falls to until some share of the time is over, as a part of the first; then it falls to that of the cheapest steps. */
  readonly warm: number
  /** Errors wanted at first, as a share of the VMs. */
  readonly errors: number
}

/** A round among some hosts alone. */
export interface PartRound extends Round {
  readonly hosts: number
  /** Steps for each VM that is on one of them. */
  readonly stepsPerVm: number
}

/** A placement and what it comes to in the levels up to the one that is annealed. */
export interface Outcome {
  readonly host: Int32Array
  readonly levels: readonly number[]
}

/** Where a state stands. */
export function outcomeAt(state: GraphState, level: number): Outcome {
  return { host: Int32Array.from(state.host), levels: Array.from({ length: level + 1 }, (_, i) => state.level(i)) }
}

/**
 * Simulated annealing of one level of what is minimised (Kirkpatrick, Gelatt and Vecchi 1983), by moves of single VMs, exchanges of two
 * and rearrangements, to hosts where a VM can be at all: a step that makes the level worse by d is taken with probability
 * e^(−d / temperature), and none that makes a level between it and the errors worse. Errors have prices that rise in the end beyond all
 * gain (`Penalties`): where hosts are full, one good placement is reached from another through some that are not allowed.
 */
export class Annealing {
  readonly #state: GraphState
  readonly #level: number
  readonly #random: Random
  readonly #penalties: Penalties
  readonly #possible: Possibilities
  readonly #prices: StepPrices
  readonly #steps: StepMaker
  readonly #parts: Parts
  /** What steps from the first placement cost that make the level worse, ascending. */
  readonly #costs: readonly number[]

  constructor(graph: ConditionGraph, state: GraphState, universe: Possibilities, level: number, random: Random) {
    this.#state = state
    this.#level = level
    this.#random = random
    this.#costs = sampleCosts(state, new StepProposer(state, universe, random), level)
    this.#penalties = new Penalties(graph, state.sums, PENALTY * this.#typical)
    this.#possible = restrict(universe, possibleHosts(graph, this.#penalties, universe))
    this.#prices = new StepPrices(graph, state, this.#penalties, level)
    this.#steps = new StepMaker(state, this.#possible, this.#prices, random)
    this.#parts = new Parts(this.#possible, random)
  }

  get #typical(): number {
    return this.#costs.length === 0 ? 0 : quantile(this.#costs, 0.5)
  }

  /**
   * Anneal everything from a placement. The temperature falls geometrically as `progress` goes from 0 to 1; the best placement seen is given
   * that has no more errors than the first.
   * @param progress how much of the round is over after so many steps; asked now and then
   */
  round(from: ArrayLike<number>, round: Round, progress: (steps: number) => number): Outcome {
    return this.#anneal(from, round, progress, this.#steps, this.#possible.vms.length)
  }

  /**
   * The same for the VMs on a few hosts, drawn at random, that may go to others of these hosts. What is warm for so few is soon cold again,
   * so even the largest of them change places.
   * @param isOver whether to end early, after so many steps
   * @returns undefined where there is nothing to be found
   */
  partRound(from: ArrayLike<number>, round: PartRound, isOver: (steps: number) => boolean): Outcome | undefined {
    const part = this.#costs.length > 0 ? this.#parts.draw(from, round.hosts) : undefined
    if (!part) return undefined
    const steps = new StepMaker(this.#state, part.possible, this.#prices, this.#random)
    const most = round.stepsPerVm * part.vms
    return this.#anneal(from, round, done => (isOver(done) ? 1 : done / most), steps, part.vms)
  }

  #anneal(
    from: ArrayLike<number>,
    { hot: first, warm, errors: share }: Round,
    progress: (steps: number) => number,
    steps: StepMaker,
    vms: number,
  ): Outcome {
    const state = this.#state
    const penalties = this.#penalties
    const random = this.#random
    const level = this.#level
    const typical = this.#typical
    state.goTo(from)
    if (this.#costs.length === 0) return outcomeAt(state, level)
    const hot = first * typical
    const cheapest = COLD.ofQuantile * quantile(this.#costs, COLD.quantile)
    const cold = Math.max(COLD.leastOfFirst * hot, Math.min(warm * hot, COLD.ofTypical * typical, cheapest))
    penalties.reset(PENALTY * typical)
    const aims = new Aims(state, level)
    let now = state.level(level)
    let errors = state.level(0)
    let best = now
    const bestHost = Int32Array.from(state.host)
    // The best placement is noted when it is left, not each time it gets better.
    let atBest = true
    let unforeseen = 0
    let temperature = hot
    let lastDone = 0
    let lastLook = 0
    for (let count = 0; ; count++) {
      if (count % STRIDE === 0) {
        const done = progress(count)
        if (done >= 1) break
        const wanted = share * vms * Math.max(0, 1 - done / OVER) ** ERRORS_POWER
        const tooMany = errors - aims.errors > Math.max(0.5, wanted)
        temperature =
          tooMany && done >= OVER
            ? Math.min(REWARMED * warm * hot, temperature * Math.exp((REHEAT * (done - lastDone)) / (1 - OVER)))
            : cooled(temperature, done, lastDone, warm * hot, cold)
        if (tooMany || done < OVER) penalties.adaptCommon(tooMany, done - lastDone)
        const dearest = Math.max(DEAREST.temperatures * temperature, DEAREST.typical * typical)
        penalties.common = Math.max(CHEAPEST * temperature, Math.min(dearest, penalties.common))
        lastDone = done
        if (count % (STRIDE * STRIDES_PER_LOOK) === 0) {
          penalties.adaptOwn(done - lastLook, done < OVER ? MOST_OWN : Number.POSITIVE_INFINITY)
          lastLook = done
          unforeseen *= FORGET
        }
      }
      const most = -temperature * Math.log(1 - random.next())
      const change = steps.make(most + unforeseen)
      if (!change) continue
      const next = state.level(level)
      const nextErrors = state.level(0)
      unforeseen = Math.max(unforeseen, change.level - (next - now))
      const otherErrors = nextErrors - errors - change.passed
      if (otherErrors > 0 || next - now + change.penalty > most || aims.compareBetween() > 0) {
        state.undo()
        continue
      }
      const above = aims.compare()
      const isBest = above < 0 || (above === 0 && next < best)
      if (atBest && !isBest) {
        state.note(bestHost)
        atBest = false
      }
      state.keep()
      now = next
      errors = nextErrors
      if (!isBest) continue
      if (above < 0) aims.see()
      best = now
      atBest = true
    }
    if (!atBest) state.goTo(bestHost)
    return outcomeAt(state, level)
  }
}

/** The next temperature on the way to the warm one or, later, to the cold one. */
function cooled(temperature: number, done: number, before: number, warm: number, cold: number): number {
  const [goal, until] = done < OVER ? [warm, OVER] : [cold, 1]
  return temperature * (goal / temperature) ** ((done - before) / (until - before))
}

/** The levels before the one that is annealed. */
class Aims {
  readonly #state: GraphState
  readonly #values: number[]

  constructor(state: GraphState, level: number) {
    this.#state = state
    this.#values = Array.from({ length: level }, (_, i) => state.level(i))
  }

  /** Errors when they were seen last. */
  get errors(): number {
    return this.#values[0] ?? 0
  }

  /** Negative: better than what was seen last. */
  compare(): number {
    return this.#compareFrom(0)
  }

  /** The same for the levels after the errors. */
  compareBetween(): number {
    return this.#compareFrom(1)
  }

  see(): void {
    for (let i = 0; i < this.#values.length; i++) this.#values[i] = this.#state.level(i)
  }

  #compareFrom(first: number): number {
    for (let i = first; i < this.#values.length; i++) {
      const difference = this.#state.level(i) - this.#values[i]!
      if (Math.abs(difference) > 1e-9 * Math.max(1, Math.abs(this.#values[i]!))) return difference
    }
    return 0
  }
}

/** What steps from here cost that make the level worse, ascending; where all make it better, what they gain. */
function sampleCosts(state: GraphState, proposer: StepProposer, level: number): number[] {
  const now = state.level(level)
  const costs: number[] = []
  const gains: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    if (!proposer.propose()) continue
    for (let k = 0; k < proposer.vms.length; k++) state.move(proposer.vms[k]!, proposer.hosts[k]!)
    state.settle()
    const change = state.level(level) - now
    if (change > 0) costs.push(change)
    else if (change < 0) gains.push(-change)
    state.undo()
  }
  return (costs.length > 0 ? costs : gains).sort((a, b) => a - b)
}

const quantile = (ascending: readonly number[], q: number): number => ascending[Math.floor(q * ascending.length)]!
