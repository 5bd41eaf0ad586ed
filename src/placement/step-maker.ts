import type { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import { Rearrangement } from './rearrangement.ts'
import type { StepChange, StepPrices } from './step-prices.ts'
import { StepProposer } from './step-proposer.ts'
import type { Possibilities } from './universe.ts'

/** Share of the work that goes into rearrangements, and of these the share that is thorough. */
const REARRANGED = 0.2
const THOROUGH = 0.7

/** Draws steps, prices them, and makes those that are cheap enough. */
export class StepMaker {
  readonly #state: GraphState
  readonly #prices: StepPrices
  readonly #random: Random
  readonly #proposer: StepProposer
  readonly #rearrangement: Rearrangement
  readonly #priceOfLeaving: (vm: number) => number
  #spent: number

  constructor(state: GraphState, universe: Possibilities, prices: StepPrices, random: Random) {
    this.#state = state
    this.#prices = prices
    // Prices may have served others before.
    this.#spent = REARRANGED * prices.work
    this.#random = random
    this.#proposer = new StepProposer(state, universe, random)
    this.#rearrangement = new Rearrangement(state, universe, prices, random)
    this.#priceOfLeaving = vm => prices.leaving(vm)
  }

  /** Draw a step and make it, not to be kept yet; nothing is made when there is none, or it costs more than `most`. */
  make(most: number): StepChange | undefined {
    const { work } = this.#prices
    if (this.#spent >= REARRANGED * work) return this.#step(most)
    const made = this.#rearrange(most)
    // What comes to nothing at once counts too, or it would be drawn without end.
    this.#spent += this.#prices.work - work + 1
    return made
  }

  #step(most: number): StepChange | undefined {
    const proposer = this.#proposer
    if (!proposer.propose()) return undefined
    const { vms, hosts } = proposer
    if (this.#prices.price(vms, hosts) > most) return undefined
    const state = this.#state
    for (let i = 0; i < vms.length; i++) state.move(vms[i]!, hosts[i]!)
    state.settle()
    return this.#prices
  }

  #rearrange(most: number): StepChange | undefined {
    const proposer = this.#proposer
    const thorough = this.#random.next() < THOROUGH
    const drawn = thorough ? proposer.proposeMoveOfBurden(this.#priceOfLeaving) : proposer.proposeMove()
    const [vm] = proposer.vms
    const [to] = proposer.hosts
    return drawn && this.#rearrangement.make(vm!, to!, most, thorough) ? this.#rearrangement : undefined
  }
}
