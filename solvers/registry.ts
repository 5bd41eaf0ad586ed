import { SolverFault } from './fault.ts'
import { type RunLevel, solveLexicographically } from './lexicographic.ts'
import { limits, type SolverLimits, tooLarge } from './limits.ts'
import { runInWorker } from './run-in-worker.ts'
import type { Solver } from './types.ts'

/** A solver of the chain with what is told about it. */
export interface RegisteredSolver extends Solver {
  readonly limits: SolverLimits
  /** Why it cannot be used on this machine, in words; undefined when it can. */
  unavailable(): Promise<string | undefined>
}

/** Put the lexicographic driver and the size gate around something that solves one level. */
export function solverOf(
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

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const engineFile = (name: string) => new URL(`./${name}.${extension}`, import.meta.url)

/** All solvers, in the order in which they are asked. */
export const registry: readonly RegisteredSolver[] = [workerSolver('highs', limits.highs, engineFile('highs'))]
