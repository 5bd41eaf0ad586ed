import type { Level, LevelAnswer, LevelLimits } from './level.ts'

/** A job for the worker thread. */
export interface ToWorker {
  /** URL of a module that exports `engine`. */
  readonly engine: string
  readonly level: Level
  readonly limits: LevelLimits
}

/** What the worker thread tells. `begun` comes once the engine's code is loaded; the job's clock starts there. */
export type FromWorker =
  | { readonly kind: 'begun' }
  | { readonly kind: 'incumbent'; readonly values: Float64Array }
  | { readonly kind: 'bound'; readonly bound: number }
  | { readonly kind: 'answer'; readonly answer: LevelAnswer }
  | { readonly kind: 'fault'; readonly reason: string }
