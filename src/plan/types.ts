import type { Capacity, RuleInstance, TargetMove } from '../placement/index.ts'
import type { Value } from '../tables/index.ts'
import type { PlannedCopy } from './fan-out.ts'
import type { Likely } from './likely.ts'
import type { Network, VmMemory } from './network-types.ts'

export type { Likely } from './likely.ts'
export type * from './network-types.ts'

export interface PlanLimits {
  /** Live migrations that may run at once with this host at either end. Default 1, Nova's own default. */
  readonly perHost?: number
  /** Live migrations that may run at once in all. Default 4. */
  readonly global?: number
}

/** Violations (as text) of a state in which a VM may be on two hosts at once, while it migrates. */
export type Judge = (occupancy: Occupancy) => readonly string[]

/** VM → hosts it occupies; two while it migrates. VMs not listed are where they were. */
export type Occupancy = ReadonlyMap<Value, readonly Value[]>

export interface PlanInput {
  readonly placement: ReadonlyMap<Value, Value>
  /** Hosts VMs may stop at on the way, for each VM: its candidates. */
  readonly candidates: (vm: Value) => readonly Value[]
  readonly moves: readonly TargetMove[]
  /** A host's load is `base(host)` plus the `load` of every VM of `placement` that is there, moving or not. */
  readonly capacities: readonly Capacity[]
  /** Judges states on the way. */
  readonly judge?: Judge
  /** Judges the state a plan ends in, where that is another matter: rules marked final count there. */
  readonly judgeEnd?: Judge
  readonly costOf: (vm: Value, from: Value, to: Value) => number
  readonly limits?: PlanLimits
  /** Bandwidths and how migrations behave; without it every host has the default link. */
  readonly network?: Network
  /**
   * What a migration of this VM between these hosts has to carry. Undefined, or left out: the cost is taken for GiB of memory that
   * nobody writes to.
   */
  readonly vmMemory?: (vm: Value, from: Value, to: Value) => VmMemory | undefined
  /** With these, images are copied to target hosts before the moves that need them. */
  readonly images?: Images
}

/** Images that a VM must find on its target host, where hosts share no storage: other sites, other racks. */
export interface Images {
  /** Undefined: this move needs none. */
  needed(vm: Value, from: Value, to: Value): { readonly image: Value; readonly mib: number } | undefined
  /** Images that hosts shall have besides, for VMs that are about to start there. */
  readonly wanted?: readonly { readonly image: Value; readonly mib: number; readonly host: Value }[]
  /** Hosts that have the image and may send it. */
  sources(image: Value): readonly Value[]
  /** Hosts pass on what they have received. Default true. */
  readonly hostToHost?: boolean
}

/** One migration. `step`: 1-based wave; moves of one step may run at the same time. */
export interface PlannedMove {
  /** `m1`, `m2`, … in order. */
  readonly id: string
  readonly vm: Value
  readonly from: Value
  readonly to: Value
  readonly cost: number
  readonly step: number
  /** Ids of moves, and of copies of images, that must have ended before this one starts. */
  readonly after: readonly string[]
  /** A stop on the way that breaks a cycle: not the VM's final host. */
  readonly parking: boolean
  readonly because: readonly RuleInstance[]
  /** Expected start and end, in seconds from the start of the plan. */
  readonly start: number
  readonly end: number
  /** MiB over the network, pages sent again included. */
  readonly volume: number
  /** MiB of these that are the VM's disk: the two hosts share no storage. */
  readonly disk: number
}

export interface Plan {
  readonly moves: readonly PlannedMove[]
  /** Copies of images that moves wait for; empty unless the input tells of images. */
  readonly copies: readonly PlannedCopy[]
  readonly cost: number
  readonly steps: number
  /** Expected seconds from the start of the first move to the end of the last, each started as soon as it may. */
  readonly makespan: number
  /** The same when durations vary as they do: a move that waits for several waits for the slowest. */
  readonly likely: Likely
  /** Ids of moves (and copies), each starting when the one before it has ended, the last ending the plan: what to shorten to shorten the plan. */
  readonly criticalPath: readonly string[]
  /** MiB over the network in all. */
  readonly volume: number
  /**
   * Violations on the way that are there neither at the start nor at the end, with the moves during which they are (one of them,
   * where moves overlap); empty without a judge.
   */
  readonly brokenOnTheWay: readonly { readonly violation: string; readonly during: readonly string[] }[]
  /** Moves of the target for which no safe order was found, and why; the plan leaves them out. */
  readonly impossible: readonly {
    readonly vm: Value
    readonly from: Value
    readonly to: Value
    readonly reason: string
  }[]
}
