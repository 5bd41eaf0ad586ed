import type { World } from '../../control/index.ts'
import type { Evaluator, EvaluatorOptions } from '../../datalog/index.ts'
import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import type { DataOptions } from '../options.ts'

/** The policies over the data, evaluated; warnings go to standard error, or to the JSON answer through `warnings`. */
export async function policiesAndData(
  policies: readonly string[],
  options: DataOptions,
  context: Context,
  evaluation: EvaluatorOptions = {},
): Promise<{ world: World; evaluator: Evaluator; warnings: () => readonly Diagnostic[] }> {
  const { evaluateWorld, openWorld } = await import('../../control/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const evaluator = await evaluateWorld(world, evaluation)
  context.warn(evaluator.warnings)
  return { world, evaluator, warnings: () => [...world.warnings, ...evaluator.warnings] }
}
