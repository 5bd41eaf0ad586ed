import { Heap } from './heap.ts'
import type { Leg, Problem } from './problem.ts'

export interface SearchOptions {
  /** The moving VMs this search is about; the others stay where they are. */
  readonly vms: readonly number[]
  /** Room at the start. */
  readonly rooms: Float64Array
  /** How many stops on the way may be used. */
  readonly maxParks: number
  /** `exact`: the first full sequence found is a best one. `greedy`: towards the end first, for large problems. */
  readonly mode: 'exact' | 'greedy'
  /** Bound of the search in looks at a move. */
  readonly work: number
  /** Violations that this leg brings on the way, `at` being the host of each VM before it; undefined: out of calls. */
  readonly judge?: (at: Int32Array, leg: Leg) => number | undefined
  /** Among equals, legs early in this sequence come first, so that the search departs from it only where it must. */
  readonly follow?: readonly Leg[]
}

/** A sequence of legs, each run alone, that is safe; `done` VMs reach their target and none is left at a stop. */
export interface Sequence {
  readonly legs: readonly Leg[]
  readonly done: number
  readonly parks: number
  /** What the stops cost more than direct moves. */
  readonly extra: number
  readonly violations: number
}

export interface SearchResult {
  readonly best: Sequence
  readonly complete: boolean
  /** Everything reachable was seen: what `best` leaves out cannot be done with so many stops. */
  readonly exhausted: boolean
}

interface Node {
  readonly up: Node | undefined
  readonly leg: Leg
  readonly parks: number
  readonly extra: number
  readonly remaining: number
  /** Orders equals: moves that leave a host others wait for come first. */
  readonly late: number
  readonly serial: number
  violations: number
  judged: boolean
}

/** Stops looked at for each VM in a greedy search: the cheapest that have room. */
const GREEDY_STOPS = 3

const START: Leg = { vm: -1, to: -1 }

/** Better by done, violations, parks, extra cost: negative when `a` is better. */
export function compareSequences(a: Sequence, b: Sequence): number {
  return b.done - a.done || a.violations - b.violations || a.parks - b.parks || a.extra - b.extra
}

/**
 * Best-first search over states (host of each moving VM) for a sequence of legs in which each leg, run alone, fits with both ends
 * counted. The state after a set of direct moves does not depend on their order, so a state is expanded once.
 *
 * Two facts keep it small. A move into a host that has room for everything that may still come there harms nobody and is made at
 * once, without branching (not under a judge, for whom order matters). And a stop need only happen when a move that waits for the
 * room it frees cannot start otherwise.
 */
export function search(problem: Problem, options: SearchOptions): SearchResult {
  return new Search(problem, options).run()
}

class Search {
  readonly #p: Problem
  readonly #o: SearchOptions
  readonly #heap: Heap<Node>
  readonly #seen = new Set<string>()
  readonly #ranks = new Map<string, number>()
  readonly #reserve: Float64Array
  readonly #wanted: Float64Array
  #arrivals: number[][] | undefined
  #best: Sequence = { legs: [], done: 0, parks: 0, extra: 0, violations: 0 }
  #work: number
  #serial = 0

  constructor(problem: Problem, options: SearchOptions) {
    this.#p = problem
    this.#o = options
    this.#work = options.work
    const exact = (a: Node, b: Node) =>
      a.violations - b.violations || a.parks - b.parks || a.extra - b.extra || a.remaining - b.remaining
    const far = (n: Node) => n.remaining + 2 * n.parks + 3 * n.violations
    const greedy = (a: Node, b: Node) => far(a) - far(b) || a.late - b.late || a.extra - b.extra
    const order = options.mode === 'exact' ? exact : greedy
    options.follow?.forEach((leg, i) => {
      this.#ranks.set(`${leg.vm}>${leg.to}`, i)
    })
    this.#heap = new Heap((a, b) => order(a, b) || a.late - b.late || a.serial - b.serial)
    const size = problem.hosts.length * problem.capacities.length
    this.#wanted = new Float64Array(size)
    this.#reserve = new Float64Array(size)
    if (options.maxParks > 0 && !options.judge) this.#reserveForStops()
  }

