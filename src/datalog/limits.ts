import { DiagnosticError } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import { leastRowBytes, type MemoryGauge } from './memory-gauge.ts'
import type { Profile } from './profile.ts'
import type { EvaluationLimits } from './types.ts'

/** Steps of work between two looks at the clock. */
const FUEL = 20_000

/** Steps up to the first look that a long run begins with. Even, so that the looks fall to each of two nested loops in turn. */
const FIRST_FUEL = 6

/** Derived tuples between two looks at the memory. */
const MEASURE = 16_384

/** About what a row of an answer takes in bytes, and each of its cells. */
const ANSWER_ROW = 120
const ANSWER_CELL = 20

/** What a guard watches. */
export interface GuardOptions extends EvaluationLimits {
  readonly profile?: Profile
  /** Every policy has an account of its own, which the limits are for; otherwise there is one for all rules. */
  readonly each?: boolean
}

/** A limit was reached. */
export class LimitError extends DiagnosticError {
  /** The rule at work then, unless it was a query. */
  readonly rule: CoreRule | undefined

  constructor(rule: CoreRule | undefined, what: string, who: string) {
    const name = rule ? `rule \`${rule.text || rule.head.table}\`` : 'a query'
    super([
      {
        code: 'datalog/limit',
        severity: 'error',
        message: `${name} was stopped: ${who} ${what}`,
        ...(rule ? { span: rule.span } : {}),
        help: 'join the rule on more columns, or raise the limit',
      },
    ])
    this.name = 'LimitError'
    this.rule = rule
  }
}

interface Account {
  /** What may still be used. */
  tuples: number
  milliseconds: number
  /** What the tuples derived so far take at least. */
  bytes: number
}

/**
 * Watches one evaluation: its time, the tuples it derives and the memory they take, and the rule at work when a limit is reached.
 *
 * Tuples are granted in portions of what may come before something must be looked at: the count of a single tuple is one subtraction.
 */
export class Guard {
  readonly #limits: GuardOptions
  readonly #gauge: MemoryGauge | undefined
  /** Where the costs of rules are added up, when somebody wants to know them. */
  readonly profile: Profile | undefined
  /** Steps taken before those that `#portion` and `fuel` tell of. */
  #spent = 0
  #portion = FUEL
  #deadline = Number.POSITIVE_INFINITY
  /** Of the present grant. */
  #left = 0
  /** Tuples granted so far, and how many of those derived are accounted for. */
  #lent = 0
  #settled = 0
  /** What the rows of an answer take, in bytes. */
  #answer = 0
  /** By policy, where each has its own. */
  readonly #accounts: Map<string | undefined, Account> | undefined
  #account: Account
  /** Steps until the next look at the clock: count down, and call `refuel` below zero. */
  fuel = FUEL
  #rule: CoreRule | undefined

  /** `gauge` measures for the limit on memory; without it there is none. */
  constructor(limits: GuardOptions, gauge?: MemoryGauge) {
    this.#limits = limits
    this.#gauge = limits.megabytes === undefined ? undefined : gauge
    this.profile = limits.profile
    this.#accounts = limits.each ? new Map() : undefined
    this.#account = this.#open(undefined)
  }

  get rule(): CoreRule | undefined {
    return this.#rule
  }

  /** The rule that goes to work. */
  set rule(rule: CoreRule | undefined) {
    if (this.#limits.each && rule?.policy !== this.#rule?.policy) {
      this.#close()
      this.#rule = rule
      this.#account = this.#open(rule?.policy)
    }
    this.#rule = rule
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
    // Looking at the clock costs more than a small transaction: only where there is a limit.
    if (this.#deadline !== Number.POSITIVE_INFINITY && performance.now() > this.#deadline)
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
    if (this.#left < 0) this.#settle()
  }

  /** A row of an answer, which is kept as JavaScript values; throws when they are too many, or take too much memory. */
  answered(cells: number): void {
    this.derived()
    this.#answer += ANSWER_ROW + ANSWER_CELL * cells
    const { megabytes } = this.#limits
    if (megabytes !== undefined && this.#answer > megabytes * 1e6) this.#stop(`holds more than ${megabytes} MB`)
  }

  /** The evaluation is over; throws when the last of it went over a limit. */
  finish(): void {
    if (this.#gauge) this.#settle()
  }

  /** Steps of work so far: rows that joins looked at. */
  get rows(): number {
    return this.#spent + this.#portion - this.fuel
  }

  /** Tuples derived so far. */
  get tuples(): number {
    return this.#lent - this.#left
  }

  /** Begin to charge a policy, or all of them together. */
  #open(policy: string | undefined): Account {
    let account = this.#accounts?.get(policy)
    if (!account) {
      const { derivedTuples = Number.MAX_SAFE_INTEGER, milliseconds = Number.POSITIVE_INFINITY } = this.#limits
      account = { tuples: derivedTuples, milliseconds, bytes: 0 }
      this.#accounts?.set(policy, account)
    }
    if (this.#limits.milliseconds !== undefined) this.#deadline = performance.now() + account.milliseconds
    this.#lend(account)
    return account
  }

  #close(): void {
    this.#settle()
    if (this.#limits.milliseconds === undefined) return
    this.#account.milliseconds = this.#deadline - performance.now()
    if (this.#account.milliseconds < 0) this.#stop(`ran for more than ${this.#limits.milliseconds} ms`)
  }

  /** Charge what was derived since the last time, and grant anew. */
  #settle(): void {
    const tuples = this.tuples - this.#settled
    this.#settled += tuples
    this.#account.tuples -= tuples
    this.#account.bytes += tuples * leastRowBytes(this.#rule?.head.args.length ?? 1)
    if (this.#account.tuples < 0) this.#stop(`derived more than ${this.#limits.derivedTuples} tuples`)
    const { megabytes } = this.#limits
    const policy = this.#limits.each ? this.#rule?.policy : undefined
    if (this.#gauge && megabytes !== undefined && this.#gauge.since(policy, tuples) >= MEASURE) {
      // Tuples may be announced long before they are stored.
      const bytes = Math.max(this.#gauge.bytes(policy), this.#account.bytes)
      if (bytes > megabytes * 1e6) this.#stop(`holds more than ${megabytes} MB`)
    }
    this.#lend(this.#account)
  }

  #lend(account: Account): void {
    const derived = this.tuples
    this.#left = this.#gauge ? Math.min(account.tuples, MEASURE) : account.tuples
    this.#lent = derived + this.#left
  }

  #stop(what: string): never {
    const policy =
      this.#limits.each && this.#rule ? `its policy \`${this.#rule.policy}\`` : this.#rule ? 'this evaluation' : 'it'
    throw new LimitError(this.#rule, what, policy)
  }
}
