import type { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import type { StepChange, StepPrices } from './step-prices.ts'
import { contains, type Possibilities } from './universe.ts'

/**
 * Steps of many VMs: one goes to a host that has no room for it, and of that host's VMs as many as need be go where the first came from,
 * or elsewhere, each only where that is cheaper than to stay (ejections: Glover 1996). A large VM finds no host that enough small ones left
 * by chance.
 */
export class Rearrangement implements StepChange {
  /** Of the step made last, as far as prices foresee. */
  level = 0
  penalty = 0
  passed = 0
  readonly #state: GraphState
  readonly #universe: Possibilities
  readonly #prices: StepPrices
  readonly #random: Random
  readonly #guests: Int32Array
  readonly #vm = [0]
  readonly #host = [0]

  constructor(state: GraphState, universe: Possibilities, prices: StepPrices, random: Random) {
    this.#state = state
    this.#universe = universe
    this.#prices = prices
    this.#random = random
    this.#guests = new Int32Array(universe.vms.length)
  }

  /**
   * Make the step, not to be kept yet; false, and nothing is made, when it costs more than `most`.
   * @param everywhere look for the cheapest host of all for each VM that makes room, not only at some host
   */
  make(vm: number, to: number, most: number, everywhere: boolean): boolean {
    const state = this.#state
    const random = this.#random
    const { hostsOf } = this.#universe
    const guests = this.#guests
    const from = state.host[vm]!
    this.level = 0
    this.penalty = 0
    this.passed = 0
    if (!this.#go(vm, to, Number.POSITIVE_INFINITY)) {
      state.undo()
      return false
    }
    let left = state.guests(to, guests)
    while (this.level + this.penalty > most && left > 0) {
      const at = random.below(left)
      const guest = guests[at]!
      guests[at] = guests[--left]!
      if (guest === vm || this.#go(guest, from, 0)) continue
      this.#go(guest, everywhere ? this.#cheapestHost(guest) : random.pick(hostsOf[guest]!), 0)
    }
    if (this.level + this.penalty <= most) return true
    state.undo()
    return false
  }

  #cheapestHost(vm: number): number {
    const here = this.#state.host[vm]!
    let best = here
    let least = 0
    this.#vm[0] = vm
    for (const h of this.#universe.hostsOf[vm]!) {
      if (h === here) continue
      this.#host[0] = h
      const price = this.#prices.price(this.#vm, this.#host)
      if (price >= least) continue
      least = price
      best = h
    }
    return best
  }

  /** Move a VM where it may go, if that costs less than `below` and brings no error that has no price. */
  #go(vm: number, to: number, below: number): boolean {
    const { budget, hostsOf } = this.#universe
    const state = this.#state
    const prices = this.#prices
    if (to === state.host[vm] || !contains(hostsOf[vm]!, to)) return false
    this.#vm[0] = vm
    this.#host[0] = to
    if (prices.price(this.#vm, this.#host) >= below) return false
    if (budget && !state.keepsBudget(this.#vm, this.#host, budget.limit)) return false
    const { level, penalty, passed } = prices
    const from = state.host[vm]!
    const errors = state.level(0)
    state.move(vm, to)
    state.settle()
    if (state.level(0) - errors - passed > 0) {
      state.move(vm, from)
      state.settle()
      return false
    }
    this.level += level
    this.penalty += penalty
    this.passed += passed
    return true
  }
}
