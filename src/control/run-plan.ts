import type { Cloud } from '../datasources/index.ts'
import { DiagnosticError } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import {
  type Action,
  createEngine,
  createRunner,
  type ExecutionView,
  listExecutions,
  showExecution,
  type TaskResult,
} from '../workflow/index.ts'
import { checkMove, isThere, type MoveChecks } from './check-move.ts'
import {
  CACHE,
  MIGRATE,
  planWorkflow,
  type WorkflowCopy,
  type WorkflowMove,
  type WorkflowSteps,
} from './plan-workflow.ts'

/** Something that happened to a move, or to a copy of an image, while a plan runs. */
export interface MoveEvent {
  readonly move: WorkflowMove | WorkflowCopy
  readonly state: 'started' | 'succeeded' | 'failed'
  /** 1 for the first try. */
  readonly attempt: number
  /** On `failed`: why. */
  readonly detail?: string
}

/** Put a plan into the database as an execution. Nothing moves before it is there. */
export async function startPlan(
  store: Store,
  { moves, copies = [] }: WorkflowSteps,
  timeoutSeconds: number,
  /** Violations the plan takes into account, by their text. */
  tolerated: readonly string[] = [],
): Promise<string> {
  return createEngine(store).start(planWorkflow({ moves, copies }, timeoutSeconds), { moves, copies, tolerated })
}

/** The execution that was not carried to its end, when there is one: a process was killed. */
export async function unfinishedPlan(store: Store): Promise<ExecutionView | undefined> {
  const [unfinished] = await listExecutions(store, { states: ['running', 'paused'], limit: 1 })
  return unfinished && showExecution(store, unfinished.id)
}

/** The moves an execution was started with. */
export function movesOf(execution: Pick<ExecutionView, 'input'>): readonly WorkflowMove[] {
  return (execution.input as { moves: readonly WorkflowMove[] }).moves
}

/** The copies of images an execution was started with. */
export function copiesOf(execution: Pick<ExecutionView, 'input'>): readonly WorkflowCopy[] {
  return (execution.input as { copies?: readonly WorkflowCopy[] }).copies ?? []
}

/** The violations an execution's plan takes into account. */
export function toleratedOf(execution: Pick<ExecutionView, 'input'>): ReadonlySet<string> {
  return new Set((execution.input as { tolerated?: readonly string[] }).tolerated)
}

/**
 * Carry an execution to its end on a cloud. With `checks`, each move is checked before it begins, and has ended only when the cloud says
 * so of the migration and its tables show the VM on the target: the two disagree for a moment. A move that is refused, or fails after
 * its retries, makes the execution fail: what runs is waited for, the rest is left, and whoever called plans anew. The token of each try identifies it to the cloud, which never acts twice on one: a
 * process may be killed at any moment, and another that runs the same execution goes on.
 */
export async function runPlan(
  store: Store,
  cloud: Cloud,
  execution: string,
  onEvent: (event: MoveEvent) => void,
  checks?: MoveChecks,
): Promise<ExecutionView> {
  const engine = createEngine(store)
  const view = await showExecution(store, execution)
  const moves = new Map(movesOf(view).map(move => [move.id, move]))
  const copies = new Map(copiesOf(view).map(copy => [copy.id, copy]))
  const tell = (task: string, event: Omit<MoveEvent, 'move'>) => {
    const move = moves.get(task) ?? copies.get(task)
    if (move) onEvent({ move, ...event })
  }
  const asking = (action: string): Action['run'] =>
    async function ask(input, { task, attempt, token }) {
      const move = moves.get(task)
      const verdict = checks && move ? checkMove(move, checks) : ({ kind: 'go' } as const)
      if (verdict.kind === 'done') return { outcome: 'success', data: 'it was there already' }
      if (verdict.kind === 'refused') {
        tell(task, { state: 'failed', attempt, detail: verdict.why })
        return { outcome: 'error', error: verdict.why, retryable: false }
      }
      tell(task, { state: 'started', attempt })
      try {
        await cloud.submit(action, input, token)
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error
        tell(task, { state: 'failed', attempt, detail: error.message })
        const retryable = (await cloud.status(token))?.retryable ?? false
        return { outcome: 'error', error: error.message, retryable }
      }
      return 'later'
    }
  const poll = async (token: string) => {
    const result = await ended(cloud, token)
    const move = moves.get(token.split('/')[1] ?? '')
    const lags = checks && move && result !== 'running' && result?.outcome === 'success'
    return lags && !isThere(move.vm, move.to, checks.tables()) ? 'running' : result
  }
  const runner = createRunner(store, engine, {
    [MIGRATE]: { run: asking(MIGRATE), poll },
    [CACHE]: { run: asking(CACHE), poll },
  })
  // The cloud's own word that a migration ended saves waiting for the next poll; the poll finds what was missed.
  const stopListening = cloud.onEnded?.((token, { state, detail }) => {
    const [owner, task = '', attempt = ''] = token.split('/')
    if (owner !== execution || state === 'running') return
    tell(task, { state, attempt: Number(attempt), ...(state === 'failed' && detail !== undefined && { detail }) })
    // What fails here is found again by the poll.
    const ask = async () => {
      const result = await poll(token)
      if (result && result !== 'running') await engine.taskComplete(execution, task, Number(attempt), result)
    }
    ask().catch(() => {})
  })
  try {
    return await runner.runUntilDone(execution)
  } finally {
    stopListening?.()
    await runner.stop()
  }
}

/** What became of a migration, in the workflow's words; undefined: the cloud has never heard of it. */
async function ended(cloud: Cloud, token: string): Promise<TaskResult | 'running' | undefined> {
  const status = await cloud.status(token)
  if (!status) return undefined
  if (status.state === 'running') return 'running'
  if (status.state === 'succeeded') return { outcome: 'success' }
  return { outcome: 'error', error: status.detail ?? 'it failed', retryable: status.retryable ?? true }
}
