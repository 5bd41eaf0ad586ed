import { exceeds, INTEGRALITY } from './tolerance.ts'
import type { Model } from './types.ts'

/** A point that was rounded and holds, or the first thing wrong with it, in words. */
export type Checked =
  | { readonly values: Float64Array; readonly wrong?: undefined }
  | { readonly values?: undefined; readonly wrong: string }

/**
 * Round a solver's answer (integer columns to whole numbers, continuous ones onto a bound they overstep by noise) and check the
 * rounded point against every bound and every row. A fractional integer column, a bound or a row that does not hold is named.
 */
export function checkSolution(model: Model, raw: Float64Array): Checked {
  const { columns, rows } = model
  if (raw.length !== columns.count) return { wrong: `answered ${raw.length} values for ${columns.count} columns` }
  const values = new Float64Array(columns.count)
  for (let c = 0; c < columns.count; c++) {
    let value = raw[c]!
    const lower = columns.lower[c]!
    const upper = columns.upper[c]!
    if (!Number.isFinite(value)) return { wrong: `column ${columns.name(c)} = ${value}` }
    if (columns.integer[c]) {
      const whole = Math.round(value)
      if (Math.abs(value - whole) > INTEGRALITY) return { wrong: `integer column ${columns.name(c)} = ${value}` }
      value = whole === 0 ? 0 : whole
    }
    if (exceeds(lower, value, 0) || exceeds(value, upper, 0))
      return { wrong: `column ${columns.name(c)} = ${value} is outside its bounds ${lower}..${upper}` }
    values[c] = Math.min(Math.max(value, lower), upper)
  }
  for (let r = 0; r < rows.count; r++) {
    let sum = 0
    let size = 0
    let exact = true
    for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
      const column = rows.entryColumn[i]!
      const term = rows.entryValue[i]! * values[column]!
      sum += term
      size = Math.max(size, Math.abs(term))
      if (!columns.integer[column]) exact = false
    }
    const lower = rows.lower[r]!
    const upper = rows.upper[r]!
    if (exceeds(lower, sum, size, exact) || exceeds(sum, upper, size, exact))
      return { wrong: `row ${rows.name(r)} = ${sum} is outside ${lower}..${upper}` }
  }
  return { values }
}
