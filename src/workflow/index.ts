/**
 * Workflow: a lazy engine (`start`, `taskComplete`) over the store, and a runner on top.
 * Takes definitions and task results, gives what to run next. Knows nothing of VMs or policies.
 *
 * Where things are: `advance.ts` decides (pure), `engine.ts` makes each decision one transaction, `claims.ts` says who carries out
 * what, `runner.ts` does it. `check-workflow.ts` and `read-workflow.ts` judge definitions.
 */
export { checkWorkflow } from './check-workflow.ts'
export { createEngine } from './engine.ts'
export { readWorkflow } from './read-workflow.ts'
export { createRunner, type RunnerOptions } from './runner.ts'
export type * from './types.ts'
export { listExecutions, readHistory, showExecution } from './views.ts'
