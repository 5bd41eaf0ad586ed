import { type Checked, checkSolution } from './check-solution.ts'
import { SolverFault } from './fault.ts'
import {
  type Held,
  holdFloor,
  holdLimit,
  type LevelAnswer,
  type LevelLimits,
  levelModel,
  objectiveValue,
  type Progress,
  trivialBound,
} from './level.ts'
import { INTEGRALITY, near, roundUp, sameValue, snap, TOLERANCE } from './tolerance.ts'
import type { Model, Objective, Solution, SolveOptions } from './types.ts'

/** Solves one level wherever its engine lives. Resolves with `none` when the signal stopped it. */
export type RunLevel = (
  level: Model,
  limits: LevelLimits,
  progress: Progress,
  signal: AbortSignal | undefined,
) => Promise<LevelAnswer>

/** What the driver answers; the chain adds the rest. */
export type LexicographicAnswer = Pick<Solution, 'status' | 'values' | 'objective' | 'bounds'>

const DEFAULT_SECONDS = 60
/** Columns from which a level's linear relaxation is asked first: smaller ones are solved as fast as they are. */
const RELAXED_FIRST = 500
const NOTHING: Objective = {
  name: 'feasibility',
  column: new Int32Array(0),
  value: new Float64Array(0),
  constant: 0,
  granularity: 0,
}

/**
 * Minimise the objectives one after the other, each with the earlier ones held at the value found (the ε-constraint way; weights
 * would need factors beyond what floating point keeps apart).
 *
 * A level costs nothing when the point at hand already reaches the least value that the bounds of the columns allow, which is the
 * usual case of "no error left". Each level starts from the best point so far. A level that isn't last may use half of the time that
 * is left, since an earlier objective wins over all later ones; a level stopped early is held at its incumbent, and when a later
 * level happens on a better value of it, that value is held from then on. A bound found for a level is valid for the earlier
 * objectives at their values; the answer is optimal only when all levels are proven.
 *
 * Throws `SolverFault` when an answer does not hold, contradicts a known point, or is unbounded.
 */
export async function solveLexicographically(
  solver: string,
  model: Model,
  options: SolveOptions,
  run: RunLevel,
): Promise<LexicographicAnswer> {
  const deadline = performance.now() + 1000 * (options.timeLimitSeconds ?? DEFAULT_SECONDS)
  const best = new Incumbent(model, options.onIncumbent)
  const given = options.start && checkSolution(model, options.start).values
  if (given) best.adopt(given)

  const objectives = model.objectives.length > 0 ? model.objectives : [NOTHING]
  const bounds: number[] = []
  const held: Held[] = []
  let proven = true
  for (const [k, objective] of objectives.entries()) {
    refreshHolds(held, best, model.columns.integer)
    const level = levelModel(
      model,
      objective,
      held.map(h => ({ ...h, floor: Number.NEGATIVE_INFINITY })),
    )
    const least = trivialBound(objective, level.columns.lower, level.columns.upper)
    let bound = roundUp(least, objective.granularity)
    const isProven = () => best.known && withinGap(objective, best.valueOf(objective), bound, options.gap ?? 0)
    const limits = (): LevelLimits => ({
      seconds: shareOfTime(deadline, objectives.length - k),
      relativeGap: options.gap ?? 0,
      absoluteGap: objective.granularity > 0 ? objective.granularity * (1 - 1e-3) : 0,
      seed: options.seed ?? 0,
      start: best.values,
    })
    const mayRun = () => !isProven() && limits().seconds > 0 && !options.signal?.aborted
    if (mayRun() && best.known && isWorthRelaxing(model, held)) {
      const found = await linearBound(model, objective, held, run, limits(), options)
      bound = Math.max(bound, roundUp(found, objective.granularity))
    }
    if (mayRun()) {
      const answer = await runLevel(solver, level, run, best, options, limits())
      if (answer.status === 'infeasible') return nothing('infeasible')
      bound = Math.max(bound, roundUp(provenBound(answer, level, best, options.gap ?? 0), objective.granularity))
    }
    if (!best.known) return nothing('none')
    proven &&= isProven()
    const value = best.valueOf(objective)
    const floor = Math.min(bound, value) + 0
    bounds.push(floor)
    held.push({
      objective,
      limit: holdLimit(objective, model.columns.integer, value),
      // What the columns' own bounds say needs no telling.
      floor: floor > least ? holdFloor(objective, model.columns.integer, floor) : Number.NEGATIVE_INFINITY,
      pinned: isAt(value, least, objective),
    })
  }
  return {
    status: proven ? 'optimal' : 'feasible',
    values: best.values!,
    objective: model.objectives.map(o => best.valueOf(o)),
    bounds: model.objectives.length > 0 ? bounds : [],
  }
}

