import type { Program } from '../language/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'

/** A rule's fate under `carve`, with the reason. */
export interface RuleFate {
  /** `Program.rules` index. */
  readonly rule: number
  /** Text for people: `error` rule of nfv.dl:12. */
  readonly place: string
  /** The rule on one line. */
  readonly text: string
  /**
   * `delegated`: goes to the solver. `data`: does not depend on placement, evaluated as it is. `monitored`: depends on placement but
   * can't be translated; watched and checked against each solution.
   */
  readonly fate: 'delegated' | 'data' | 'monitored'
  /** Why: the decision-dependent literal that makes it delegated, or what stands in the way. */
  readonly reason: string
}

/** Lexicographic aims in order: `errors`, `warnings`, `cost N` by falling priority, `migration cost`, `moves`. */
export interface Aim {
  readonly name: string
  readonly before: number
  readonly after: number
  /** A proven lower bound for `after`, the aims before it held; -Infinity where none is known. */
  readonly bound: number
}

/** A rule instance in words a person can act on, with the tuple it is about. */
export interface RuleInstance {
  /** `error nfv.dl:12`, `candidate`, `migration_budget`, `one host for each VM`, … */
  readonly rule: string
  /** The tuple or fact: `error("s1", "vm1", "vm2")`. */
  readonly instance: string
}

/** An error or warning (or a cost) that stays, and a minimal set of rule instances and facts that conflict. */
export interface Unsatisfied extends RuleInstance {
  /** Empty when it was not worked out (too large, out of time); `note` then says so. */
  readonly conflict: readonly RuleInstance[]
  readonly note?: string
  /** It holds now, and was given up for this aim: `errors: 5 → 2`. */
  readonly brokenFor?: string
  /** Single concessions that were tried and free it, the cheapest first. Absent where none were looked for. */
  readonly concessions?: readonly Concession[]
}

/** One thing allowed that was not, by which a violation goes away. */
export interface Concession {
  readonly kind: 'candidate' | 'host' | 'budget' | 'warning'
  /** In words: `one more host like h1`. */
  readonly what: string
  /** Migration cost of the best placement then. */
  readonly cost: number
}

export interface TargetMove {
  readonly vm: Value
  readonly from: Value
  readonly to: Value
  /** In the unit of migration_cost (GiB by default). */
  readonly cost: number
  /** The rule instances that this move mends or serves. */
  readonly because: readonly RuleInstance[]
}

/** What a host can take, read off a delegated rule that limits a sum on each host. Plans keep to it at every moment. */
export interface Capacity {
  /** The rule it comes from: `nfv.dl:12`. */
  readonly rule: string
  /** Load of a VM on a host, in the rule's unit; 0 when it does not count. */
  load(vm: Value, host: Value): number
  /** Load that is there without any VM that can move (fixed part). */
  base(host: Value): number
  /** Undefined: this host is not limited by the rule. */
  limit(host: Value): number | undefined
  /** The bound itself is not allowed (`<` rather than `<=`). */
  readonly strict: boolean
}

export interface Target {
  /**
   * `improved`: better than the present placement. `unchanged`: the present placement is the best found. `empty`: nothing to place.
   */
  readonly status: 'improved' | 'unchanged' | 'empty'
  /** VM → host for every VM, moved or not. */
  readonly placement: ReadonlyMap<Value, Value>
  readonly moves: readonly TargetMove[]
  readonly aims: readonly Aim[]
  readonly proof: 'optimal' | 'gap' | 'none'
  readonly violationsBefore: readonly Violation[]
  readonly violationsAfter: readonly Violation[]
  readonly unsatisfied: readonly Unsatisfied[]
  /** The smallest migration budget that would improve the first unmet aim, where a budget is in the way. */
  readonly smallestBudget: number | undefined
  readonly refused: readonly { readonly rule: string; readonly reason: string }[]
  readonly solver: string
  readonly declined: readonly { readonly solver: string; readonly reason: string }[]
  readonly capacities: readonly Capacity[]
  /** Hosts a VM may be on, its present one included. */
  candidates(vm: Value): readonly Value[]
  costOf(vm: Value, from: Value, to: Value): number
  /**
   * Violations (as text) of a state in which VMs may be on two hosts at once. VMs not listed are where they are now. On the `way`
   * (the default) rules marked `// @final` are left out; at the `end` they count.
   */
  judge(occupancy: ReadonlyMap<Value, readonly Value[]>, moment?: 'way' | 'end'): readonly string[]
  readonly model: ModelSize
  readonly elapsedMs: number
}

export interface ModelSize {
  readonly columns: number
  readonly rows: number
  readonly entries: number
}

/** One tuple of an `error` or `warning` table. */
export interface Violation {
  readonly role: 'error' | 'warning'
  /** Full table name and row. */
  readonly table: string
  readonly row: readonly Value[]
  /** `error("s1", "vm1", "vm2")`. */
  readonly text: string
}

/** A given placement, judged. */
export interface Judgement {
  readonly violations: readonly Violation[]
  readonly aims: readonly Aim[]
  readonly moves: readonly Omit<TargetMove, 'because'>[]
  readonly migrationCost: number
}

export interface PlaceInput {
  readonly program: Program
  readonly tables: Snapshot
}

/** Assignments that may not all be made together: for these no safe order of moves was found. */
export type Exclusion = readonly { readonly vm: Value; readonly host: Value }[]

export interface PlaceOptions {
  readonly solver?: string
  readonly timeLimitSeconds?: number
  readonly gap?: number
  readonly seed?: number
  readonly signal?: AbortSignal
  /** Possible pairs of VM and host up to which the whole cloud is one model (default 150,000). Beyond it, only parts are. */
  readonly modelPairs?: number
  /** Work out conflicts for what stays (default true). */
  readonly explain?: boolean
  /** Cuts that a planner sends back. */
  readonly exclude?: readonly Exclusion[]
  /** Only these VMs may move, and only to these hosts; left out, all. Everything else stays, and is judged all the same. */
  readonly within?: { readonly vms?: ReadonlySet<Value>; readonly hosts?: ReadonlySet<Value> }
}
