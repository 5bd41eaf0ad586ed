import highsModule, { type Highs, type Model as HighsModel } from 'highs'
import type { Engine, Level, LevelAnswer, LevelLimits, Progress } from './level.ts'

// The package's types are those of its CommonJS build; imported as an ES module, the loader itself is the default export.
const loadHighs = highsModule as unknown as typeof highsModule.default
let loading: Promise<Highs> | undefined

/**
 * HiGHS compiled to WebAssembly (npm `highs`, MIT). Single-threaded and synchronous; its own time limit overshoots in presolve, so
 * the caller keeps a deadline of its own. Gives a dual bound while it works and takes a first incumbent.
 */
export const engine: Engine = {
  async solve(level, limits, progress) {
    const highs = await (loading ??= loadHighs())
    const model = highs.createModel({
      numCols: level.columnCount,
      numRows: level.rowCount,
      offset: level.constant,
      colCost: level.cost,
      colLower: level.columnLower,
      colUpper: level.columnUpper,
      rowLower: level.rowLower,
      rowUpper: level.rowUpper,
      matrix: {
        format: 'csr',
        numRows: level.rowCount,
        numCols: level.columnCount,
        starts: level.rowStart,
        indices: level.entryColumn,
        values: level.entryValue,
      },
      ...(isMixed(level) ? { integrality: Int32Array.from(level.integer) } : {}),
    })
    try {
      return run(highs, model, level, limits, progress)
    } finally {
      model.dispose()
    }
  },
}

function run(highs: Highs, model: HighsModel, level: Level, limits: LevelLimits, progress: Progress): LevelAnswer {
  const { modelStatus, callbackType } = highs.constants
  model.options.set({
    output_flag: false,
    time_limit: limits.seconds,
    mip_rel_gap: limits.relativeGap,
    // HiGHS stops at value - bound ≤ mip_abs_gap; its own default is kept where nothing is known of the objective.
    mip_abs_gap: Math.max(1e-6, limits.absoluteGap),
    random_seed: limits.seed,
  })
  if (limits.start) model.setSolution({ colValue: limits.start })
  const call = () =>
    isMixed(level)
      ? model.run({
          [callbackType.mipImprovingSolution](event) {
            if (event.data.mip_solution) progress.incumbent(event.data.mip_solution)
          },
          [callbackType.mipLogging](event) {
            progress.bound(event.data.mip_dual_bound ?? Number.NEGATIVE_INFINITY)
          },
        })
      : model.run()
  let status = call().modelStatus
  if (status === modelStatus.unboundedOrInfeasible) {
    // Presolve alone cannot tell which; the solver proper can.
    model.options.set('presolve', 'off')
    status = call().modelStatus
  }
  if (status === modelStatus.infeasible) return { status: 'infeasible', bound: Number.POSITIVE_INFINITY }
  if (status === modelStatus.unbounded || status === modelStatus.unboundedOrInfeasible)
    return { status: 'unbounded', bound: Number.NEGATIVE_INFINITY }
  const hasPoint = model.info.get('primal_solution_status') === highs.constants.solutionStatus.feasible
  const bound = isMixed(level) ? Number(model.info.get('mip_dual_bound')) : Number.NEGATIVE_INFINITY
  if (status === modelStatus.optimal || status === modelStatus.empty)
    return { status: 'optimal', values: model.getSolution().colValue, bound }
  const stopped: readonly number[] = [modelStatus.timeLimit, modelStatus.iterationLimit, modelStatus.interrupted]
  if (!stopped.includes(status)) throw new Error(`HiGHS stopped with model status ${status}`)
  return hasPoint ? { status: 'feasible', values: model.getSolution().colValue, bound } : { status: 'none', bound }
}

function isMixed(level: Level): boolean {
  return level.integer.includes(1)
}
