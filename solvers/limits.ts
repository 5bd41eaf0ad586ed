import type { Model } from './types.ts'

export interface SolverLimits {
  readonly columns: number
  readonly entries: number
  /** Where the figures come from. */
  readonly reason: string
}

/** Solvers in the order in which they are asked, each with the largest model it is given. */
export const limits = {
  highs: {
    columns: 500_000,
    entries: 5_000_000,
    reason: '32-bit memory',
  },
} as const satisfies Record<string, SolverLimits>

/** Why a model is too large for the limits, in words; undefined when it is not. */
export function tooLarge(model: Model, { columns, entries }: SolverLimits): string | undefined {
  const count = model.rows.rowStart[model.rows.count] ?? 0
  if (model.columns.count > columns) return `${model.columns.count} columns, the limit is ${columns}`
  if (count > entries) return `${count} entries, the limit is ${entries}`
  return undefined
}
