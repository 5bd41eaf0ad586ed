/**
 * Plan: diff ▶ order. Takes the present placement, a target and capacities, gives a `Plan`: a dependency graph of migrations in which
 * no host is over capacity at any moment. Knows nothing of solvers or APIs.
 */
export type * from './types.ts'
