/**
 * Workflow: a lazy engine (`start`, `taskComplete`) over the store, and a runner on top.
 * Takes definitions and task results, gives what to run next. Knows nothing of VMs or policies.
 */
export type * from './types.ts'
