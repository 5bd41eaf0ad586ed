import { findDialect, runExecutable } from './executable.ts'
import { dialects } from './executable-dialects.ts'
import { SolverFault } from './fault.ts'
import { unavailable as glpkUnavailable } from './glpk.ts'
import { type RunLevel, solveLexicographically } from './lexicographic.ts'
import { limits, type SolverLimits, tooLarge } from './limits.ts'
import { runInWorker } from './run-in-worker.ts'
import type { Solver } from './types.ts'

/** A solver of the chain with what is told about it. */
export interface RegisteredSolver extends Solver {
  readonly limits: SolverLimits
  /** Why it cannot be used on this machine, in words; undefined when it can. */
  unavailable(): Promise<string | undefined>
  /** Not asked unless it is named: it is one of those that another name stands for. */
  readonly byNameOnly?: boolean
}

/** Put the lexicographic driver and the size gate around something that solves one level. */
function solverOf(
  name: string,
  limits: SolverLimits,
  unavailable: () => Promise<string | undefined>,
  run: RunLevel,
): RegisteredSolver {
  return {
    name,
    limits,
    unavailable,
    async declines(model) {
      return tooLarge(model, limits) ?? (await unavailable())
    },
    async solve(model, options) {
      const started = performance.now()
      try {
        const answer = await solveLexicographically(name, model, options, run)
        return { ...answer, solver: name, elapsedMs: performance.now() - started, declined: [] }
      } catch (error) {
        if (error instanceof SolverFault) throw error
        throw new SolverFault(name, error instanceof Error ? error.message : String(error), { cause: error })
      }
    },
  }
}

/** A solver whose engine module runs in a worker thread. */
export function workerSolver(
  name: string,
  limits: SolverLimits,
  engine: URL,
  unavailable: () => Promise<string | undefined> = async () => undefined,
): RegisteredSolver {
  return solverOf(name, limits, unavailable, (level, levelLimits, progress, signal) =>
    runInWorker(engine.href, level, levelLimits, progress, signal),
  )
}

/** A solver that is a program of the system, the first of `programs` found on PATH. */
function programSolver(name: string, programs: readonly string[], byNameOnly = true): RegisteredSolver {
  const found = async () => {
    const program = await findDialect(programs)
    if (!program) throw new Error(missing(programs))
    return program
  }
  const unavailable = async () => ((await findDialect(programs)) ? undefined : missing(programs))
  const run: RunLevel = async (...level) => runExecutable(await found(), ...level)
  return { ...solverOf(name, limits.executable, unavailable, run), byNameOnly }
}

function missing(programs: readonly string[]): string {
  return programs.length === 1 ? `there is no ${programs[0]} on PATH` : `none of ${programs.join(', ')} is on PATH`
}

const engineFile = (name: string) =>
  new URL(`./${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** All solvers. The chain asks those that aren't `byNameOnly`, in this order. */
export const registry: readonly RegisteredSolver[] = [
  workerSolver('highs', limits.highs, engineFile('highs')),
  programSolver(
    'executable',
    dialects.map(d => d.program),
    false,
  ),
  workerSolver('glpk.js', limits['glpk.js'], engineFile('glpk'), glpkUnavailable),
  workerSolver('javascript-lp-solver', limits['javascript-lp-solver'], engineFile('javascript-lp-solver')),
  programSolver('cbc', ['cbc']),
  programSolver('scip', ['scip']),
  programSolver('glpsol', ['glpsol']),
  programSolver('highs-executable', ['highs']),
]
