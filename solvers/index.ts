/**
 * Solvers: one interface, one file each. Takes a `Model` (columns, sparse rows, lexicographic objectives), gives a `Solution` that was
 * checked against the model. Knows nothing of Datalog or VMs.
 */
export { type ChainOptions, describeSolvers, type SolverDescription, solveModel, solverNames } from './chain.ts'
export { SolverFault } from './fault.ts'
export { ModelBuilder } from './model-builder.ts'
export type * from './types.ts'
