import { type ConditionGraph, RECTIFIER } from './condition-graph.ts'
import type { GraphState } from './graph-state.ts'
import type { Penalties } from './penalties.ts'

/** Numbers kept of a sum: five, in a power of two that a line of the cache holds. */
const RECORD = 8
const NO_PIECE = { slope: 0, offset: 0, floor: 0 }
/** VMs that a step may move. */
const MOST_VMS = 2

/** What a step changes. */
export interface StepChange {
  /** In the level that is minimised. */
  readonly level: number
  /** In what passing limits costs. */
  readonly penalty: number
  /** In how many limits are passed. */
  readonly passed: number
}

/**
 * What a step changes in a level and in the limits, without making it: as far as the level is a sum of functions of one sum each, over
 * where VMs are. Most of what a policy adds up is, so most steps are refused for a fraction of what making them takes.
 */
export class StepPrices implements StepChange {
  /** Of the step priced last. */
  level = 0
  penalty = 0
  passed = 0
  /** Sums looked at so far: the measure of work. */
  work = 0
  readonly #state: GraphState
  readonly #penalties: Penalties
  /** What an atom adds to the level by itself. */
  readonly #own: Float64Array
  /** Of an atom, how many sums it is a term of, and where their list and that of its factors start: lists are kept once. */
  readonly #terms: Int32Array
  readonly #firstSum: Int32Array
  readonly #firstFactor: Int32Array
  readonly #sums: Int32Array
  readonly #factors: Float64Array
  /**
   * What a sum tells, side by side since it is read together: limits above and below, then slope, offset and floor of the first piece.
   * Sum s adds Σ max(floor, slope × s + offset) to the level, over its pieces.
   */
  readonly #record: Float64Array
  /** The other pieces of the few sums that have several: three numbers each, from pieceStart[s] to pieceStart[s + 1]. */
  readonly #pieceStart: Int32Array
  readonly #pieces: Float64Array
  readonly #change: Float64Array
  readonly #touched: Int32Array
  #count = 0

