import { createRequire } from 'node:module'
import type { Engine, Level, LevelAnswer } from './level.ts'

/**
 * GLPK compiled to WebAssembly (npm `glpk.js`). It is under the GPL, so it is an optional dependency that is loaded only when it is
 * asked to solve, and nothing here is built on its types. No warm start, no bound, no word while it works.
 */
const PACKAGE = 'glpk.js/node'

interface Glpk {
  readonly GLP_MIN: number
  readonly GLP_FR: number
  readonly GLP_LO: number
  readonly GLP_UP: number
  readonly GLP_DB: number
  readonly GLP_FX: number
  readonly GLP_MSG_OFF: number
  readonly GLP_FEAS: number
  readonly GLP_NOFEAS: number
  readonly GLP_INFEAS: number
  readonly GLP_OPT: number
  readonly GLP_UNBND: number
  solve(program: object, options: object): { result: { status: number; vars: Record<string, number> } }
}

let loading: Promise<Glpk> | undefined

export const engine: Engine = {
  async solve(level, limits) {
    const glpk = await (loading ??= load())
    const started = performance.now()
    const left = () => Math.max(0.001, limits.seconds - (performance.now() - started) / 1000)
    const mixed = level.integer.includes(1)
    const ask = (integers: boolean, presolve: boolean) =>
      glpk.solve(program(glpk, level, integers), {
        msglev: glpk.GLP_MSG_OFF,
        presol: presolve,
        tmlim: left(),
        // GLPK measures the gap without the constant.
        mipgap: level.constant === 0 ? limits.relativeGap : 0,
      }).result
    let result = ask(mixed, true)
    const known = [glpk.GLP_OPT, glpk.GLP_FEAS, glpk.GLP_NOFEAS, glpk.GLP_UNBND]
    if (!known.includes(result.status) && left() > 0.001) {
      // Its presolver finds that there is no answer without saying why; the simplex method proper tells, on the relaxation.
      const relaxed = ask(false, false)
      if (!mixed || relaxed.status === glpk.GLP_NOFEAS || relaxed.status === glpk.GLP_UNBND) result = relaxed
    }
    return answer(glpk, level, result, mixed)
  },
}

/** Why it cannot be used here, in words; undefined when it can. */
export async function unavailable(): Promise<string | undefined> {
  try {
    createRequire(import.meta.url).resolve(PACKAGE)
    return undefined
  } catch {
    return 'the optional package glpk.js is not installed'
  }
}

async function load(): Promise<Glpk> {
  const loaded = (await import(PACKAGE)) as { default: () => Promise<Glpk> }
  return loaded.default()
}

function answer(
  glpk: Glpk,
  level: Level,
  { status, vars }: { status: number; vars: Record<string, number> },
  mixed: boolean,
): LevelAnswer {
  const bound = Number.NEGATIVE_INFINITY
  if (status === glpk.GLP_NOFEAS) return { status: 'infeasible', bound }
  if (status === glpk.GLP_UNBND) return { status: 'unbounded', bound }
  // A feasible basis of a linear program that was not solved to its end is of use, one of a relaxation isn't.
  if (status === glpk.GLP_OPT || status === glpk.GLP_FEAS) {
    const values = Float64Array.from({ length: level.columnCount }, (_, c) => vars[`c${c}`] ?? 0)
    return { status: status === glpk.GLP_OPT ? 'optimal' : 'feasible', values, bound }
  }
  if (!mixed && status === glpk.GLP_INFEAS) return { status: 'none', bound }
  return { status: 'none', bound }
}

function program(glpk: Glpk, level: Level, integers: boolean): object {
  const kind = (lower: number, upper: number) => {
    if (lower === upper) return { type: glpk.GLP_FX, lb: lower, ub: upper }
    const hasLower = Number.isFinite(lower)
    const hasUpper = Number.isFinite(upper)
    const type = hasLower ? (hasUpper ? glpk.GLP_DB : glpk.GLP_LO) : hasUpper ? glpk.GLP_UP : glpk.GLP_FR
    // Its wrapper takes a bound of the largest number for "none".
    return { type, lb: hasLower ? lower : -Number.MAX_VALUE, ub: hasUpper ? upper : Number.MAX_VALUE }
  }
  const columns = Array.from({ length: level.columnCount }, (_, c) => c)
  return {
    name: 'level',
    objective: {
      direction: glpk.GLP_MIN,
      name: 'objective',
      vars: columns.map(c => ({ name: `c${c}`, coef: level.cost[c]! })),
    },
    subjectTo: Array.from({ length: level.rowCount }, (_, r) => r).flatMap(r => {
      const lower = level.rowLower[r]!
      const upper = level.rowUpper[r]!
      const vars = Array.from({ length: level.rowStart[r + 1]! - level.rowStart[r]! }, (_, i) => {
        const at = level.rowStart[r]! + i
        return { name: `c${level.entryColumn[at]}`, coef: level.entryValue[at]! }
      })
      const row = (suffix: string, lb: number, ub: number) => ({ name: `r${r}${suffix}`, bnds: kind(lb, ub), vars })
      // Its presolver was seen to answer points outside of a row with two different bounds where there is no point at all.
      const isRange = Number.isFinite(lower) && Number.isFinite(upper) && lower !== upper
      if (!isRange) return [row('', lower, upper)]
      return [row('', Number.NEGATIVE_INFINITY, upper), row('low', lower, Number.POSITIVE_INFINITY)]
    }),
    bounds: columns.map(c => {
      const integer = level.integer[c] === 1
      const lower = level.columnLower[c]!
      const upper = level.columnUpper[c]!
      return { name: `c${c}`, ...kind(integer ? Math.ceil(lower) : lower, integer ? Math.floor(upper) : upper) }
    }),
    generals: integers ? columns.filter(c => level.integer[c]).map(c => `c${c}`) : [],
  }
}
