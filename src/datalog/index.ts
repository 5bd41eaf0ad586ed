/**
 * Datalog: keeps derived tables current under deltas, answers queries, explains why a tuple holds and why not.
 * Takes a `Program` and tables; gives views, changes, derivations. Knows nothing of placement or clouds.
 */
export { createEvaluator } from './evaluator.ts'
export { type SimulatedStep, type Simulation, type SimulationAnswer, simulate } from './simulate.ts'
export { SEQUENCE } from './simulate-sequence.ts'
export type * from './types.ts'
