import type { Random } from './random.ts'
import { contains, freeVms, type Possibilities, restrict } from './universe.ts'

/** Draws for each host wanted: of few possible ones the same may be drawn again. */
const DRAWS_PER_HOST = 3

/** Some hosts and what is on them: everything else stays where it is. */
export interface Part {
  readonly possible: Possibilities
  /** VMs on these hosts. */
  readonly vms: number
}

/** Random parts of what is possible. */
export class Parts {
  readonly #universe: Possibilities
  readonly #random: Random
  readonly #free: readonly number[]

  constructor(universe: Possibilities, random: Random) {
    this.#universe = universe
    this.#random = random
    this.#free = freeVms(universe)
  }

  /**
   * The host of a VM, and further ones of those where that VM can be: between hosts that no VM can go to and fro nothing is exchanged.
   * @param from the host of each VM
   * @returns undefined where no VM can be anywhere else
   */
  draw(from: ArrayLike<number>, hosts: number): Part | undefined {
    if (this.#free.length === 0) return undefined
    const { hostsOf } = this.#universe
    const random = this.#random
    const first = random.pick(this.#free)
    const chosen = new Set([from[first]!])
    for (let draws = DRAWS_PER_HOST * hosts; chosen.size < hosts && draws > 0; draws--)
      chosen.add(random.pick(hostsOf[first]!))
    const ascending = [...chosen].sort((a, b) => a - b)
    let vms = 0
    const within = hostsOf.map((list, vm) => {
      const here = from[vm]!
      if (!chosen.has(here)) return [here]
      vms++
      return ascending.filter(h => h === here || contains(list, h))
    })
    return { possible: restrict(this.#universe, within), vms }
  }
}
