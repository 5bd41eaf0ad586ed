import { solveModel } from '../../solvers/index.ts'
import type { AnswerContext } from './context.ts'
import { encode } from './encode.ts'
import { linearValue } from './formula.ts'
import { granularity } from './granularity.ts'
import type { Linear } from './linear.ts'
import { solverOptions } from './solver-options.ts'

/** Seconds for each of the two solves behind the figure. */
const SECONDS = 10

/**
 * The smallest migration budget that would improve the first aim that more budget improves at all; undefined when there is no budget or
 * none would help. Two solves: what is reachable without a budget, then the cheapest way to get one step better.
 */
export async function smallestBudget(context: AnswerContext): Promise<number | undefined> {
  const { problem, host, options } = context
  const { grounding, universe, aims } = problem
  if (!universe.budget) return undefined
  const levels = aims.levels
  const free = encode(grounding.store, universe, aims, { objectives: levels })
  const start = free.valuesOf(host)
  const best = await solveModel(free.model, { ...solverOptions(options, SECONDS), start })
  if (best.objective.length === 0) return undefined
  const truth = grounding.store.evaluate(host)
  const now = levels.map(l => linearValue(l.expr, truth))
  const better = levels.findIndex(
    (_, i) => best.objective[i]! + free.constants[i]! < now[i]! - 1e-9 * Math.max(1, Math.abs(now[i]!)),
  )
  if (better < 0) return undefined
  const atMost = levels.slice(0, better + 1).map((level, i) => ({
    name: `keep_${i}`,
    expr: level.expr,
    limit: i < better ? now[i]! : now[i]! - stepOf(level.expr),
  }))
  const priced = encode(grounding.store, universe, aims, { atMost, objectives: ['migration cost'] })
  const answer = await solveModel(priced.model, solverOptions(options, SECONDS))
  return answer.status === 'optimal' ? answer.objective[0]! + priced.constants[0]! : undefined
}

/** The least by which an aim can improve. */
export function stepOf(expr: Linear): number {
  return granularity(expr.coefficients) || 1e-6 * Math.max(1, ...expr.coefficients.map(Math.abs))
}
