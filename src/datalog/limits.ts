import { fail } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import type { EvaluationLimits } from './types.ts'

/** How many ticks pass between looks at the clock. */
const TICKS = 4096

/** Watches one evaluation: its time and the tuples it derives, and the rule at work when a limit is reached. */
export class Guard {
  readonly #limits: EvaluationLimits
  readonly #deadline: number
  #ticks = 0
  #derived = 0
  rule: CoreRule | undefined

  constructor(limits: EvaluationLimits) {
    this.#limits = limits
    this.#deadline = performance.now() + (limits.milliseconds ?? Number.POSITIVE_INFINITY)
  }

  /** Some work was done; throws when the time is over. */
  readonly tick = (): void => {
    if (++this.#ticks % TICKS === 0 && performance.now() > this.#deadline)
      this.#stop(`ran for more than ${this.#limits.milliseconds} ms`)
  }

  /** A tuple was derived. */
  derived(): void {
    if (++this.#derived > (this.#limits.derivedTuples ?? Number.POSITIVE_INFINITY))
      this.#stop(`derived more than ${this.#limits.derivedTuples} tuples`)
    this.tick()
  }

  #stop(what: string): never {
    const rule = this.rule
    const name = rule ? `rule \`${rule.text || rule.head.table}\`` : 'a query'
    fail('datalog/limit', `${name} was stopped: this evaluation ${what}`, {
      ...(rule ? { span: rule.span } : {}),
      help: 'join the rule on more columns, or raise the limit',
    })
  }
}
