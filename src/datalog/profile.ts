import type { CoreRule } from '../language/index.ts'
import type { Guard } from './limits.ts'
import type { RuleProfile } from './types.ts'

type Figures = { -readonly [K in keyof RuleProfile]: RuleProfile[K] }

/**
 * Adds up what each rule costs, over all evaluations. The guard counts rows looked at and tuples in any case; what it counted between
 * the beginning of one run and that of the next belongs to the first, since rows may be put in behind the run that found them.
 */
export class Profile {
  readonly #figures = new Map<CoreRule, Figures>()
  #guard: Guard | undefined
  #last: Figures | undefined
  #rows = 0
  #tuples = 0

  measure<T>(rule: CoreRule, guard: Guard, run: () => T): T {
    this.#settle(guard)
    const figures = this.#of(rule)
    this.#last = figures
    const start = performance.now()
    try {
      return run()
    } finally {
      figures.milliseconds += performance.now() - start
      figures.runs++
      this.#settle(guard)
    }
  }

  /** Hottest first. */
  get rules(): readonly RuleProfile[] {
    if (this.#guard) this.#settle(this.#guard)
    return [...this.#figures.values()].map(f => ({ ...f })).sort((a, b) => b.milliseconds - a.milliseconds)
  }

  #settle(guard: Guard): void {
    if (guard === this.#guard && this.#last) {
      this.#last.rows += guard.rows - this.#rows
      this.#last.tuples += guard.tuples - this.#tuples
    }
    this.#guard = guard
    this.#rows = guard.rows
    this.#tuples = guard.tuples
  }

  #of(rule: CoreRule): Figures {
    let figures = this.#figures.get(rule)
    if (!figures) {
      figures = { rule, milliseconds: 0, tuples: 0, rows: 0, runs: 0 }
      this.#figures.set(rule, figures)
    }
    return figures
  }
}
