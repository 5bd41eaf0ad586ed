import { objectiveValue } from '../level.ts'
import type { Model } from '../types.ts'

/** The best objective vector over all points of a model of integer columns with few values; undefined when no point holds. */
export function bruteForce(model: Model): readonly number[] | undefined {
  const { columns } = model
  const values = Float64Array.from(columns.lower)
  let best: readonly number[] | undefined
  for (;;) {
    if (holds(model, values)) {
      const vector = model.objectives.map(o => objectiveValue(o, values))
      if (!best || less(vector, best)) best = vector
    }
    let c = 0
    while (c < columns.count && values[c] === columns.upper[c]) values[c] = columns.lower[c++]!
    if (c === columns.count) return best
    values[c]! += 1
  }
}

function holds({ rows }: Model, values: Float64Array): boolean {
  for (let r = 0; r < rows.count; r++) {
    let sum = 0
    for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++)
      sum += rows.entryValue[i]! * values[rows.entryColumn[i]!]!
    if (sum < rows.lower[r]! || sum > rows.upper[r]!) return false
  }
  return true
}

function less(a: readonly number[], b: readonly number[]): boolean {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! < b[k]!
  return false
}
