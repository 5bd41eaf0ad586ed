/**
 * Solvers: one interface, one file each. Takes a `Model` (columns, sparse rows, lexicographic objectives), gives a `Solution` that was
 * checked against the model. Knows nothing of Datalog or VMs.
 */
export { type ChainOptions, describeSolvers, type SolverDescription, solveModel, solverNames } from './chain.ts'
export { checkSolution } from './check-solution.ts'
export type { ObjectiveChoice } from './choose-objective.ts'
export { SolverFault } from './fault.ts'
export { solveInParts } from './in-parts.ts'
export {
  type ColumnInput,
  type Entries,
  ModelBuilder,
  type Name,
  type ObjectiveInput,
  type RowInput,
} from './model-builder.ts'
export type * from './types.ts'
export { type ModelJson, modelJson, writeJson } from './write-json.ts'
export { type WriteOptions, writeLp } from './write-lp.ts'
export { writeMps } from './write-mps.ts'
