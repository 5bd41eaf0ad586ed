import type { AggregateOperator } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { ExactSum } from './exact-sum.ts'

/** The largest number that `sum` and `mean` take in, about 8e270: any 2^31 such numbers have a finite exact sum. */
export const SUM_LIMIT = 2 ** 900

/** Why an aggregate over bindings gave no value although there were some. */
export type AggregateFault = 'mixed-aggregate' | 'sum-past-2^53'

/**
 * One group of an aggregate, fed with one value for each binding. Its answer does not depend on their order: sums are exact
 * before they are rounded once. A value that is undefined (its arithmetic failed) or of a wrong type makes the literal fail.
 */
export class Accumulator {
  readonly #operator: AggregateOperator
  readonly #sum = new ExactSum()
  #best: Value | undefined
  #bad = false
  bindings = 0

  constructor(operator: AggregateOperator) {
    this.#operator = operator
  }

  add(value: Value | undefined): void {
    this.bindings++
    if (this.#operator === 'count' || this.#bad) return
    if (this.#operator === 'sum' || this.#operator === 'mean') {
      if (typeof value === 'number' && Math.abs(value) <= SUM_LIMIT) this.#sum.add(value)
      else this.#bad = true
      return
    }
    if (typeof value !== 'number' && typeof value !== 'string') this.#bad = true
    else if (this.#best === undefined) this.#best = value
    else if (typeof this.#best !== typeof value) this.#bad = true
    else if (this.#operator === 'min' ? value < this.#best! : value > this.#best!) this.#best = value
  }

  /** The answer, or undefined where the literal fails. */
  result(report: (why: AggregateFault) => void): Value | undefined {
    if (this.#operator === 'count') return this.bindings
    if (this.#bad) {
      report('mixed-aggregate')
      return undefined
    }
    if (this.#operator === 'min' || this.#operator === 'max') return this.#best
    const sum = this.#sum.value
    if (this.#operator === 'mean') {
      const mean = sum / this.bindings
      return Number.isFinite(mean) ? mean + 0 : undefined
    }
    if (!Number.isFinite(sum)) return undefined
    if (Math.abs(sum) > Number.MAX_SAFE_INTEGER) {
      report('sum-past-2^53')
      return undefined
    }
    return sum
  }
}
