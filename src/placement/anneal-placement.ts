import { Annealing, type Outcome, outcomeAt, type PartRound, type Round } from './annealing.ts'
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
 * Where VMs that are large for their hosts come to lie is decided while it is hot, and never again: what they cost more on one host than on
 * another is many times the cost of a typical step, and where they fit depends on all the others. So everything is melted, and most of
 * the time goes into where it freezes, which is at another heat in one cloud than in another: each thread does it in its way.
 */
const MOLTEN: readonly Round[] = [
  { hot: 1.5, warm: 0.01, errors: 0.2 },
  { hot: 3, warm: 0.02, errors: 0.3 },
]
/** From what is good already: VMs of some size move once more. */
const AGAIN: readonly Round[] = [
  { hot: 0.3, warm: 0.06, errors: 0.05 },
  { hot: 0.15, warm: 0.1, errors: 0.03 },
]
/** At last: a way out of a corner, and what is cheaper nearby. */
const MILD: Round = { hot: 0.06, warm: 0.2, errors: 0.018 }
/** Two hosts or three are melted and frozen in a hundredth of a second: large VMs change places that never would among all the others. */
const PARTS: readonly PartRound[] = [
  { hosts: 2, stepsPerVm: 250, hot: 2, warm: 0.02, errors: 0.06 },
  { hosts: 3, stepsPerVm: 800, hot: 2, warm: 0.02, errors: 0.06 },
  { hosts: 2, stepsPerVm: 250, hot: 0.5, warm: 0.05, errors: 0.1 },
]

/**
 * Legs of a level, by their share of the time and of the steps. Chance decides what comes of a melt: two are better than one twice as long,
 * and what is warmed again now and then gets far from even a bad one.
 */
const LEGS: readonly (Pick<Leg, 'work'> & { readonly share: number })[] = [
  { share: 0.06, work: { rounds: [COOL] } },
  { share: 0.25, work: { rounds: MOLTEN } },
  { share: 0.25, work: { rounds: MOLTEN } },
  { share: 0.04, work: { parts: PARTS } },
  { share: 0.1, work: { rounds: AGAIN } },
  { share: 0.04, work: { parts: PARTS } },
  { share: 0.1, work: { rounds: AGAIN } },
  { share: 0.04, work: { parts: PARTS } },
  { share: 0.05, work: { rounds: [MILD, COOL] } },
  { share: 0.07, work: { parts: PARTS } },
]
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
    let best = outcomeAt(state, level)
    let alone: Annealing | undefined
    let sharesLeft = 1
    for (const { share, work } of LEGS) {
      const time = (deadline - performance.now()) * (share / sharesLeft)
      sharesLeft -= share
      if (time <= 0 || signal?.aborted) break
      const leg: Leg = { from: best, work, milliseconds: time, steps: steps * share }
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
