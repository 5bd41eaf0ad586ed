/**
 * Plan: diff ▶ order. Takes the present placement, the moves of a target and capacities, gives a `Plan`: a dependency graph of
 * migrations. Knows nothing of solvers or APIs; imports from placement only types.
 *
 * A live migration occupies both hosts from its start to its end. The promise: whoever starts a move as soon as all of its `after`
 * have ended, and never earlier, keeps every host within every capacity and keeps to the limits at every moment, however long each
 * move takes. Steps are the same graph in waves; running it wave by wave is one such execution.
 *
 * How, and where:
 * - `problem.ts`: VMs and hosts as numbers, loads as room. A host over its capacity has negative room: out yes, in no.
 * - `search.ts`: best-first search for a sequence in which each leg, run alone, fits. Stops on a third host break cycles.
 * - `dive.ts`: the same without going back, for hundreds of moves at once.
 * - `order.ts`: splits the moves into parts, exact where small, greedy where large: fewest stops, then the cheapest.
 * - `duration.ts`, `links.ts`, `simulate.ts`: how long migrations take that share links. `calibrate.ts`: from what was seen.
 *   `predict.ts`: the same for plans made elsewhere.
 * - `shorten.ts`: list scheduling by critical path in time, then variants of it; the shortest is taken.
 * - `likely.ts`: how long it takes when durations vary.
 * - `ledger.ts`, `schedule.ts`: from the sequence to the graph. Room, and the limits, are handed from the moves that free them to
 *   those that take them, and each such hand-over is a dependency: which is why no interleaving can break anything.
 * - `watch.ts`, `watched-dive.ts`, `serialise.ts`: the judge (the policy itself, on states with VMs on two hosts). A sequence that
 *   breaks nothing, if one is found; then edges between legs that must not overlap or overtake. What is left is reported.
 * - `fan-out.ts`, `copies.ts`: copies of images to hosts, and which legs wait for them.
 * - `impossible.ts`: what was left out, and why. `unreachable.ts`: what no plan at all could bring about, for placement to know.
 *
 * Bounded by counts, not by clock: the same input gives the same plan on every machine.
 */
export { calibrate, expectedSeconds, type MigrationObservation } from './calibrate.ts'
export { DEFAULT_MBPS, DEFAULT_PARAMETERS, transfer } from './duration.ts'
export { type FanOut, fanOut, type PlannedCopy, type StockedImage } from './fan-out.ts'
export { makePlan } from './make-plan.ts'
export { type Migration, predict } from './predict.ts'
export type { Times } from './simulate.ts'
export type * from './types.ts'
export { unreachable } from './unreachable.ts'