  run(): SearchResult {
    const { vms } = this.#o
    let node: Node | undefined = this.#node(undefined, START, 0, 0, vms.length, 0)
    node.judged = true
    for (; node; node = this.#heap.pop()) {
      if (this.#work <= 0) break
      const complete = this.#expand(node)
      if (complete === undefined) break
      if (complete) return { best: this.#best, complete: true, exhausted: false }
    }
    return { best: this.#best, complete: false, exhausted: node === undefined }
  }

  /** True: the target is reached. Undefined: the judge takes no more calls. */
  #expand(start: Node): boolean | undefined {
    const { vms, judge } = this.#o
    let node = start
    const { at, rooms } = this.#state(start)
    if (!node.judged && judge) {
      const before = at.slice()
      before[node.leg.vm] = this.#hostBefore(node)
      const more = judge(before, node.leg)
      if (more === undefined) return undefined
      node.judged = true
      node.violations += more
      if (more > 0) {
        this.#heap.push(node)
        return false
      }
    }
    const key = String.fromCharCode(...vms.map(i => at[i]!))
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    this.#work -= vms.length
    const wanted = this.#wantedRoom(at)
    if (!judge) node = this.#harmless(node, at, rooms, wanted)
    if (node !== start) {
      const later = String.fromCharCode(...vms.map(i => at[i]!))
      if (this.#seen.has(later)) return false
      this.#seen.add(later)
    }
    this.#remember(node, at)
    if (node.remaining === 0) return true
    this.#branch(node, at, rooms, wanted)
    return false
  }

  /** Every possible next leg, onto the heap. */
  #branch(node: Node, at: Int32Array, rooms: Float64Array, wanted: Float64Array): void {
    const p = this.#p
    const { vms, maxParks, mode, judge } = this.#o
    const left = maxParks - node.parks
    let direct = 0
    for (const i of vms) {
      const here = at[i]!
      const to = p.to[i]!
      if (here === to || p.obstacle(rooms, i, here, to) >= 0) continue
      direct++
      const late = this.#rank(i, to) ?? (this.#isShort(here, rooms, wanted) ? 0 : 1)
      this.#heap.push(this.#node(node, { vm: i, to }, node.parks, node.extra, node.remaining - 1, late))
    }
    if (left <= 0 || (mode === 'greedy' && direct > 0 && !judge)) return
    for (const i of vms) {
      const here = at[i]!
      if (here !== p.from[i] || !(judge || left > 1 || this.#isShort(here, rooms, wanted))) continue
      let found = 0
      for (const stop of p.stops(i)) {
        this.#work--
        if (p.obstacle(rooms, i, here, stop.host) >= 0) continue
        const leg = { vm: i, to: stop.host }
        const late = this.#rank(i, stop.host) ?? (mode === 'greedy' && !this.#frees(i, at, rooms) ? 1 : 0)
        this.#heap.push(this.#node(node, leg, node.parks + 1, node.extra + stop.extra, node.remaining, late))
        if (mode === 'greedy' && ++found === GREEDY_STOPS) break
      }
    }
  }

  #rank(i: number, to: number): number | undefined {
    return this.#o.follow && (this.#ranks.get(`${i}>${to}`) ?? this.#o.follow.length)
  }

  /** Once VM `i` leaves its host, some move that waits for room there can start. */
  #frees(i: number, at: Int32Array, rooms: Float64Array): boolean {
    const p = this.#p
    const host = at[i]!
    const leaving = p.load(i, host)
    return this.#coming(host).some(
      j => at[j] !== host && p.load(j, host).every((x, c) => x <= 0 || rooms[p.slot(c, host)]! + leaving[c]! >= x),
    )
  }

  #coming(host: number): readonly number[] {
    if (!this.#arrivals) {
      this.#arrivals = this.#p.hosts.map(() => [])
      for (const i of this.#o.vms) this.#arrivals[this.#p.to[i]!]!.push(i)
    }
    return this.#arrivals[host]!
  }

  /** Make every move that can harm nobody, and give the node after them; `at`, `rooms` and `wanted` follow. */
  #harmless(node: Node, at: Int32Array, rooms: Float64Array, wanted: Float64Array): Node {
    const p = this.#p
    if (p.negative) return node
    const left = this.#o.maxParks - node.parks
    for (let again = true; again; ) {
      again = false
      for (const i of this.#o.vms) {
        const to = p.to[i]!
        const here = at[i]!
        if (here === to || !this.#isRoomy(to, rooms, wanted, left)) continue
        p.carry(rooms, i, here, to)
        p.load(i, to).forEach((x, c) => {
          wanted[p.slot(c, to)]! -= x
        })
        at[i] = to
        node = this.#node(node, { vm: i, to }, node.parks, node.extra, node.remaining - 1, 0)
        again = true
      }
      this.#work -= this.#o.vms.length
    }
    return node
  }

  #isRoomy(host: number, rooms: Float64Array, wanted: Float64Array, parksLeft: number): boolean {
    for (let c = 0; c < this.#p.capacities.length; c++) {
      const slot = this.#p.slot(c, host)
      const need = wanted[slot]! + parksLeft * this.#reserve[slot]!
      if (need > 0 && rooms[slot]! < need) return false
    }
    return true
  }

