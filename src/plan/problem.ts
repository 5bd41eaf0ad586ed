import { fail } from '../diagnostic/index.ts'
import type { TargetMove } from '../placement/index.ts'
import type { Value } from '../tables/index.ts'
import { type Copies, NO_COPIES } from './copy-jobs.ts'
import { Links } from './links.ts'
import type { Job } from './simulate.ts'
import type { PlanInput } from './types.ts'

/** One migration of a sequence: VM and host as the numbers of a `Problem`. */
export interface Leg {
  readonly vm: number
  readonly to: number
}

/** A place to stop on the way and what it costs more than the direct move. */
export interface Stop {
  readonly host: number
  readonly extra: number
}

/** Relative slack of a limit, so that 0.1 + 0.2 fits into 0.3: sums of floats depend on their order. */
const TOLERANCE = 1e-9
const MIB_PER_GIB = 1024

/**
 * The input of a plan with VMs that move and hosts as small numbers, and with room instead of load: `rooms()[slot(c, h)]` is what
 * capacity `c` still takes on host `h`, negative where the host is over its capacity, Infinity where it has no limit.
 *
 * A host's load is `base(host)` plus `load(vm, host)` of every VM of the placement that is there, the ones that do not move
 * included. A strict limit is taken as one that is smaller by the tolerance.
 */
export class Problem {
  readonly moves: readonly TargetMove[]
  readonly hosts: Value[] = []
  /** Host of each moving VM at the start and at the end. */
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly capacities: PlanInput['capacities']
  /** Some load is negative: arrivals may then free room and departures need it. */
  negative = false
  readonly links: Links
  /** Copies of images that legs wait for; set when the legs are known. */
  copies: Copies = NO_COPIES

  readonly #input: PlanInput
  readonly #hostNumbers = new Map<Value, number>()
  readonly #rooms: Float64Array
  readonly #slack: Float64Array
  readonly #loads: Map<number, Float64Array>[]
  readonly #candidates: number[][]
  readonly #stops: (Stop[] | undefined)[]

