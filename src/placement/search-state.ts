import type { Value } from '../tables/index.ts'
import type { HostRoom } from './host-room.ts'
import { aimNames, compareVectors, type Judge, priorities, type Verdict, vectorOf } from './judge.ts'
import { contains, type Universe } from './universe.ts'

/** A change of the placement: these VMs to these hosts, all at once. */
export interface Step {
  readonly vms: readonly number[]
  readonly hosts: readonly number[]
}

/** Where a step leads. */
export interface Prospect {
  readonly step: Step
  readonly vector: readonly number[]
  readonly distance: number
}

/** What the squared distances weigh beside the number of errors. */
const DISTANCE_WEIGHT = 200

/**
 * Negative: a is more promising. Errors come first, but each weighs more the farther it is from being mended, by the square: otherwise
 * the fewest errors would be had by piling everything that is too much on one host.
 */
export function compareProspects(a: Prospect, b: Prospect): number {
  const burden = (p: Prospect): number => p.vector[0]! + DISTANCE_WEIGHT * p.distance
  return compareVectors([burden(a)], [burden(b)]) || compareVectors(a.vector, b.vector)
}

/** The more promising of two, where there are two. */
export function betterProspect(a: Prospect | undefined, b: Prospect | undefined): Prospect | undefined {
  return b && (!a || compareProspects(b, a) < 0) ? b : a
}

/**
 * A placement under change, with the evaluator standing at it. A step is priced by applying it to the policy's own rules and rolling back,
 * so that any policy can be searched, translatable or not.
 */
export class SearchState {
  readonly universe: Universe
  readonly host: Int32Array
  /** What fits on which host by the limits of the policy, kept where the VMs are; undefined where that is not known. */
  readonly room: HostRoom | undefined
  /** VM numbers on each host. */
  readonly guests: Set<number>[]
  readonly #judge: Judge
  readonly #priorities: number[]
  #vector: number[]
  /** Squared distances to mending what is violated, from an arbitrary zero: only differences count. */
  #distance = 0
  #prices = 0

  constructor(judge: Judge, universe: Universe, room?: HostRoom) {
    this.#judge = judge
    this.universe = universe
    this.room = room
    this.host = Int32Array.from(universe.current)
    this.guests = universe.hosts.map(() => new Set())
    for (const [vm, h] of this.host.entries()) this.guests[h]!.add(vm)
    const verdict = this.#verdict()
    this.#priorities = [...new Set([...priorities(verdict), ...constantPriorities(judge)])].sort((a, b) => b - a)
    this.#vector = vectorOf(verdict, this.#priorities)
  }

  /** Errors, warnings, costs by falling priority, migration cost, moves. */
  get vector(): readonly number[] {
    return this.#vector
  }

  /** The vector by the names of the aims. */
  get values(): ReadonlyMap<string, number> {
    return new Map(aimNames(this.#priorities).map((name, i) => [name, this.#vector[i]!]))
  }

  /** Steps priced so far: the measure of work. */
  get prices(): number {
    return this.#prices
  }

  /** What the step would lead to; undefined where it breaks the budget or a candidate. */
  price(step: Step): Prospect | undefined {
    const { universe, host } = this
    let migration = this.#vector.at(-2)!
    let moves = this.#vector.at(-1)!
    for (const [i, vm] of step.vms.entries()) {
      const to = step.hosts[i]!
      if (!contains(universe.hostsOf[vm]!, to)) return undefined
      migration += universe.cost(vm, to) - universe.cost(vm, host[vm]!)
      moves += Number(to !== universe.current[vm]) - Number(host[vm] !== universe.current[vm])
    }
    if (universe.budget && migration > universe.budget.limit + 1e-9 && migration > this.#vector.at(-2)! + 1e-9)
      return undefined
    this.#prices++
    const vector = this.#vector.slice()
    let distance = this.#distance
    this.#judge.price(step.vms, step.hosts, (role, priority, amount) => {
      if (role === 'guide') distance += amount
      else if (role === 'error') vector[0]! += amount
      else if (role === 'warning') vector[1]! += amount
      else vector[2 + this.#level(priority, vector)]! += amount
    })
    vector[vector.length - 2] = migration
    vector[vector.length - 1] = moves
    return { step, vector, distance }
  }

  /** The prospect of staying, to come back to. */
  get here(): Prospect {
    return { step: { vms: [], hosts: [] }, vector: this.#vector.slice(), distance: this.#distance }
  }

  take({ step, vector, distance }: Prospect): void {
    this.#judge.goTo(step.vms, step.hosts)
    step.vms.forEach((vm, i) => {
      this.guests[this.host[vm]!]!.delete(vm)
      this.room?.move(vm, this.host[vm]!, step.hosts[i]!)
      this.host[vm] = step.hosts[i]!
      this.guests[step.hosts[i]!]!.add(vm)
    })
    this.#distance = distance
    // A priority that turned up since makes an old vector too short.
    if (vector.length === this.#vector.length) this.#vector = vector.slice()
    else this.#vector = vectorOf(this.#verdict(), this.#priorities)
  }

  /** Go back to where the state stood, with the prospect it had there. */
  return(host: ArrayLike<number>, prospect: Prospect): void {
    const vms: number[] = []
    for (let vm = 0; vm < this.host.length; vm++) if (host[vm] !== this.host[vm]) vms.push(vm)
    this.take({ ...prospect, step: { vms, hosts: vms.map(vm => host[vm]!) } })
  }

  /** Stand at a placement found elsewhere, if it is better. */
  adopt(host: ArrayLike<number>): boolean {
    return this.adoptPart([...this.host.keys()], host)
  }

  /** The same for some VMs, `host[i]` being that of `vms[i]`. */
  adoptPart(part: readonly number[], host: ArrayLike<number>): boolean {
    const vms: number[] = []
    const hosts: number[] = []
    part.forEach((vm, i) => {
      if (host[i] === this.host[vm]) return
      vms.push(vm)
      hosts.push(host[i]!)
    })
    const prospect = vms.length > 0 ? this.price({ vms, hosts }) : undefined
    if (!prospect || !this.improves(prospect)) return false
    this.take(prospect)
    return true
  }

  improves({ vector }: Prospect): boolean {
    return compareVectors(vector, this.#vector) < 0
  }

  /** Better, or nearer to being better. */
  promises(prospect: Prospect): boolean {
    return compareProspects(prospect, this.here) < 0
  }

  /** Tuples of a role's tables that hold now. */
  tuples(role: 'error' | 'warning' | 'cost'): { readonly table: string; readonly row: readonly Value[] }[] {
    return this.#judge.rowsOf(role)
  }

  #verdict(): Verdict {
    return this.#judge.at(this.host, view => this.#judge.verdict(view, this.host))
  }

  /** Position of a cost's priority; one that turns up for the first time gets a place among the others. */
  #level(priority: number, vector: number[]): number {
    const known = this.#priorities.indexOf(priority)
    if (known >= 0) return known
    const at = this.#priorities.findIndex(p => p < priority)
    const place = at < 0 ? this.#priorities.length : at
    this.#priorities.splice(place, 0, priority)
    this.#vector.splice(2 + place, 0, 0)
    vector.splice(2 + place, 0, 0)
    return place
  }
}

/** Priorities that the cost rules name outright. */
function constantPriorities(judge: Judge): number[] {
  return judge.program.rules.flatMap(rule => {
    const first = rule.head.args[0]
    const isCost = judge.program.tables.get(rule.head.table)?.role === 'cost'
    return isCost && first?.kind === 'constant' && typeof first.value === 'number' ? [first.value] : []
  })
}
