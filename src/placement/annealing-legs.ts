import type { Annealing, Outcome, PartRound, Round } from './annealing.ts'
import { compareVectors } from './judge.ts'

/** What each thread makes by itself before the best of all is where they go on. */
export interface Leg {
  /** Where it begins, and what is to be surpassed. */
  readonly from: Outcome
  /** One round of everything for each thread, each thread another of these; or rounds of parts, one after the other, in turn. */
  readonly work: { readonly rounds: readonly Round[] } | { readonly parts: readonly PartRound[] }
  /** What is over first ends it. */
  readonly milliseconds: number
  readonly steps: number
}

/** The best outcome of a leg; that of its beginning when nothing better was found. */
export function runLeg(annealing: Annealing, leg: Leg, thread: number, isStopped: () => boolean): Outcome {
  const { from, work } = leg
  const begun = performance.now()
  let before = 0
  let steps = 0
  const progress = (more: number): number => {
    steps = before + more
    return isStopped() ? 1 : Math.max((performance.now() - begun) / leg.milliseconds, steps / leg.steps)
  }
  if ('rounds' in work) {
    const round = work.rounds[thread % work.rounds.length]!
    return better(from, annealing.round(from.host, round, progress))
  }
  let best = from
  for (let i = thread; progress(0) < 1; i++) {
    const part = work.parts[i % work.parts.length]!
    const outcome = annealing.partRound(best.host, part, more => progress(more) >= 1)
    if (!outcome) break
    best = better(best, outcome)
    before = steps
  }
  return best
}

/** The better of two, the first where they are equal. */
export function better(a: Outcome, b: Outcome): Outcome {
  return compareVectors(b.levels, a.levels) < 0 ? b : a
}
