import type { LevelAnswer, LevelLimits } from './level.ts'
import type { Model } from './types.ts'

/** How to talk with one program: it reads `model.lp` and writes `solution.txt`, both in its working directory. */
export interface Dialect {
  /** Name of the program on PATH. */
  readonly program: string
  /** `again`: it crashed, and is asked a second time. */
  arguments(limits: LevelLimits, again: boolean): string[]
  /** Further files to write before it starts, by name. */
  files?(level: Model, limits: LevelLimits): Record<string, string>
  /** The answer from its solution file and what it printed; undefined when there is none to be seen. Columns are called c0, c1, … */
  read(solution: string, output: string, columns: number): LevelAnswer | undefined
}

const NO_BOUND = Number.NEGATIVE_INFINITY

/** HiGHS, https://highs.dev: a solution file with sections, options in a file. */
const highs: Dialect = {
  program: 'highs',
  arguments: () => ['--options_file', 'options.txt', '--solution_file', 'solution.txt', 'model.lp'],
  files: (_, limits) => ({
    'options.txt': [
      `time_limit = ${limits.seconds}`,
      `mip_rel_gap = ${limits.relativeGap}`,
      `mip_abs_gap = ${Math.max(1e-6, limits.absoluteGap)}`,
      `random_seed = ${limits.seed}`,
      '',
    ].join('\n'),
  }),
  read(solution, output, columns) {
    const status = /Model status\s*\n\s*(.+)/.exec(solution)?.[1]?.trim().toLowerCase()
    if (status === undefined) return undefined
    if (status === 'infeasible') return { status: 'infeasible', bound: NO_BOUND }
    if (status.includes('unbounded')) return { status: 'unbounded', bound: NO_BOUND }
    const bound = numberAfter(output, /Dual bound\s+(\S+)/)
    const primal = /# Primal solution values\s*\n\s*(\w+)[^#]*# Columns \d+\n([^#]*)/.exec(solution)
    if (primal?.[1] !== 'Feasible') return { status: 'none', bound }
    const values = valuesByName(primal[2]!, /^(c\d+)\s+(\S+)/, columns)
    return { status: status === 'optimal' ? 'optimal' : 'feasible', values, bound }
  },
}

/** SCIP, https://scipopt.org: commands, and a solution file that leaves zeros out. */
const scip: Dialect = {
  program: 'scip',
  arguments: limits => {
    const commands = [
      `set limits time ${limits.seconds}`,
      `set limits gap ${limits.relativeGap}`,
      `set limits absgap ${limits.absoluteGap}`,
      `set randomization randomseedshift ${limits.seed}`,
      'read model.lp',
      'optimize',
      'write solution solution.txt',
      'quit',
    ]
    return commands.flatMap(command => ['-c', command])
  },
  read(solution, output, columns) {
    const status = /^solution status: (.+)$/m.exec(solution)?.[1]?.trim()
    if (status === undefined) return undefined
    if (status === 'infeasible') return { status: 'infeasible', bound: NO_BOUND }
    if (status.includes('unbounded')) return { status: 'unbounded', bound: NO_BOUND }
    const bound = numberAfter(output, /Dual Bound\s*:\s*(\S+)/)
    if (/no solution available/.test(solution)) return { status: 'none', bound }
    const values = valuesByName(solution, /^(c\d+)\s+(\S+)/, columns)
    return { status: /optimal|gap limit/.test(status) ? 'optimal' : 'feasible', values, bound }
  },
}

