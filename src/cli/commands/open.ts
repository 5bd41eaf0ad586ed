import type { World } from '../../control/index.ts'
import type { Evaluator, EvaluatorOptions } from '../../datalog/index.ts'
import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { type DataOptions, type LimitOptions, limitsOf } from '../options.ts'

/**
 * The policies over the data, evaluated; warnings go to standard error, or to the JSON answer through `warnings`, and so does what stopped
 * policies at a limit, through `stopped`.
 */
export async function policiesAndData(
  policies: readonly string[],
  options: DataOptions & LimitOptions,
  context: Context,
  evaluation: EvaluatorOptions = {},
): Promise<{
  world: World
  evaluator: Evaluator
  warnings: () => readonly Diagnostic[]
  stopped: readonly Diagnostic[]
}> {
  const { evaluateWithin, evaluateWorld, openWorld } = await import('../../control/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const limits = limitsOf(options)
  const { evaluator, stopped } = limits
    ? evaluateWithin(world, { ...evaluation, limits })
    : { evaluator: evaluateWorld(world, evaluation), stopped: [] }
  context.warn(evaluator.warnings)
  sayStopped(stopped, context)
  return { world, evaluator, warnings: () => [...world.warnings, ...evaluator.warnings], stopped }
}

/** Policies that limits stopped: the answer goes on without them, and the exit code says so. */
export function sayStopped(stopped: readonly Diagnostic[], context: Context): void {
  context.warn(stopped)
  if (stopped.length > 0) context.exit = exitCodes.incomplete
}
