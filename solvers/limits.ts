import type { Model } from './types.ts'

export interface SolverLimits {
  readonly columns: number
  readonly entries: number
  /** Where the figures come from. */
  readonly reason: string
}

/** The largest model that each solver is given by default. */
export const limits = {
  highs: {
    columns: 500_000,
    entries: 5_000_000,
    reason: 'tried up to 491,000 columns with 4,900,000 entries, which took 1 GB of the 4 GB it can address',
  },
  executable: {
    columns: 2_000_000,
    entries: 20_000_000,
    reason: 'the model is written by way of one string, which may have 512 MB at most',
  },
  'glpk.js': {
    columns: 10_000,
    entries: 100_000,
    reason: 'without cuts or a start it proved 380 columns but not 1,860, and found no point of 18,000 in 4 s',
  },
  'javascript-lp-solver': {
    columns: 400,
    entries: 10_000,
    reason: 'a dense tableau: 380 columns took 2 s, thousands take gigabytes; when out of time it answers fractions',
  },
} as const satisfies Record<string, SolverLimits>

/** Why a model is too large for the limits, in words; undefined when it is not. */
export function tooLarge(model: Model, { columns, entries }: SolverLimits): string | undefined {
  const count = model.rows.rowStart[model.rows.count] ?? 0
  if (model.columns.count > columns) return `${model.columns.count} columns, the limit is ${columns}`
  if (count > entries) return `${count} entries, the limit is ${entries}`
  return undefined
}
