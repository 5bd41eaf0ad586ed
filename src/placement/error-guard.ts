import { type ConditionGraph, THRESHOLD } from './condition-graph.ts'

/** The limits on sums whose passing is an error at once. */
export class ErrorGuard {
  readonly #sum: Float64Array
  /** A sum is an error from `upper` upwards, and from `lower` downwards. */
  readonly #upper: Float64Array
  readonly #lower: Float64Array
  readonly #start: Int32Array
  readonly #limited: Int32Array
  readonly #factor: Float64Array
  readonly #change: Float64Array
  readonly #touched: Int32Array
  #count = 0

  constructor(graph: ConditionGraph, sum: Float64Array) {
    this.#sum = sum
    this.#upper = new Float64Array(graph.sums).fill(Number.POSITIVE_INFINITY)
    this.#lower = new Float64Array(graph.sums).fill(Number.NEGATIVE_INFINITY)
    const errors = graph.levels[0]!
    const { cells, factors } = graph.sumTerms[errors.sum]!
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      if (graph.kind[cell] !== THRESHOLD || factors[i]! * errors.unit < 0) continue
      const [s, unit] = [graph.sumOf[cell]!, graph.unit[cell]!]
      const limit = (graph.bound[cell]! - graph.constant[cell]!) / unit
      if (unit > 0) this.#upper[s] = Math.min(this.#upper[s]!, limit)
      else this.#lower[s] = Math.max(this.#lower[s]!, limit)
    }
    const isLimited = (s: number): boolean => Number.isFinite(this.#upper[s]) || Number.isFinite(this.#lower[s])
    const { termStart, termSum, termFactor } = graph
    this.#start = new Int32Array(termStart.length)
    const limited: number[] = []
    const factor: number[] = []
    for (let cell = 0; cell + 1 < termStart.length; cell++) {
      for (let i = termStart[cell]!; graph.depth[cell] === 0 && i < termStart[cell + 1]!; i++) {
        if (!isLimited(termSum[i]!)) continue
        limited.push(termSum[i]!)
        factor.push(termFactor[i]!)
      }
      this.#start[cell + 1] = limited.length
    }
    this.#limited = Int32Array.from(limited)
    this.#factor = Float64Array.from(factor)
    this.#change = new Float64Array(graph.sums)
    this.#touched = new Int32Array(graph.sums)
  }

  begin(): void {
    this.#count = 0
  }

  /** An atom becomes true (1) or false (-1). */
  change(atom: number, by: 1 | -1): void {
    for (let i = this.#start[atom]!, end = this.#start[atom + 1]!; i < end; i++) {
      const s = this.#limited[i]!
      if (this.#change[s] === 0) this.#touched[this.#count++] = s
      this.#change[s]! += by * this.#factor[i]!
    }
  }

  holds(): boolean {
    let holds = true
    for (let i = 0; i < this.#count; i++) {
      const s = this.#touched[i]!
      const before = this.#sum[s]!
      const after = before + this.#change[s]!
      this.#change[s] = 0
      if (after >= this.#upper[s]! && before < this.#upper[s]!) holds = false
      if (after <= this.#lower[s]! && before > this.#lower[s]!) holds = false
    }
    return holds
  }
}
