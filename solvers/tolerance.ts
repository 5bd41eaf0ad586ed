/**
 * Every tolerance of this room. Solvers work in floating point with an absolute feasibility tolerance of 1e-6 on rows and on
 * integrality; what they answer is judged a little more loosely than that, relative to the size of the numbers in the row.
 */

/** How far a value may be off, relative to `max(1, size of what it is compared with)`. */
export const TOLERANCE = 1e-6

/** How far an integer column may be from a whole number before rounding; farther is a wrong answer, not noise. */
export const INTEGRALITY = 1e-5

/** How far a sum of whole columns may be off, relatively: these were rounded, so that only the sum's own rounding is left. */
const SUM_NOISE = 1e-9

/** `value` exceeds `limit` beyond tolerance, `size` being the largest term that went into `value`; `exact`: all columns are whole. */
export function exceeds(value: number, limit: number, size: number, exact = false): boolean {
  if (value <= limit) return false
  const finite = Number.isFinite(limit) ? Math.abs(limit) : 0
  return value - limit > (exact ? SUM_NOISE : TOLERANCE) * Math.max(1, finite, size)
}

/** Equal within the tolerance. */
export function near(a: number, b: number): boolean {
  const difference = Math.abs(a - b)
  return a === b || (Number.isFinite(difference) && difference <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b)))
}

/** Two values of one objective mean the same. A known granularity decides; without one, the tolerance does. */
export function sameValue(a: number, b: number, granularity: number): boolean {
  return granularity > 0 ? Math.abs(a - b) < granularity / 2 : near(a, b)
}

/** The least multiple of `granularity` that is not below `bound` but for noise; `bound` itself when the granularity is unknown. */
export function roundUp(bound: number, granularity: number): number {
  if (!(granularity > 0) || !Number.isFinite(bound)) return bound
  const noise = Math.min(granularity / 4, TOLERANCE * Math.max(granularity, Math.abs(bound)))
  return Math.ceil((bound - noise) / granularity) * granularity
}

/** `value` moved onto the nearest multiple of `granularity` when it is off by noise only. */
export function snap(value: number, granularity: number): number {
  if (!(granularity > 0) || !Number.isFinite(value)) return value
  const multiple = Math.round(value / granularity) * granularity
  return near(value, multiple) && Math.abs(value - multiple) < granularity / 4 ? multiple : value
}

/**
 * The right-hand side that holds an objective at `value` while later ones are minimised. When all its columns are whole and `step` is its
 * granularity, anything below the next multiple means the same; a hundredth of a step keeps the relaxation tight and is far above
 * rounding noise. Without a step (0) the slack is only what rounding in the sum may take.
 */
export function holdAt(value: number, step: number): number {
  const noise = 1e-9 * Math.max(1, Math.abs(value))
  return value + (step > 0 ? Math.min(step / 2, Math.max(noise, step / 100)) : noise)
}
