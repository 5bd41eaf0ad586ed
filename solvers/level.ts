import { holdAt } from './tolerance.ts'
import type { Model, Objective } from './types.ts'

/**
 * A program with a single objective, as plain data that can be sent to another thread: what an engine solves. Arrays as in `Model`.
 * Minimise `constant + cost·x`.
 */
export interface Level {
  readonly columnCount: number
  readonly columnLower: Float64Array
  readonly columnUpper: Float64Array
  readonly integer: Uint8Array
  /** One for each column. */
  readonly cost: Float64Array
  readonly constant: number
  readonly rowCount: number
  readonly rowStart: Int32Array
  readonly entryColumn: Int32Array
  readonly entryValue: Float64Array
  readonly rowLower: Float64Array
  readonly rowUpper: Float64Array
}

export interface LevelLimits {
  readonly seconds: number
  /** Stop when (value - bound) ≤ relativeGap · |value|. */
  readonly relativeGap: number
  /** Stop when value - bound ≤ absoluteGap: just under the objective's granularity, where that is known. */
  readonly absoluteGap: number
  readonly seed: number
  /** A feasible point of this level. */
  readonly start: Float64Array | undefined
}

export interface LevelAnswer {
  /** `optimal` within the gaps; `none`: no point found in time. */
  readonly status: 'optimal' | 'feasible' | 'infeasible' | 'unbounded' | 'none'
  /** As the engine gave them, not yet rounded or checked. Present when `optimal` or `feasible`. */
  readonly values?: Float64Array
  /** A lower bound of the objective, constant included; -Infinity where the engine tells none. */
  readonly bound: number
}

/** What an engine may tell while it works. */
export interface Progress {
  incumbent(values: Float64Array): void
  bound(bound: number): void
}

/** A solver library behind one function. Throws when it breaks; may block its thread (it runs in a worker). */
export interface Engine {
  solve(level: Level, limits: LevelLimits, progress: Progress): LevelAnswer | Promise<LevelAnswer>
}

/** An objective that later levels must not worsen: as a row, or by pinning each of its columns to the bound it is at. */
export interface Held {
  readonly objective: Objective
  /** Upper limit of the objective, constant included, slack included. */
  readonly limit: number
  /** What it can not fall below, constant included, slack included; -Infinity when unknown, or when nobody is to be told. */
  readonly floor: number
  /** The objective is at its trivial bound, so that each of its columns stands at a bound and can be fixed there. */
  readonly pinned: boolean
}

/**
 * The k-th level of a lexicographic model as a model of its own: one objective, the earlier ones held. Names and comments of the
 * model's own rows stay; a holding row is called `hold[NAME]`.
 */
export function levelModel(model: Model, objective: Objective, held: readonly Held[]): Model {
  const { rows, columns } = model
  const asRows = held.filter(h => !h.pinned)
  const lower = columns.lower.slice()
  const upper = columns.upper.slice()
  for (const h of held) if (h.pinned) pin(h.objective, lower, upper)
  const added = asRows.reduce((n, h) => n + h.objective.column.length, 0)
  const entries = rows.rowStart[rows.count] ?? 0
  const rowStart = new Int32Array(rows.count + asRows.length + 1)
  const entryColumn = new Int32Array(entries + added)
  const entryValue = new Float64Array(entries + added)
  const rowLower = new Float64Array(rows.count + asRows.length)
  const rowUpper = new Float64Array(rows.count + asRows.length)
  rowStart.set(rows.rowStart.subarray(0, rows.count + 1))
  entryColumn.set(rows.entryColumn.subarray(0, entries))
  entryValue.set(rows.entryValue.subarray(0, entries))
  rowLower.set(rows.lower.subarray(0, rows.count))
  rowUpper.set(rows.upper.subarray(0, rows.count))
  let at = entries
  asRows.forEach((h, i) => {
    entryColumn.set(h.objective.column, at)
    entryValue.set(h.objective.value, at)
    at += h.objective.column.length
    rowStart[rows.count + i + 1] = at
    rowLower[rows.count + i] = h.floor - h.objective.constant
    rowUpper[rows.count + i] = h.limit - h.objective.constant
  })
  return {
    columns: {
      count: columns.count,
      lower,
      upper,
      integer: columns.integer.slice(),
      name: column => columns.name(column),
    },
    rows: {
      count: rows.count + asRows.length,
      rowStart,
      entryColumn,
      entryValue,
      lower: rowLower,
      upper: rowUpper,
      name: row => (row < rows.count ? rows.name(row) : `hold[${asRows[row - rows.count]!.objective.name}]`),
      comment: row =>
        row < rows.count ? rows.comment(row) : `objective ${asRows[row - rows.count]!.objective.name} stays as found`,
    },
    objectives: [objective],
  }
}

/** A model of one objective as plain data. Shares its arrays with the model. */
export function toLevel(model: Model): Level {
  const { columns, rows } = model
  const objective = model.objectives[0]!
  const cost = new Float64Array(columns.count)
  for (let i = 0; i < objective.column.length; i++) cost[objective.column[i]!] = objective.value[i]!
  return {
    columnCount: columns.count,
    columnLower: columns.lower,
    columnUpper: columns.upper,
    integer: columns.integer,
    cost,
    constant: objective.constant,
    rowCount: rows.count,
    rowStart: rows.rowStart,
    entryColumn: rows.entryColumn,
    entryValue: rows.entryValue,
    rowLower: rows.lower,
    rowUpper: rows.upper,
  }
}

/** The objective's value at a point, constant included. */
export function objectiveValue(objective: Objective, values: Float64Array): number {
  let sum = objective.constant
  for (let i = 0; i < objective.column.length; i++) sum += objective.value[i]! * values[objective.column[i]!]!
  return sum
}

/** The limit that holds an objective at a value; see `holdAt`. */
export function holdLimit(objective: Objective, integer: Uint8Array, value: number): number {
  return holdAt(value, objective.column.every(c => integer[c]) ? objective.granularity : 0)
}

/** Likewise below: a proven bound, with the same slack. */
export function holdFloor(objective: Objective, integer: Uint8Array, bound: number): number {
  return -holdLimit(objective, integer, -bound)
}

/** The least value that the column bounds alone allow; -Infinity when a column that matters has no bound. */
export function trivialBound(objective: Objective, lower: Float64Array, upper: Float64Array): number {
  let sum = objective.constant
  for (let i = 0; i < objective.column.length; i++) {
    const value = objective.value[i]!
    const column = objective.column[i]!
    if (value !== 0) sum += value * (value > 0 ? lower[column]! : upper[column]!)
  }
  return sum
}

function pin(objective: Objective, lower: Float64Array, upper: Float64Array): void {
  for (let i = 0; i < objective.column.length; i++) {
    const column = objective.column[i]!
    if (objective.value[i]! > 0) upper[column] = lower[column]!
    else if (objective.value[i]! < 0) lower[column] = upper[column]!
  }
}
