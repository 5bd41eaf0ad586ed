/**
 * Datalog: keeps derived tables current under deltas, answers queries, explains why a tuple holds and why not.
 * Takes a `Program` and tables; gives views, changes, derivations. Knows nothing of placement or clouds.
 *
 * Begin at evaluator.ts. `engine/` keeps tables current: lower.ts turns rules into clauses, compile.ts clauses into functions, engine.ts
 * runs them for what changed, group.ts keeps aggregates, recursive.ts recursion. solve.ts answers one question at a time, for
 * query.ts, explain.ts and explain-absent.ts. plan.ts orders literals for both. `testing/` has a plain reference evaluator and
 * random policies, for tests of every room.
 */
export { createEvaluator } from './evaluator.ts'
export { createIsolatedEvaluator } from './isolate.ts'
export { LimitError } from './limits.ts'
export {
  createReplica,
  type PositionedSnapshot,
  type Replica,
  type ReplicaOptions,
  type ReplicaSource,
} from './replica.ts'
export { type SimulatedStep, type Simulation, type SimulationAnswer, simulate } from './simulate.ts'
export { SEQUENCE } from './simulate-sequence.ts'
export type * from './types.ts'
