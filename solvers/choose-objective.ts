import { type Held, holdLimit, levelModel } from './level.ts'
import type { Model, Objective } from './types.ts'

/**
 * Which objective a format that knows only one is to have: the first (default); the k-th, from 0, with the earlier ones held at the
 * values given, as rows; or one weighted sum of all.
 */
export type ObjectiveChoice =
  | { readonly level: number; readonly values: readonly number[] }
  | { readonly weights: readonly number[] }

/**
 * The model with the single objective chosen. Throws `RangeError` when the choice does not fit the model's objectives.
 */
export function chooseObjective(model: Model, choice: ObjectiveChoice | undefined): Model {
  if (choice === undefined) return levelModel(model, model.objectives[0] ?? weightedSum(model, []), [])
  if ('weights' in choice) {
    if (choice.weights.length !== model.objectives.length)
      throw new RangeError(`${choice.weights.length} weights for ${model.objectives.length} objectives`)
    return levelModel(model, weightedSum(model, choice.weights), [])
  }
  const { level, values } = choice
  const objective = model.objectives[level]
  if (!objective || values.length < level)
    throw new RangeError(`level ${level} with ${values.length} values of ${model.objectives.length} objectives`)
  const held: Held[] = model.objectives.slice(0, level).map((earlier, k) => ({
    objective: earlier,
    limit: holdLimit(earlier, model.columns.integer, values[k]!),
    floor: Number.NEGATIVE_INFINITY,
    pinned: false,
  }))
  return levelModel(model, objective, held)
}

function weightedSum(model: Model, weights: readonly number[]): Objective {
  const sums = new Map<number, number>()
  let constant = 0
  for (const [k, objective] of model.objectives.entries()) {
    const weight = weights[k] ?? 0
    constant += weight * objective.constant
    for (let i = 0; i < objective.column.length; i++) {
      const column = objective.column[i]!
      sums.set(column, (sums.get(column) ?? 0) + weight * objective.value[i]!)
    }
  }
  const column = Int32Array.from(sums.keys()).sort()
  return { name: 'weighted', column, value: Float64Array.from(column, c => sums.get(c)!), constant, granularity: 0 }
}
