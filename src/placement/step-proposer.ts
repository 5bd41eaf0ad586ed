import type { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import { contains, freeVms, type Possibilities } from './universe.ts'

/**
 * What steps are drawn, by weight: a VM anywhere; a moved VM home; two VMs for each other; a VM to where another is, which goes home.
 * What a VM that left still uses makes many ways one-way: home is the one that is always open.
 */
const MIX = { anywhere: 0.4, home: 0.15, exchange: 0.25, replace: 0.2 }
/** VMs that one is chosen from when the most burdensome is wanted. */
const CONTESTANTS = 10

/** Random steps within what is possible. */
export class StepProposer {
  /** The step proposed last. */
  vms: readonly number[] = []
  hosts: readonly number[] = []
  readonly #state: GraphState
  readonly #universe: Possibilities
  readonly #random: Random
  readonly #free: number[]
  readonly #one = { vms: [0], hosts: [0] }
  readonly #two = { vms: [0, 0], hosts: [0, 0] }

  constructor(state: GraphState, universe: Possibilities, random: Random) {
    this.#state = state
    this.#universe = universe
    this.#random = random
    this.#free = freeVms(universe)
  }

  /** Draw a step of one or two VMs; false when the draw gives nothing. */
  propose(): boolean {
    if (this.#free.length === 0 || !this.#draw()) return false
    const { budget } = this.#universe
    return !budget || this.#state.keepsBudget(this.vms, this.hosts, budget.limit)
  }

  /** Draw a VM and a host for it, whatever the budget says; false when the draw gives nothing. */
  proposeMove(): boolean {
    return this.#free.length > 0 && this.#moveAnywhere(this.#random.pick(this.#free))
  }

  /** The same for the VM that of some, drawn at random, it is cheapest to be rid of. */
  proposeMoveOfBurden(priceOfLeaving: (vm: number) => number): boolean {
    if (this.#free.length === 0) return false
    let vm = -1
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < CONTESTANTS; i++) {
      const contestant = this.#random.pick(this.#free)
      const price = priceOfLeaving(contestant)
      if (vm >= 0 && price >= least) continue
      vm = contestant
      least = price
    }
    return this.#moveAnywhere(vm)
  }

  #draw(): boolean {
    const { current } = this.#universe
    const { host } = this.#state
    const random = this.#random
    const vm = random.pick(this.#free)
    let kind = random.next()
    kind -= MIX.anywhere
    if (kind < 0) return this.#moveAnywhere(vm)
    kind -= MIX.home
    if (kind < 0) return contains(this.#universe.hostsOf[vm]!, current[vm]!) && this.#move(vm, current[vm]!)
    const other = random.pick(this.#free)
    kind -= MIX.exchange
    return this.#moveBoth(vm, other, kind < 0 ? host[vm]! : current[other]!)
  }

  #moveAnywhere(vm: number): boolean {
    return this.#move(vm, this.#random.pick(this.#universe.hostsOf[vm]!))
  }

  #move(vm: number, to: number): boolean {
    const { vms, hosts } = this.#one
    vms[0] = vm
    hosts[0] = to
    this.vms = vms
    this.hosts = hosts
    return to !== this.#state.host[vm]
  }

  /** A VM to where another is, and that one elsewhere. */
  #moveBoth(vm: number, other: number, otherTo: number): boolean {
    const { hostsOf } = this.#universe
    const { host } = this.#state
    const to = host[other]!
    if (to === host[vm] || to === otherTo || !contains(hostsOf[vm]!, to) || !contains(hostsOf[other]!, otherTo))
      return false
    const { vms, hosts } = this.#two
    vms[0] = vm
    hosts[0] = to
    vms[1] = other
    hosts[1] = otherTo
    this.vms = vms
    this.hosts = hosts
    return true
  }
}
