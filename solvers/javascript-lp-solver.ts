import solverModule from 'javascript-lp-solver'
import type { Engine, Level } from './level.ts'

// The package's types are those of its CommonJS build; imported as an ES module, the solver itself is the default export.
const solver = solverModule as unknown as typeof solverModule.default

/**
 * A small pure JavaScript solver (npm `javascript-lp-solver`, public domain): nothing to compile or to load, for tiny models only. It was
 * seen to answer `feasible` with fractional integers when out of time and to take all memory on large models; hence the small
 * limit in `limits.ts`, and the check of every answer.
 *
 * It knows columns from 0 on only, so a column is shifted to its lower bound, mirrored at its upper one, or split in two when free.
 */
export const engine: Engine = {
  solve(level, limits) {
    const started = performance.now()
    const { variables, offsets } = columnsOf(level)
    const result = solver.Solve({
      optimize: 'cost',
      opType: 'min',
      constraints: constraintsOf(level, offsets),
      variables: Object.fromEntries(variables.map(v => [v.name, v.entries])),
      ints: Object.fromEntries(variables.filter(v => level.integer[v.column]).map(v => [v.name, 1 as const])),
      // Its gap and its clock are both taken as hints: the deadline outside is what counts.
      timeout: 1000 * limits.seconds,
    }) as { feasible: boolean; bounded?: boolean; [name: string]: number | boolean | undefined }
    const inTime = performance.now() - started < 1000 * limits.seconds
    const bound = Number.NEGATIVE_INFINITY
    if (!result.feasible) return { status: inTime ? 'infeasible' : 'none', bound }
    if (result.bounded === false) return { status: 'unbounded', bound }
    const values = offsets.slice()
    for (const { name, column, sign } of variables) values[column]! += sign * Number(result[name] ?? 0)
    return { status: inTime ? 'optimal' : 'feasible', values, bound }
  },
}

interface Variable {
  readonly name: string
  readonly column: number
  readonly sign: 1 | -1
  /** Coefficient by constraint, and under `cost`. */
  readonly entries: Record<string, number>
}

/** Variables from 0 on, and what has to be added to their signed sums to get the columns. */
function columnsOf(level: Level): { variables: Variable[]; offsets: Float64Array } {
  const offsets = new Float64Array(level.columnCount)
  const variables: Variable[] = []
  const ofColumn: Variable[][] = []
  for (let column = 0; column < level.columnCount; column++) {
    const lower = level.columnLower[column]!
    const upper = level.columnUpper[column]!
    const add = (suffix: string, sign: 1 | -1) => {
      const v: Variable = { name: `c${column}${suffix}`, column, sign, entries: { cost: sign * level.cost[column]! } }
      variables.push(v)
      return v
    }
    if (Number.isFinite(lower)) {
      offsets[column] = lower
      const v = add('', 1)
      if (Number.isFinite(upper)) v.entries[`u${column}`] = 1
      ofColumn.push([v])
    } else if (Number.isFinite(upper)) {
      offsets[column] = upper
      ofColumn.push([add('', -1)])
    } else ofColumn.push([add('', 1), add('n', -1)])
  }
  for (let r = 0; r < level.rowCount; r++)
    for (let i = level.rowStart[r]!; i < level.rowStart[r + 1]!; i++)
      for (const v of ofColumn[level.entryColumn[i]!]!) v.entries[`r${r}`] = v.sign * level.entryValue[i]!
  return { variables, offsets }
}

function constraintsOf(level: Level, offsets: Float64Array) {
  const constraints: Record<string, { min?: number; max?: number; equal?: number }> = {}
  for (let r = 0; r < level.rowCount; r++) {
    let shift = 0
    for (let i = level.rowStart[r]!; i < level.rowStart[r + 1]!; i++)
      shift += level.entryValue[i]! * offsets[level.entryColumn[i]!]!
    const lower = level.rowLower[r]! - shift
    const upper = level.rowUpper[r]! - shift
    if (lower === upper) constraints[`r${r}`] = { equal: lower }
    else if (Number.isFinite(lower) || Number.isFinite(upper))
      constraints[`r${r}`] = {
        ...(Number.isFinite(lower) ? { min: lower } : {}),
        ...(Number.isFinite(upper) ? { max: upper } : {}),
      }
  }
  for (let c = 0; c < level.columnCount; c++)
    if (Number.isFinite(level.columnLower[c]!) && Number.isFinite(level.columnUpper[c]!))
      constraints[`u${c}`] = { max: level.columnUpper[c]! - level.columnLower[c]! }
  return constraints
}
