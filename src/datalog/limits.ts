import { fail } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import type { Profile } from './profile.ts'
import type { EvaluationLimits } from './types.ts'

/** Steps of work between two looks at the clock. */
const FUEL = 20_000

/** Steps up to the first look that a long run begins with. Even, so that the looks fall to each of two nested loops in turn. */
const FIRST_FUEL = 6

/** Watches one evaluation: its time and the tuples it derives, and the rule at work when a limit is reached. */
export class Guard {
  readonly #limits: EvaluationLimits
  /** Where the costs of rules are added up, when somebody wants to know them. */
  readonly profile: Profile | undefined
  /** Steps taken before those that `#portion` and `fuel` tell of. */
  #spent = 0
  #portion = FUEL
  readonly #deadline: number
  #left: number
  /** Steps until the next look at the clock: count down, and call `refuel` below zero. */
  fuel = FUEL
  rule: CoreRule | undefined

  constructor(limits: EvaluationLimits & { readonly profile?: Profile }) {
    this.#limits = limits
    this.profile = limits.profile
    // Looking at the clock costs more than a small transaction: only where there is a limit.
    this.#deadline =
      limits.milliseconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + limits.milliseconds
    this.#left = limits.derivedTuples ?? Number.MAX_SAFE_INTEGER
  }

  /** One step of work. */
  readonly tick = (): void => {
    if (--this.fuel < 0) this.refuel()
  }

  /** Look at the clock; throws when the time is over, else gives the fuel to go on with. */
  refuel(): number {
    this.#spent += this.#portion + 1
    this.#portion = Math.min(FUEL, this.#portion * 2)
    this.fuel = this.#portion
    if (this.#limits.milliseconds !== undefined && performance.now() > this.#deadline)
      this.#stop(`ran for more than ${this.#limits.milliseconds} ms`)
    return this.fuel
  }

  /**
   * The fuel to begin a long run of a compiled loop with. It is little at first: a loop that is made fast before it has ever looked at
   * the clock must be made fast again when it does.
   */
  start(): number {
    this.#spent += this.#portion - this.fuel
    this.#portion = FIRST_FUEL
    this.fuel = FIRST_FUEL
    return FIRST_FUEL
  }

  /** A tuple was derived; throws when they are too many. */
  derived(): void {
    this.derivedMany(1)
  }

  derivedMany(tuples: number): void {
    this.#left -= tuples
    if (this.#left < 0) this.#stop(`derived more than ${this.#limits.derivedTuples} tuples`)
  }

  /** Steps of work so far: rows that joins looked at. */
  get rows(): number {
    return this.#spent + this.#portion - this.fuel
  }

  /** Tuples derived so far. */
  get tuples(): number {
    return (this.#limits.derivedTuples ?? Number.MAX_SAFE_INTEGER) - this.#left
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