/**
 * A bound from the linear relaxation, told how low the earlier objectives can go: often that is the other half of what proves a level
 * whose objective is part of an earlier one. As a row of the level itself it was seen to make some five times slower.
 */
async function linearBound(
  model: Model,
  objective: Objective,
  held: readonly Held[],
  run: RunLevel,
  limits: LevelLimits,
  options: SolveOptions,
): Promise<number> {
  const level = levelModel(model, objective, held)
  const relaxed = { ...level, columns: { ...level.columns, integer: new Uint8Array(level.columns.count) } }
  const silent: Progress = { incumbent: () => {}, bound: () => {} }
  const { status, values, bound } = await run(relaxed, { ...limits, start: undefined }, silent, options.signal)
  return status === 'optimal' && values ? objectiveValue(objective, values) : bound
}

function isWorthRelaxing({ columns }: Model, held: readonly Held[]): boolean {
  return columns.count >= RELAXED_FIRST && held.some(h => !h.pinned && Number.isFinite(h.floor))
}

/** One level's answer, checked and made the incumbent when it is better. */
async function runLevel(
  solver: string,
  level: Model,
  run: RunLevel,
  best: Incumbent,
  options: SolveOptions,
  limits: LevelLimits,
): Promise<LevelAnswer> {
  const objective = level.objectives[0]!
  let told = Number.NEGATIVE_INFINITY
  const progress: Progress = {
    // An incumbent seen on the way is kept only if it holds; the final answer has to.
    incumbent: values => {
      const point = checkSolution(level, values).values
      if (point) best.offer(point)
    },
    bound: bound => {
      told = Math.max(told, bound)
    },
  }
  const answer = level.columns.count > 0 ? await run(level, limits, progress, options.signal) : emptyPoint(level)
  if (answer.status === 'unbounded')
    throw new SolverFault(solver, `objective ${objective.name} has no lower bound`, {
      unboundedObjective: objective.name,
    })
  if (answer.status === 'infeasible' && best.known)
    throw new SolverFault(solver, 'claims that there is no feasible point, though one is known')
  if (answer.values) {
    let checked = checkSolution(level, answer.values)
    if (checked.wrong !== undefined && isMixed(level))
      checked = await polish(level, answer.values, checked, run, limits, options)
    if (checked.wrong !== undefined) throw new SolverFault(solver, `wrong answer: ${checked.wrong}`)
    best.offer(checked.values)
  }
  return { ...answer, bound: Math.max(answer.bound, told) }
}

/**
 * A whole column that was off by noise moves others when it is rounded, the more so the larger its coefficients. Fix the whole columns
 * where they were rounded to, and let the solver find the continuous ones again.
 */
async function polish(
  level: Model,
  values: Float64Array,
  checked: Checked,
  run: RunLevel,
  limits: LevelLimits,
  options: SolveOptions,
): Promise<Checked> {
  const { columns } = level
  const isNoise = (value: number) => Math.abs(value - Math.round(value)) <= INTEGRALITY
  if (!values.every((value, c) => !columns.integer[c] || isNoise(value))) return checked
  const fix = (bounds: Float64Array) => bounds.map((bound, c) => (columns.integer[c] ? Math.round(values[c]!) : bound))
  const fixed = { ...level, columns: { ...columns, lower: fix(columns.lower), upper: fix(columns.upper) } }
  const silent: Progress = { incumbent: () => {}, bound: () => {} }
  const answer = await run(fixed, { ...limits, start: undefined }, silent, options.signal)
  const again = answer.values && checkSolution(level, answer.values)
  return again?.values ? again : checked
}

