import { type ConditionGraph, RECTIFIER } from './condition-graph.ts'
import type { GraphState } from './graph-state.ts'
import type { Penalties } from './penalties.ts'

/** VMs that a step may move. */
const MOST_VMS = 2

/**
 * What a step changes in a level and in the limits, without making it: as far as the level is a sum of functions of one sum each, over
 * where VMs are. Most of what a policy adds up is, so most steps are refused for a fraction of what making them takes.
 */
export class StepPrices {
  /** Change of the level, of penalties for limits, and of the number of limits passed, by the step priced last. */
  level = 0
  penalty = 0
  passed = 0
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
  /** Sum s adds Σ max(floor, slope × s + offset) to the level, over pieces pieceStart[s] to pieceStart[s + 1]. */
  readonly #pieceStart: Int32Array
  readonly #slope: Float64Array
  readonly #offset: Float64Array
  readonly #floor: Float64Array
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
    this.#pieceStart = new Int32Array(graph.sums + 1)
    for (let s = 0; s < graph.sums; s++) this.#pieceStart[s + 1] = this.#pieceStart[s]! + pieces[s]!.length
    const all = pieces.flat()
    this.#slope = Float64Array.from(all, p => p.slope)
    this.#offset = Float64Array.from(all, p => p.offset)
    this.#floor = Float64Array.from(all, p => p.floor)
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
    const { upper, lower, weight, common, crossing } = this.#penalties
    const sum = this.#state.sums
    const change = this.#change
    const touched = this.#touched
    const pieceStart = this.#pieceStart
    const slope = this.#slope
    const offset = this.#offset
    const floor = this.#floor
    let level = 0
    let beyond = 0
    let passed = 0
    for (let i = 0, n = this.#count; i < n; i++) {
      const s = touched[i]!
      const before = sum[s]!
      const after = before + change[s]!
      change[s] = 0
      for (let p = pieceStart[s]!, end = pieceStart[s + 1]!; p < end; p++) {
        const least = floor[p]!
        const old = slope[p]! * before + offset[p]!
        const now = slope[p]! * after + offset[p]!
        level += Math.max(now, least) - Math.max(old, least)
      }
      const most = upper[s]!
      const least = lower[s]!
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
    }
    this.level += level
    this.penalty = beyond * common + passed * crossing
    this.passed = passed
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
