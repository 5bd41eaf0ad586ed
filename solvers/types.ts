/**
 * A mixed-integer program with lexicographic objectives.
 * Columns and rows are numbered from 0. Rows are sparse, compressed by row: entries of row r stand at rowStart[r] … rowStart[r+1]-1
 * of `entryColumn` and `entryValue`, columns ascending, no zero and no repetition.
 */
export interface Model {
  readonly columns: ModelColumns
  readonly rows: ModelRows
  /** All minimised; an earlier one wins over every later one. At least one. */
  readonly objectives: readonly Objective[]
}

export interface ModelColumns {
  readonly count: number
  /** May be -Infinity / Infinity for continuous columns; integer columns are bounded. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** 1: integer, 0: continuous. */
  readonly integer: Uint8Array
  /** Readable: `x[vm1,server-a]`. Unique. Made on demand, for writers and messages. */
  name(column: number): string
}

export interface ModelRows {
  readonly count: number
  readonly rowStart: Int32Array
  readonly entryColumn: Int32Array
  readonly entryValue: Float64Array
  /** lower ≤ row ≤ upper; equal for an equation; -Infinity / Infinity where there is no bound. */
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Readable and unique. */
  name(row: number): string
  /** Where the row comes from: rule (file:line) and tuples; one line of text, for the writers. */
  comment(row: number): string | undefined
}

export interface Objective {
  readonly name: string
  /** Sparse, columns ascending. */
  readonly column: Int32Array
  readonly value: Float64Array
  readonly constant: number
  /** Every reachable value is a multiple of this (0: unknown). Lets a solver stop when the bound rounds up to the incumbent. */
  readonly granularity: number
}

export interface SolveOptions {
  /** For all objectives together. Default 60. */
  readonly timeLimitSeconds?: number
  /** Relative gap at which an objective counts as solved. Default 0. */
  readonly gap?: number
  readonly seed?: number
  readonly signal?: AbortSignal
  /** A feasible point to start from, one value for each column. */
  readonly start?: Float64Array
  /** Called with each better feasible point and its objective vector, where the solver can tell. */
  readonly onIncumbent?: (values: Float64Array, objective: readonly number[]) => void
}

/**
 * `optimal`: every objective proven (within `gap`). `feasible`: an answer without full proof. `infeasible`: proven to have none.
 * `none`: stopped (time, abort) before any answer.
 */
export type SolutionStatus = 'optimal' | 'feasible' | 'infeasible' | 'none'

export interface Solution {
  readonly status: SolutionStatus
  /** One for each column; integer columns exactly integral. Empty unless optimal or feasible. */
  readonly values: Float64Array
  /** One for each objective; empty likewise. */
  readonly objective: readonly number[]
  /** A valid lower bound for each objective, given the earlier ones at their values; -Infinity where unknown. */
  readonly bounds: readonly number[]
  /** Name of the solver that answered; `none`: all failed, and the start is the answer. */
  readonly solver: string
  readonly elapsedMs: number
  /** Solvers of the chain that declined or failed before it, and why, in words. */
  readonly declined: readonly { readonly solver: string; readonly reason: string }[]
}

/** One solver behind the common interface. */
export interface Solver {
  readonly name: string
  /** Why this model is not for this solver (too large, not installed), or undefined when it takes it. */
  declines(model: Model): Promise<string | undefined>
  /** Rejects with `SolverFault` when the solver breaks or answers wrongly; never returns an unchecked answer. */
  solve(model: Model, options: SolveOptions): Promise<Solution>
}