  constructor(graph: ConditionGraph, state: GraphState, penalties: Penalties, level: number) {
    this.#state = state
    this.#penalties = penalties
    const cellCount = graph.kind.length
    this.#own = new Float64Array(cellCount)
    const pieces = Array.from({ length: graph.sums }, (): Piece[] => [])
    const { sum, unit } = graph.levels[level]!
    const { cells, factors } = graph.sumTerms[sum]!
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      const by = factors[i]! * unit
      const s = graph.sumOf[cell]!
      if (graph.depth[cell] === 0) this.#own[cell] = by
      else if (graph.kind[cell] === RECTIFIER && by > 0 && graph.restsOnAtoms(s))
        pieces[s]!.push({
          slope: by * graph.unit[cell]!,
          offset: by * graph.constant[cell]!,
          floor: by * graph.bound[cell]!,
        })
    }
    this.#record = new Float64Array(graph.sums * RECORD)
    this.#pieceStart = new Int32Array(graph.sums + 1)
    const further: number[] = []
    for (const [s, [first, ...others]] of pieces.entries()) {
      const { slope, offset, floor } = first ?? NO_PIECE
      this.#record.set([penalties.upper[s]!, penalties.lower[s]!, slope, offset, floor], s * RECORD)
      for (const piece of others) further.push(piece.slope, piece.offset, piece.floor)
      this.#pieceStart[s + 1] = further.length
    }
    this.#pieces = Float64Array.from(further)
    this.#terms = new Int32Array(cellCount)
    this.#firstSum = new Int32Array(cellCount)
    this.#firstFactor = new Int32Array(cellCount)
    const sumLists = new SharedLists()
    const factorLists = new SharedLists()
    const { termStart, termSum, termFactor } = graph
    let longest = 0
    for (let cell = 0; cell < cellCount; cell++) {
      if (graph.depth[cell] !== 0) continue
      const own: number[] = []
      for (let i = termStart[cell]!; i < termStart[cell + 1]!; i++)
        if (pieces[termSum[i]!]!.length > 0 || penalties.isLimited(termSum[i]!)) own.push(i)
      this.#terms[cell] = own.length
      longest = Math.max(longest, own.length)
      this.#firstSum[cell] = sumLists.add(own.map(i => termSum[i]!))
      this.#firstFactor[cell] = factorLists.add(own.map(i => termFactor[i]!))
    }
    this.#sums = Int32Array.from(sumLists.items)
    this.#factors = Float64Array.from(factorLists.items)
    this.#change = new Float64Array(graph.sums)
    this.#touched = new Int32Array(longest * 2 * MOST_VMS)
  }

  /** Change of level and penalties together. */
  price(vms: readonly number[], hosts: readonly number[]): number {
    const state = this.#state
    this.#count = 0
    this.level = 0
    for (let i = 0; i < vms.length; i++) {
      const vm = vms[i]!
      const left = state.atomOf(vm, state.host[vm]!)
      const reached = state.atomOf(vm, hosts[i]!)
      if (left >= 0) this.#add(left, -1)
      if (reached >= 0) this.#add(reached, 1)
    }
    this.#addUp()
    return this.level + this.penalty
  }

  /** What it changes that a VM leaves its host, wherever it goes. */
  leaving(vm: number): number {
    const state = this.#state
    this.#count = 0
    this.level = 0
    const left = state.atomOf(vm, state.host[vm]!)
    if (left >= 0) this.#add(left, -1)
    this.#addUp()
    return this.level + this.penalty
  }

  #add(atom: number, by: 1 | -1): void {
    const sums = this.#sums
    const factors = this.#factors
    const change = this.#change
    const touched = this.#touched
    const first = this.#firstSum[atom]!
    const firstFactor = this.#firstFactor[atom]!
    let count = this.#count
    for (let i = 0, n = this.#terms[atom]!; i < n; i++) {
      const s = sums[first + i]!
      const before = change[s]!
      // A sum that comes back to 0 may be listed twice: the second time it has no change.
      if (before === 0) touched[count++] = s
      change[s] = before + by * factors[firstFactor + i]!
    }
    this.#count = count
    this.level += by * this.#own[atom]!
  }

  #addUp(): void {
    const { weight, common, crossing } = this.#penalties
    const sum = this.#state.sums
    const change = this.#change
    const touched = this.#touched
    const record = this.#record
    const pieceStart = this.#pieceStart
    let level = 0
    let beyond = 0
    let passed = 0
    for (let i = 0, n = this.#count; i < n; i++) {
      const s = touched[i]!
      const before = sum[s]!
      const after = before + change[s]!
      change[s] = 0
      const at = s * RECORD
      const most = record[at]!
      const least = record[at + 1]!
      if (after >= most) {
        passed++
        beyond += (after - most) * weight[s]!
      } else if (after <= least) {
        passed++
        beyond += (least - after) * weight[s]!
      }
      if (before >= most) {
        passed--
        beyond -= (before - most) * weight[s]!
      } else if (before <= least) {
        passed--
        beyond -= (least - before) * weight[s]!
      }
      const slope = record[at + 2]!
      if (slope === 0) continue
      const offset = record[at + 3]!
      const floor = record[at + 4]!
      level += Math.max(slope * after + offset, floor) - Math.max(slope * before + offset, floor)
      for (let p = pieceStart[s]!, end = pieceStart[s + 1]!; p < end; p += 3) level += this.#further(p, before, after)
    }
    this.work += this.#count
    this.level += level
    this.penalty = beyond * common + passed * crossing
    this.passed = passed
  }

  #further(p: number, before: number, after: number): number {
    const [slope, offset, floor] = [this.#pieces[p]!, this.#pieces[p + 1]!, this.#pieces[p + 2]!]
    return Math.max(slope * after + offset, floor) - Math.max(slope * before + offset, floor)
  }
}

interface Piece {
  readonly slope: number
  readonly offset: number
  readonly floor: number
}

/** Lists of numbers in one array, equal ones once. */
class SharedLists {
  readonly items: number[] = []
  readonly #startOf = new Map<string, number>()

  /** Where the list starts in `items`. */
  add(list: readonly number[]): number {
    const key = list.join()
    let start = this.#startOf.get(key)
    if (start === undefined) {
      start = this.items.length
      this.#startOf.set(key, start)
      for (const x of list) this.items.push(x)
    }
    return start
  }
}