/** CBC, https://github.com/coin-or/Cbc: leaves zeros out and tells its status in the first line of the solution. */
const cbc: Dialect = {
  program: 'cbc',
  arguments: (limits, again) => [
    'model.lp',
    ...['-seconds', String(limits.seconds)],
    ...['-ratioGap', String(limits.relativeGap)],
    ...['-allowableGap', String(Math.max(1e-9, limits.absoluteGap))],
    ...['-randomCbcSeed', String(limits.seed)],
    // With its preprocessing, version 2.10.8 called a point optimal that enumeration beats, in 1 of 800 small random programs;
    // without it, it crashed on 6 of them, all infeasible.
    ...['-preprocess', again ? 'on' : 'off'],
    ...(limits.start ? ['-mipstart', 'start.txt'] : []),
    ...['-solve', '-solution', 'solution.txt'],
  ],
  files: (_, { start }): Record<string, string> => {
    if (!start) return {}
    const lines = Array.from(start, (value, c) => `${c} c${c} ${value} 0`)
    return { 'start.txt': ['Stopped on time - objective value 0', ...lines, ''].join('\n') }
  },
  read(solution, output, columns) {
    const status = solution.split('\n', 1)[0]!
    const bound = numberAfter(output, /Lower bound:\s+(\S+)/)
    if (/^(Integer i|I)nfeasible/.test(status)) return { status: 'infeasible', bound: NO_BOUND }
    if (/^Unbounded/.test(status)) return { status: 'unbounded', bound: NO_BOUND }
    if (!/^(Optimal|Stopped)/.test(status)) return undefined
    // It also writes the relaxation's point when it found no other.
    if (/no integer solution/.test(status) || /no feasible solution/i.test(output)) return { status: 'none', bound }
    const values = valuesByName(solution, /^(?:\*\*)?\s*\d+\s+(c\d+)\s+(\S+)/, columns)
    return { status: status.startsWith('Optimal') ? 'optimal' : 'feasible', values, bound }
  },
}

/** GLPK's program, https://www.gnu.org/software/glpk: values by number, in the order in which the file names the columns. */
const glpsol: Dialect = {
  program: 'glpsol',
  arguments: limits => [
    ...['--lp', 'model.lp'],
    ...['--tmlim', String(Math.max(1, Math.ceil(limits.seconds)))],
    ...['--mipgap', String(limits.relativeGap)],
    ...['--seed', String(limits.seed)],
    ...['-w', 'solution.txt'],
  ],
  read(solution, output, columns) {
    if (/NO (PRIMAL|INTEGER) FEASIBLE SOLUTION/.test(output)) return { status: 'infeasible', bound: NO_BOUND }
    if (/NO DUAL FEASIBLE SOLUTION|UNBOUNDED/.test(output)) return { status: 'unbounded', bound: NO_BOUND }
    // `s mip ROWS COLUMNS STATUS` of integer programs, `s bas ROWS COLUMNS PRIMAL DUAL` of linear ones.
    const [, mixed, primal, dual] = /^s (mip|bas) \d+ \d+ (\w)(?: (\w) )?/m.exec(solution) ?? []
    if (primal === undefined) return undefined
    if (primal === 'n') return { status: 'infeasible', bound: NO_BOUND }
    if (primal !== 'o' && primal !== 'f') return { status: 'none', bound: NO_BOUND }
    const values = new Float64Array(columns)
    // `j COLUMN VALUE` of integer programs, `j COLUMN STATE VALUE DUAL` of linear ones.
    for (const [, column, value] of solution.matchAll(/^j (\d+)(?: [a-z])? (\S+)/gm))
      if (Number(column) <= columns) values[Number(column) - 1] = Number(value)
    const proven = mixed === 'mip' ? primal === 'o' : dual === 'f'
    return { status: proven ? 'optimal' : 'feasible', values, bound: NO_BOUND }
  },
}

/** Every program known, the strongest first. */
export const dialects: readonly Dialect[] = [highs, scip, cbc, glpsol]

function valuesByName(text: string, line: RegExp, columns: number): Float64Array {
  const values = new Float64Array(columns)
  for (const row of text.split('\n')) {
    const match = line.exec(row)
    if (!match) continue
    const column = Number(match[1]!.slice(1))
    if (column < columns) values[column] = Number(match[2])
  }
  return values
}

function numberAfter(text: string, pattern: RegExp): number {
  const value = Number(pattern.exec(text)?.[1])
  return Number.isFinite(value) ? value : NO_BOUND
}
