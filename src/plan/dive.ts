import type { Leg, Problem } from './problem.ts'
import { compareSequences, type Sequence } from './search.ts'

/** How many dives, each with another way of ordering equals. */
const DIVES = 6

/**
 * For problems too large to search: go straight towards the target without ever going back, a few times, and take the best.
 * Moves that can be made are made, those first that end a stop, then those that leave a host others wait for; when none can, the
 * cheapest stop that lets one start. Costs about (number of legs) × (number of VMs) for each dive.
 */
export function dive(problem: Problem, vms: readonly number[], mayStop = true): Sequence {
  let best: Sequence = { legs: [], done: 0, parks: 0, extra: 0, violations: 0 }
  for (let seed = 0; seed < DIVES && (best.done < vms.length || best.parks > 0); seed++) {
    const found = new Dive(problem, vms, seed).run(mayStop)
    if (compareSequences(found, best) < 0) best = found
  }
  return best
}

class Dive {
  readonly #p: Problem
  readonly #vms: readonly number[]
  readonly #seed: number
  readonly #at: number[]
  readonly #rooms: Float64Array
  readonly #wanted: Float64Array
  readonly #coming: number[][]
  readonly #legs: Leg[] = []
  #best: Sequence = { legs: [], done: 0, parks: 0, extra: 0, violations: 0 }
  #parked = 0
  #done = 0
  #parks = 0
  #extra = 0

  constructor(problem: Problem, vms: readonly number[], seed: number) {
    this.#p = problem
    this.#vms = vms
    this.#seed = seed
    this.#at = [...problem.from]
    this.#rooms = problem.rooms()
    this.#wanted = new Float64Array(this.#rooms.length)
    this.#coming = problem.hosts.map(() => [])
    for (const i of vms) {
      this.#coming[problem.to[i]!]!.push(i)
      this.#want(i, 1)
    }
  }

  run(mayStop: boolean): Sequence {
    for (;;) {
      const leg = this.#direct() ?? (mayStop ? this.#stop() : undefined)
      if (!leg) return this.#best
      this.#go(leg)
    }
  }

  #direct(): Leg | undefined {
    const p = this.#p
    let best: Leg | undefined
    let bestScore = Number.POSITIVE_INFINITY
    for (const i of this.#vms) {
      const here = this.#at[i]!
      const to = p.to[i]!
      if (here === to || p.obstacle(this.#rooms, i, here, to) >= 0) continue
      const parked = here !== p.from[i]
      const score = (parked ? 0 : 8) + (this.#isShort(to) ? 4 : 0) + (this.#isShort(here) ? 0 : 2) + this.#chance(i)
      if (score < bestScore) {
        best = { vm: i, to }
        bestScore = score
      }
    }
    return best
  }

  #stop(): Leg | undefined {
    const stuck = this.#vms.filter(i => {
      const here = this.#at[i]!
      return here === this.#p.from[i] && here !== this.#p.to[i] && this.#isShort(here)
    })
    const helpful = stuck.filter(i => this.#frees(i))
    return this.#cheapestStop(helpful) ?? this.#cheapestStop(stuck)
  }

  /** Where nobody else wants to go, if there is such a stop. */
  #cheapestStop(vms: readonly number[]): Leg | undefined {
    const p = this.#p
    let best: Leg | undefined
    let bestScore = Number.POSITIVE_INFINITY
    let bestExtra = Number.POSITIVE_INFINITY
    for (const i of vms) {
      const least = this.#chance(i)
      for (const { host, extra } of p.stops(i)) {
        // Stops come the cheapest first, so nothing better follows.
        if (least > bestScore || (least === bestScore && extra >= bestExtra)) break
        if (p.obstacle(this.#rooms, i, this.#at[i]!, host) >= 0) continue
        const score = least + (this.#isShort(host, i) ? 2 : 0)
        if (score > bestScore || (score === bestScore && extra >= bestExtra)) continue
        best = { vm: i, to: host }
        bestScore = score
        bestExtra = extra
      }
    }
    return best
  }

  #go({ vm, to }: Leg): void {
    const p = this.#p
    const here = this.#at[vm]!
    if (here !== p.from[vm]) this.#parked--
    if (to === p.to[vm]) {
      this.#done++
      this.#want(vm, -1)
    } else {
      this.#parked++
      this.#parks++
      this.#extra += p.stops(vm).find(s => s.host === to)!.extra
    }
    p.carry(this.#rooms, vm, here, to)
    this.#at[vm] = to
    this.#legs.push({ vm, to })
    if (this.#parked === 0)
      this.#best = { legs: [...this.#legs], done: this.#done, parks: this.#parks, extra: this.#extra, violations: 0 }
  }

  /** Once VM `i` leaves its host, some move that waits for room there can start. */
  #frees(i: number): boolean {
    const p = this.#p
    const host = this.#at[i]!
    const leaving = p.load(i, host)
    return this.#coming[host]!.some(
      j =>
        this.#at[j] !== host &&
        p.load(j, host).every((x, c) => x <= 0 || this.#rooms[p.slot(c, host)]! + leaving[c]! >= x),
    )
  }

  /** What is still to come to this host does not fit now; or would not, with VM `guest` stopping there. */
  #isShort(host: number, guest?: number): boolean {
    const p = this.#p
    const more = guest === undefined ? undefined : p.load(guest, host)
    for (let c = 0; c < p.capacities.length; c++) {
      const slot = p.slot(c, host)
      if (this.#wanted[slot]! > 0 && this.#rooms[slot]! < this.#wanted[slot]! + (more?.[c] ?? 0)) return true
    }
    return false
  }

  #want(i: number, sign: number): void {
    const p = this.#p
    const to = p.to[i]!
    p.load(i, to).forEach((x, c) => {
      this.#wanted[p.slot(c, to)]! += sign * x
    })
  }

  /** Below 1, another order of equals for each seed; none for the first. */
  #chance(i: number): number {
    return this.#seed === 0 ? 0 : (((i + 1) * 7919 * this.#seed) % 1009) / 1010
  }
}
