import type { Outcome } from './annealing.ts'
import type { Leg } from './annealing-legs.ts'
import type { ConditionGraph } from './condition-graph.ts'
import type { PackedPossibilities } from './packed-possibilities.ts'

/** What a thread of a crew is told. */
export type ToAnnealer =
  | {
      readonly kind: 'begin'
      readonly graph: ConditionGraph
      readonly universe: PackedPossibilities
      readonly level: number
      readonly seed: number
      readonly number: number
      /** Shared; 1: end at once. */
      readonly stop: Int32Array
    }
  | { readonly kind: 'leg'; readonly leg: Leg }

export interface FromAnnealer {
  readonly outcome: Outcome
}
