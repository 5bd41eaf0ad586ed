import type { PlaceOptions } from './types.ts'

/** What the caller asked of every solve, with the seconds that this one gets. */
export function solverOptions(
  options: PlaceOptions,
  seconds: number,
): { timeLimitSeconds: number; solver?: string; seed?: number; signal?: AbortSignal } {
  return {
    timeLimitSeconds: seconds,
    ...(options.solver !== undefined && { solver: options.solver }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.signal !== undefined && { signal: options.signal }),
  }
}