function isMixed({ columns }: Model): boolean {
  return columns.integer.includes(1) && columns.integer.includes(0)
}

/** A model without columns has one point; it is feasible when no row asks for anything. */
function emptyPoint(level: Model): LevelAnswer {
  const checked = checkSolution(level, new Float64Array(0))
  const bound = level.objectives[0]!.constant
  return checked.values ? { status: 'optimal', values: checked.values, bound } : { status: 'infeasible', bound }
}

/** What an answer proves: its own bound, or its value less the gap when it only says `optimal`. */
function provenBound(answer: LevelAnswer, level: Model, best: Incumbent, gap: number): number {
  if (answer.status !== 'optimal' || !answer.values) return answer.bound
  const objective = level.objectives[0]!
  const value = objectiveValue(objective, answer.values)
  const claimed = value - gap * Math.abs(value)
  // A claim of optimality that a known point beats is worth nothing.
  return Math.max(answer.bound, Math.min(claimed, best.valueOf(objective)))
}

function withinGap(objective: Objective, value: number, bound: number, gap: number): boolean {
  if (value <= bound || sameValue(value, bound, objective.granularity)) return true
  return value - bound <= gap * Math.abs(value) * (1 + TOLERANCE)
}

/** Strict enough that every column of the objective must be at its bound: a known granularity doesn't widen it. */
function isAt(value: number, least: number, objective: Objective): boolean {
  return near(value, least) && (objective.granularity <= 0 || value - least < objective.granularity / 100)
}

function shareOfTime(deadline: number, levelsLeft: number): number {
  const left = (deadline - performance.now()) / 1000
  return Math.max(0, levelsLeft > 1 ? left / 2 : left)
}

/** A later level may have come upon a better value of an earlier objective that was not proven; hold that instead. */
function refreshHolds(held: Held[], best: Incumbent, integer: Uint8Array): void {
  held.forEach((h, i) => {
    const limit = holdLimit(h.objective, integer, best.valueOf(h.objective))
    if (!h.pinned && limit < h.limit) held[i] = { ...h, limit }
  })
}

function nothing(status: 'infeasible' | 'none'): LexicographicAnswer {
  return { status, values: new Float64Array(0), objective: [], bounds: [] }
}

/** The best point so far by the whole objective vector. */
class Incumbent {
  readonly #model: Model
  readonly #tell: SolveOptions['onIncumbent']
  #values: Float64Array | undefined

  constructor(model: Model, tell: SolveOptions['onIncumbent']) {
    this.#model = model
    this.#tell = tell
  }

  get known(): boolean {
    return this.#values !== undefined
  }

  get values(): Float64Array | undefined {
    return this.#values
  }

  /** Value of an objective at the best point; Infinity when there is none. */
  valueOf(objective: Objective): number {
    return this.#values
      ? snap(objectiveValue(objective, this.#values), objective.granularity)
      : Number.POSITIVE_INFINITY
  }

  /** Take a point without telling anyone: the caller's own start. */
  adopt(values: Float64Array): void {
    this.#values = values
  }

  /** Take a point that holds if it is better than the present one, and tell of it. */
  offer(values: Float64Array): void {
    const vector = this.#model.objectives.map(o => snap(objectiveValue(o, values), o.granularity))
    if (this.#values && !this.#better(vector)) return
    this.#values = values
    this.#tell?.(values.slice(), vector)
  }

  #better(vector: readonly number[]): boolean {
    for (const [k, objective] of this.#model.objectives.entries()) {
      const present = this.valueOf(objective)
      if (sameValue(vector[k]!, present, objective.granularity)) continue
      return vector[k]! < present
    }
    return false
  }
}
