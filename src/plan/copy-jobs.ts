import type { Value } from '../tables/index.ts'
import type { Job } from './simulate.ts'

/** A copy among the jobs of a plan; `after`: indices of copies. */
export interface CopyJob {
  readonly image: Value
  readonly from: Value
  readonly to: Value
  readonly job: Job
  readonly after: readonly number[]
  /** Expected seconds from the start of the plan, if nothing but copies ran. */
  readonly end: number
}

export interface Copies {
  readonly list: readonly CopyJob[]
  /** The copy that a leg from this host waits for, as an index of `list`. */
  of(leg: { readonly vm: number; readonly to: number }, from: number): number | undefined
}

export const NO_COPIES: Copies = { list: [], of: () => undefined }
