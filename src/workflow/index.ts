/**
 * Workflow: a lazy engine (`start`, `taskComplete`) over the store, and a runner on top.
 * Takes definitions and task results, gives what to run next. Knows nothing of VMs or policies.
 *
 * Where things are: `advance.ts` has the rules, `engine.ts` makes each change one transaction over a `workspace.ts`, `claims.ts` says
 * who carries out what, `heartbeats.ts` who still lives, `runner.ts` and `perform.ts` do it. `shape.ts`, `check-workflow.ts` and
 * `read-workflow.ts` judge definitions; `expressions.ts` says what a language of expressions is, `cel.ts` is the one used.
 */
export { checkInput, checkWorkflow } from './check-workflow.ts'
export { createEngine, type EngineOptions } from './engine.ts'
export { type CompiledExpression, ExpressionError, type ExpressionLanguage } from './expressions.ts'
export { stepsOf } from './graph.ts'
export { readWorkflow } from './read-workflow.ts'
export { createRunner, type RunnerOptions } from './runner.ts'
export { standardActions } from './standard-actions.ts'
export type * from './types.ts'
export { listExecutions, readDefinition, readHistory, showExecution } from './views.ts'
