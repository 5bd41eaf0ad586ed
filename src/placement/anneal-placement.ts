import { anneal } from './annealing.ts'
import type { ConditionGraph } from './condition-graph.ts'
import { GraphState } from './graph-state.ts'
import type { Random } from './random.ts'
import type { SearchState } from './search-state.ts'
import { pairsOf } from './universe.ts'

export interface AnnealingLimits {
  /** Milliseconds on the performance clock. */
  readonly deadline: number
  /** Steps for each possible pair of VM and host, all levels together. */
  readonly stepsPerPair: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Anneal every level below the errors that some step changes, most important first, and have the search stand at what was found if the
 * policy's own rules find it better. Repeats for a seed unless the deadline cuts it short.
 */
export function annealPlacement(
  graph: ConditionGraph,
  state: SearchState,
  random: Random,
  { deadline, stepsPerPair, signal }: AnnealingLimits,
): void {
  const { universe } = state
  const annealed = new GraphState(graph, universe, state.host)
  const levels = graph.levels.keys()
  const open = [...levels].filter(level => level > 0 && graph.isVariable(level))
  const steps = pairsOf(universe) * stepsPerPair
  open.forEach((level, i) => {
    const start = performance.now()
    const share = 1 / (open.length - i)
    const time = (deadline - start) * share
    const progress = (done: number): number =>
      signal?.aborted ? 1 : Math.max((performance.now() - start) / time, (done * open.length) / steps)
    if (time > 0) anneal(graph, annealed, universe, level, random, progress)
  })
  state.adopt(annealed.host)
}