  /** Moves still to come here do not all fit now. */
  #isShort(host: number, rooms: Float64Array, wanted: Float64Array): boolean {
    for (let c = 0; c < this.#p.capacities.length; c++) {
      const slot = this.#p.slot(c, host)
      if (wanted[slot]! > 0 && rooms[slot]! < wanted[slot]!) return true
    }
    return false
  }

  #wantedRoom(at: Int32Array): Float64Array {
    const p = this.#p
    const wanted = this.#wanted.fill(0)
    for (const i of this.#o.vms) {
      const to = p.to[i]!
      if (at[i] === to) continue
      const loads = p.load(i, to)
      for (let c = 0; c < loads.length; c++) wanted[p.slot(c, to)]! += loads[c]!
    }
    return wanted
  }

  /** The largest load a stop may bring to each host. */
  #reserveForStops(): void {
    const p = this.#p
    for (const i of this.#o.vms)
      for (const { host } of p.stops(i))
        p.load(i, host).forEach((x, c) => {
          const slot = p.slot(c, host)
          this.#reserve[slot] = Math.max(this.#reserve[slot]!, x)
        })
  }

  #remember(node: Node, at: Int32Array): void {
    const { vms } = this.#o
    if (vms.some(i => at[i] !== this.#p.from[i] && at[i] !== this.#p.to[i])) return
    const { parks, extra, violations } = node
    const found = { legs: [], done: vms.length - node.remaining, parks, extra, violations }
    if (compareSequences(found, this.#best) < 0) this.#best = { ...found, legs: path(node) }
  }

  #state(node: Node): { at: Int32Array; rooms: Float64Array } {
    const at = Int32Array.from(this.#p.from)
    const rooms = this.#o.rooms.slice()
    for (const { vm, to } of path(node)) {
      this.#p.carry(rooms, vm, at[vm]!, to)
      at[vm] = to
    }
    return { at, rooms }
  }

  #hostBefore(node: Node): number {
    for (let n = node.up; n; n = n.up) if (n.leg.vm === node.leg.vm) return n.leg.to
    return this.#p.from[node.leg.vm]!
  }

  #node(up: Node | undefined, leg: Leg, parks: number, extra: number, remaining: number, late: number): Node {
    const judged = this.#o.judge === undefined
    return { up, leg, parks, extra, remaining, late, serial: this.#serial++, violations: up?.violations ?? 0, judged }
  }
}

function path(node: Node): Leg[] {
  const legs: Leg[] = []
  for (let n = node; n.up; n = n.up) legs.push(n.leg)
  return legs.reverse()
}
