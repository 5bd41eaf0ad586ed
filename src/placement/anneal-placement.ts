import { Annealing, type Outcome, outcomeAt, type Round } from './annealing.ts'
import { AnnealingCrew } from './annealing-crew.ts'
import { better, type Leg, runLeg } from './annealing-legs.ts'
import type { ConditionGraph } from './condition-graph.ts'
import { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import type { SearchState } from './search-state.ts'
import { type Possibilities, pairsOf } from './universe.ts'

export interface AnnealingLimits {
  /** Milliseconds on the performance clock. */
  readonly deadline: number
  /** Steps for each possible pair of VM and host, all levels together, for each thread. */
  readonly stepsPerPair: number
  readonly signal?: AbortSignal | undefined
}

/** Where little is wrong, what is mended with the fewest moves is best. */
const COOL: Round = { hot: 1e-4, warm: 0.3, errors: 0 }
/**
 * Where VMs that are large for their hosts come to lie is decided while it is hot, and never again: fresh rounds differ by more than a
 * long one gains over a short one. What heat is best for that differs from cloud to cloud.
 */
const HEATS: readonly Round[] = [
  { hot: 0.2, warm: 0.06, errors: 0.06 },
  { hot: 0.4, warm: 0.1, errors: 0.06 },
  { hot: 0.8, warm: 0.1, errors: 0.06 },
]
/** From what is good already: finds a way out of a corner, and what is cheaper nearby. */
const AGAIN: Round = { hot: 0.06, warm: 0.2, errors: 0.018 }

/** Legs of a level, by their share of what is left of the time and of the steps. */
const LEGS: readonly (Pick<Leg, 'isFresh' | 'kinds'> & { readonly share: number })[] = [
  { share: 0.1, isFresh: true, kinds: [COOL] },
  { share: 0.7, isFresh: true, kinds: HEATS },
  { share: 0.5, isFresh: false, kinds: [AGAIN, COOL] },
  { share: 1, isFresh: false, kinds: [AGAIN, COOL] },
]
/** A fresh round is worth beginning where it has this much: shorter ones end far from what a longer one finds. */
const FRESH = { milliseconds: 30_000, stepsPerPair: 500 }
/** Threads, whatever the machine: what is found must not depend on it. */
const THREADS = 2
/** What more than one thread is started for. */
const WORTH_THREADS = { milliseconds: 10_000, steps: 20_000_000 }

/**
 * Anneal every level below the errors that some step changes, most important first, and have the search stand at what was found if the
 * policy's own rules find it better. Repeats for a seed unless the deadline cuts it short.
 */
export async function annealPlacement(
  graph: ConditionGraph,
  state: SearchState,
  random: Random,
  { deadline, stepsPerPair, signal }: AnnealingLimits,
): Promise<void> {
  const open = [...graph.levels.keys()].filter(level => level > 0 && graph.isVariable(level))
  const annealed = new GraphState(graph, state.universe, state.host)
  for (const [i, level] of open.entries()) {
    const milliseconds = (deadline - performance.now()) / (open.length - i)
    if (milliseconds <= 0 || signal?.aborted) break
    const job = { graph, state: annealed, universe: state.universe, level, random, signal }
    annealed.goTo((await annealLevel(job, milliseconds, stepsPerPair / open.length)).host)
  }
  state.adopt(annealed.host)
}

interface LevelJob {
  readonly graph: ConditionGraph
  readonly state: GraphState
  readonly universe: Possibilities
  readonly level: number
  readonly random: Random
  readonly signal: AbortSignal | undefined
}

async function annealLevel(job: LevelJob, milliseconds: number, stepsPerPair: number): Promise<Outcome> {
  const { graph, state, universe, level, random, signal } = job
  const deadline = performance.now() + milliseconds
  const steps = pairsOf(universe) * stepsPerPair
  const isWorth = milliseconds >= WORTH_THREADS.milliseconds && steps >= WORTH_THREADS.steps
  const draw = (): number[] => Array.from({ length: THREADS }, () => random.below(2 ** 32))
  const crew = isWorth ? new AnnealingCrew(graph, universe, level, draw()) : undefined
  const stop = (): void => crew?.stop()
  signal?.addEventListener('abort', stop)
  try {
    const first = outcomeAt(state, level)
    let best = first
    let alone: Annealing | undefined
    let stepsLeft = steps
    for (const { share, isFresh, kinds } of LEGS) {
      const time = (deadline - performance.now()) * share
      const most = stepsLeft * share
      stepsLeft -= most
      if (time <= 0 || signal?.aborted) break
      const rounds = isFresh
        ? Math.max(1, Math.floor(Math.min(time / FRESH.milliseconds, (stepsPerPair * share) / FRESH.stepsPerPair)))
        : 1
      const leg: Leg = {
        from: isFresh ? first : best,
        isFresh,
        kinds,
        rounds,
        milliseconds: time,
        steps: most / rounds,
      }
      const outcomes = (await crew?.run(leg)) ?? []
      // No crew, or none that is left.
      if (outcomes.length === 0) {
        alone ??= new Annealing(graph, state, universe, level, random)
        outcomes.push(runLeg(alone, leg, 0, () => signal?.aborted ?? false))
      }
      best = outcomes.reduce(better, best)
    }
    return best
  } finally {
    signal?.removeEventListener('abort', stop)
    await crew?.end()
  }
}