  constructor(input: PlanInput) {
    this.#input = input
    this.links = new Links(input.network)
    this.moves = input.moves.filter(m => m.from !== m.to)
    this.capacities = input.capacities
    this.from = this.moves.map(m => this.#number(m.from))
    this.to = this.moves.map(m => this.#number(m.to))
    this.#candidates = this.moves.map((m, i) =>
      [...new Set(input.candidates(m.vm).map(h => this.#number(h)))].filter(
        h => h !== this.from[i] && h !== this.to[i],
      ),
    )
    this.#loads = this.moves.map(() => new Map())
    this.#stops = this.moves.map(() => undefined)
    const size = this.hosts.length * this.capacities.length
    this.#rooms = new Float64Array(size)
    this.#slack = new Float64Array(size)
    this.#measure()
    for (let i = 0; i < this.moves.length; i++)
      for (const h of [this.from[i]!, this.to[i]!]) if (this.load(i, h).some(x => x < 0)) this.negative = true
  }

  get size(): number {
    return this.moves.length
  }

  slot(capacity: number, host: number): number {
    return capacity * this.hosts.length + host
  }

  /** Room at the start, the caller's to change. */
  rooms(): Float64Array {
    return this.#rooms.slice()
  }

  /** What the rounding of sums may cost at this slot, in the capacity's unit. */
  slack(slot: number): number {
    return this.#slack[slot]!
  }

  /** Loads of moving VM `i` on a host, one for each capacity. */
  load(i: number, host: number): Float64Array {
    const known = this.#loads[i]!.get(host)
    if (known) return known
    const { vm } = this.moves[i]!
    const loads = Float64Array.from(this.capacities, c => c.load(vm, this.hosts[host]!))
    this.#loads[i]!.set(host, loads)
    if (loads.some(x => x < 0)) this.negative = true
    return loads
  }

  /** Hosts where VM `i` may stop on its way, the cheapest first. */
  stops(i: number): readonly Stop[] {
    const known = this.#stops[i]
    if (known) return known
    const move = this.moves[i]!
    const { costOf } = this.#input
    const stops = this.#candidates[i]!.map(host => {
      const stop = this.hosts[host]!
      return { host, extra: costOf(move.vm, move.from, stop) + costOf(move.vm, stop, move.to) - move.cost }
    })
    return (this.#stops[i] = stops.sort((a, b) => a.extra - b.extra || a.host - b.host))
  }

  /** Cost of one leg: the target's own figure for a direct move. */
  cost(i: number, from: number, to: number): number {
    const move = this.moves[i]!
    if (from === this.from[i] && to === this.to[i]) return move.cost
    return this.#input.costOf(move.vm, this.hosts[from]!, this.hosts[to]!)
  }

  /** A leg as something to be timed. Without data on memory, the cost is taken for the GiB that it moves. */
  job({ vm, to }: Leg, from: number): Job {
    const [source, target] = [this.hosts[from]!, this.hosts[to]!]
    const name = this.moves[vm]!.vm
    const memory = this.#input.vmMemory?.(name, source, target)
    if (memory && !Object.values(memory).every(x => x === undefined || (Number.isFinite(x) && x >= 0)))
      fail('plan/bad-memory', `the memory of \`${name}\` is given as \`${JSON.stringify(memory)}\``, {
        help: 'give sizes in MiB, rates in MiB/s and times in seconds, all from 0',
      })
    const copy = this.copies.of({ vm, to }, from)
    return {
      from,
      to,
      route: this.links.route(source, target),
      ...(copy !== undefined && { release: this.copies.list[copy]!.end }),
      memory: memory ?? { used: MIB_PER_GIB * Math.max(0, this.cost(vm, from, to)) },
    }
  }

  /** The first capacity that stands against VM `i` going from `from` to `to` now; -1 if none does. */
  obstacle(rooms: Float64Array, i: number, from: number, to: number): number {
    const arriving = this.load(i, to)
    for (let c = 0; c < arriving.length; c++)
      if (arriving[c]! > 0 && rooms[this.slot(c, to)]! - arriving[c]! < 0) return c
    if (!this.negative) return -1
    const leaving = this.load(i, from)
    for (let c = 0; c < leaving.length; c++)
      if (leaving[c]! < 0 && rooms[this.slot(c, from)]! + leaving[c]! < 0) return c
    return -1
  }

  /** Change `rooms` to what they are once VM `i` has gone from `from` to `to`. */
  carry(rooms: Float64Array, i: number, from: number, to: number): void {
    const leaving = this.load(i, from)
    const arriving = this.load(i, to)
    for (let c = 0; c < leaving.length; c++) {
      rooms[this.slot(c, from)]! += leaving[c]!
      rooms[this.slot(c, to)]! -= arriving[c]!
    }
  }

  #number(host: Value): number {
    const known = this.#hostNumbers.get(host)
    if (known !== undefined) return known
    const number = this.hosts.push(host) - 1
    this.#hostNumbers.set(host, number)
    return number
  }

  #measure(): void {
    const here = this.hosts.map((): Value[] => [])
    for (const [vm, host] of this.#input.placement) {
      const number = this.#hostNumbers.get(host)
      if (number !== undefined) here[number]!.push(vm)
    }
    this.capacities.forEach((capacity, c) => {
      this.hosts.forEach((host, h) => {
        const limit = capacity.limit(host)
        const slot = this.slot(c, h)
        if (limit === undefined || limit === Number.POSITIVE_INFINITY) {
          this.#rooms[slot] = Number.POSITIVE_INFINITY
          return
        }
        const slack = TOLERANCE * Math.max(1, Math.abs(limit))
        const load = here[h]!.reduce<number>((sum, vm) => sum + capacity.load(vm, host), capacity.base(host))
        this.#slack[slot] = slack
        this.#rooms[slot] = limit - load + (capacity.strict ? -slack : slack)
      })
    })
  }
}
