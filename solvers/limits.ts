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
    reason: 'its 32-bit memory holds a model some times over; beyond this it ends in an out-of-memory fault',
  },
  executable: {
    columns: 2_000_000,
    entries: 20_000_000,
    reason: 'the model goes through a text file, which a JavaScript string of at most 512 MB has to hold',
  },
  'glpk.js': {
    columns: 20_000,
    entries: 200_000,
    reason: 'its input is an object for each entry, and its search without cuts or a start rarely ends on more',
  },
  'javascript-lp-solver': {
    columns: 400,
    entries: 10_000,
    reason: 'it keeps a dense tableau, takes gigabytes for thousands of columns, and gives fractions when out of time',
  },
} as const satisfies Record<string, SolverLimits>

/** Why a model is too large for the limits, in words; undefined when it is not. */
export function tooLarge(model: Model, { columns, entries }: SolverLimits): string | undefined {
  const count = model.rows.rowStart[model.rows.count] ?? 0
  if (model.columns.count > columns) return `${model.columns.count} columns, the limit is ${columns}`
  if (count > entries) return `${count} entries, the limit is ${entries}`
  return undefined
}
