import { fail, nearestName } from '../src/diagnostic/index.ts'
import { checkSolution } from './check-solution.ts'
import { SolverFault } from './fault.ts'
import { objectiveValue } from './level.ts'
import { withoutRedundantRows } from './redundant-rows.ts'
import { type RegisteredSolver, registry } from './registry.ts'
import type { Model, Solution, SolveOptions } from './types.ts'

export interface ChainOptions extends SolveOptions {
  /** Name of the solver to ask first; the others follow in their order. */
  readonly solver?: string
}

const DEFAULT_SECONDS = 60

/**
 * Solve a model with the first solver that takes it and answers rightly. One that declines (too large, not installed) or faults
 * (crashes, answers wrongly) is named with its reason in `declined` and the next is asked, with the time that is left.
 *
 * When all declined or failed, the start is the answer where it holds: what is known already is never lost.
 *
 * Throws `DiagnosticError`: `solver/unknown`, `solver/option`, `solver/unbounded`, or `solver/no-answer` when none answered and no start
 * is known.
 */
export async function solveModel(
  given: Model,
  options: ChainOptions = {},
  solvers: readonly RegisteredSolver[] = registry,
): Promise<Solution> {
  const started = performance.now()
  const chain = order(solvers, options.solver)
  const seconds = checkedOptions(options)
  const model = withoutRedundantRows(given)
  const declined: { solver: string; reason: string }[] = []
  let unbounded: string | undefined
  for (const solver of chain) {
    const reason = await solver.declines(model)
    if (reason !== undefined) {
      declined.push({ solver: solver.name, reason })
      continue
    }
    const left = Math.max(0, seconds - (performance.now() - started) / 1000)
    try {
      const solution = await solver.solve(model, { ...options, timeLimitSeconds: declined.length > 0 ? left : seconds })
      return { ...solution, declined, elapsedMs: performance.now() - started }
    } catch (error) {
      if (!(error instanceof SolverFault)) throw error
      unbounded ??= error.unboundedObjective
      declined.push({ solver: solver.name, reason: error.reason })
    }
  }
  const notes = declined.map(d => ({ message: `${d.solver}: ${d.reason}` }))
  if (unbounded !== undefined)
    fail('solver/unbounded', `the objective \`${unbounded}\` can fall without end`, {
      notes,
      help: 'give the numbers it adds up a bound, or turn their sign',
    })
  const known = options.start && checkSolution(model, options.start).values
  if (known)
    return {
      status: 'feasible',
      values: known,
      objective: model.objectives.map(objective => objectiveValue(objective, known)),
      bounds: model.objectives.map(() => Number.NEGATIVE_INFINITY),
      solver: 'none',
      elapsedMs: performance.now() - started,
      declined,
    }
  fail('solver/no-answer', 'no solver could answer this model', {
    notes,
    help: 'make the model smaller, or install one of cbc, highs, scip or glpsol',
  })
}

/** Names that `solver` may have. */
export function solverNames(): readonly string[] {
  return registry.map(s => s.name)
}

export interface SolverDescription {
  readonly name: string
  readonly available: boolean
  /** Why it cannot be used on this machine. */
  readonly reason?: string
  readonly limits: RegisteredSolver['limits']
}

/** Every solver in the order of the chain, whether it can be used here, and up to what size. */
export async function describeSolvers(): Promise<readonly SolverDescription[]> {
  return Promise.all(
    registry.map(async ({ name, limits, unavailable }) => {
      const reason = await unavailable()
      return { name, limits, available: reason === undefined, ...(reason === undefined ? {} : { reason }) }
    }),
  )
}

function order(solvers: readonly RegisteredSolver[], first: string | undefined): readonly RegisteredSolver[] {
  const usual = solvers.filter(s => !s.byNameOnly)
  if (first === undefined) return usual
  const named = solvers.find(s => s.name === first)
  if (named) return [named, ...usual.filter(s => s !== named)]
  const names = solvers.map(s => s.name)
  const nearest = nearestName(first, names)
  return fail('solver/unknown', `there is no solver called \`${first}\``, {
    help: `${nearest ? `did you mean \`${nearest}\`? ` : ''}solvers are ${names.join(', ')}`,
  })
}

/** The time limit in seconds, with every number of the options looked at. */
function checkedOptions({ timeLimitSeconds, gap, seed }: ChainOptions): number {
  if (timeLimitSeconds !== undefined && !(timeLimitSeconds > 0))
    fail('solver/option', `the time limit \`${timeLimitSeconds}\` is not a positive number of seconds`, {
      help: 'leave it out for the default of 60 seconds',
    })
  if (gap !== undefined && !(gap >= 0 && gap < Number.POSITIVE_INFINITY))
    fail('solver/option', `the gap \`${gap}\` is not a number from 0 on`, { help: '0.01 stops within one percent' })
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31))
    fail('solver/option', `the seed \`${seed}\` is not a whole number from 0 to 2147483647`, { help: 'choose one' })
  return timeLimitSeconds ?? DEFAULT_SECONDS
}
