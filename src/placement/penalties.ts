import { type ConditionGraph, THRESHOLD } from './condition-graph.ts'

/** How fast weights grow and fall: factors of e over the whole schedule. */
const COMMON_RATE = 50
const OWN_RATE = { up: 40, down: 20 }
/** What passing a limit costs however little it is passed by, as a share of what one VM too many costs. */
const CROSSING = 0.1

/**
 * Prices of errors, so that a search may pass through placements that have some: what exceeds a limit on a sum is paid by the amount, any
 * other error by number. All prices follow one common weight, which rises while there are more errors than wanted and falls while there are
 * fewer; a limit that stays passed gets dearer by itself, as a Lagrange multiplier does under subgradient steps (dynamic penalties:
 * Wah and Wang 1999; strategic oscillation: Glover 1977).
 */
export class Penalties {
  /** A sum is an error from `upper` upwards, and from `lower` downwards. */
  readonly upper: Float64Array
  readonly lower: Float64Array
  /** What a unit beyond the limit costs, in units of `common`. */
  readonly weight: Float64Array
  /** What an average VM too many costs. */
  common: number
  readonly #sum: Float64Array
  readonly #limited: Int32Array
  readonly #least: Float64Array

  /** @param sum the graph's sums as they are now */
  constructor(graph: ConditionGraph, sum: Float64Array, common: number) {
    this.#sum = sum
    this.common = common
    this.upper = new Float64Array(graph.sums).fill(Number.POSITIVE_INFINITY)
    this.lower = new Float64Array(graph.sums).fill(Number.NEGATIVE_INFINITY)
    const errors = graph.levels[0]!
    const { cells, factors } = graph.sumTerms[errors.sum]!
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      const s = graph.sumOf[cell]!
      if (graph.kind[cell] !== THRESHOLD || factors[i]! * errors.unit < 0 || !graph.restsOnAtoms(s)) continue
      const unit = graph.unit[cell]!
      const limit = (graph.bound[cell]! - graph.constant[cell]!) / unit
      if (unit > 0) this.upper[s] = Math.min(this.upper[s]!, limit)
      else this.lower[s] = Math.max(this.lower[s]!, limit)
    }
    const limited: number[] = []
    this.#least = new Float64Array(graph.sums)
    for (let s = 0; s < graph.sums; s++) {
      if (!Number.isFinite(this.upper[s]!) && !Number.isFinite(this.lower[s]!)) continue
      limited.push(s)
      this.#least[s] = 1 / meanSize(graph.sumTerms[s]!.factors)
    }
    this.#limited = Int32Array.from(limited)
    this.weight = this.#least.slice()
  }

  /** Begin again: no limit is dearer than others by itself. */
  reset(common: number): void {
    this.common = common
    this.weight.set(this.#least)
  }

  /** What passing a limit costs, whatever it is passed by. */
  get crossing(): number {
    return CROSSING * this.common
  }

  isLimited(s: number): boolean {
    return Number.isFinite(this.upper[s]!) || Number.isFinite(this.lower[s]!)
  }

  isPassed(s: number): boolean {
    return this.#sum[s]! >= this.upper[s]! || this.#sum[s]! <= this.lower[s]!
  }

  /** @param progress share of the schedule since the last time */
  adaptCommon(tooMany: boolean, progress: number): void {
    this.common *= Math.exp((tooMany ? COMMON_RATE : -COMMON_RATE) * progress)
  }

  /**
   * @param progress share of the schedule since the last time
   * @param most how many times dearer than another a limit may get by itself
   */
  adaptOwn(progress: number, most: number): void {
    const up = Math.exp(OWN_RATE.up * progress)
    const down = Math.exp(-OWN_RATE.down * progress)
    const { weight } = this
    for (const s of this.#limited) {
      const least = this.#least[s]!
      if (this.isPassed(s)) weight[s] = Math.min(most * least, weight[s]! * up)
      else if (weight[s] !== least) weight[s] = least + (weight[s]! - least) * down
    }
  }
}

function meanSize(factors: Float64Array): number {
  let total = 0
  for (const f of factors) total += Math.abs(f)
  return total / factors.length || 1
}
