import type { Annealing, Outcome, Round } from './annealing.ts'
import { compareVectors } from './judge.ts'

/** Rounds that a thread makes one after the other, by itself. */
export interface Leg {
  /** Where it begins, and what is to be surpassed. */
  readonly from: Outcome
  /** Each round begins where the leg did, not at the best placement of the rounds before. */
  readonly isFresh: boolean
  /** What rounds there are: a thread goes through them in turn, each thread beginning with another. */
  readonly kinds: readonly Round[]
  readonly rounds: number
  /** The time for it, and the steps for each of its rounds: what is over first ends it. */
  readonly milliseconds: number
  readonly steps: number
}

/** The best outcome of a leg; that of its beginning when nothing better was found. */
export function runLeg(annealing: Annealing, leg: Leg, thread: number, isStopped: () => boolean): Outcome {
  const begun = performance.now()
  let best = leg.from
  for (let i = 0; i < leg.rounds; i++) {
    const start = performance.now()
    const time = (begun + leg.milliseconds - start) / (leg.rounds - i)
    if (time <= 0) break
    const progress = (steps: number): number =>
      isStopped() ? 1 : Math.max((performance.now() - start) / time, steps / leg.steps)
    const { host } = leg.isFresh ? leg.from : best
    const outcome = annealing.round(host, leg.kinds[(i + thread) % leg.kinds.length]!, progress)
    best = better(best, outcome)
  }
  return best
}

/** The better of two, the first where they are equal. */
export function better(a: Outcome, b: Outcome): Outcome {
  return compareVectors(b.levels, a.levels) < 0 ? b : a
}
