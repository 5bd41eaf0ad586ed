import type { WorkflowGraph } from './graph.ts'
import { readName } from './names.ts'
import type { ExecutionRow, TaskRow, Workspace } from './workspace.ts'

/* The queue of ready tasks, from the side of those who put something into it. */

/** One execution in a workspace. */
export interface Unit {
  readonly ws: Workspace
  readonly graph: WorkflowGraph
  readonly execution: ExecutionRow
}

/**
 * How far a queued task moves its execution back in the queue, in milliseconds. Executions with much to do fall behind those with
 * little, and nobody waits for ever, since newcomers begin at the present.
 */
const TURN_MS = 1000

export function isOpen({ state }: Pick<ExecutionRow, 'state'>): boolean {
  return state === 'running' || state === 'paused' || state === 'rolling-back'
}

/** Ready from now on, behind what its execution has queued before. */
export function enqueue({ ws, execution }: Unit, row: TaskRow): void {
  const turn = Math.max(ws.now, execution.turn)
  execution.turn = turn + TURN_MS
  ws.changeExecution(execution)
  Object.assign(row, { state: execution.state === 'paused' ? 'held' : 'ready', turn, due: null, wait: 0 })
  ws.change(row)
}

/** A new try, with a new budget of retries, of what failed; a first one of what was never begun. */
export function tryAgain(unit: Unit, row: TaskRow): void {
  if (row.state === 'failed') row.attempt++
  row.attempt = Math.max(row.attempt, 1)
  Object.assign(row, {
    base: row.attempt,
    outcome: null,
    ended_at: null,
    total: null,
    next: null,
    done: null,
    bad: null,
  })
  if (readName(row.name).index === undefined) unit.execution.active++
  enqueue(unit, row)
}

/** Record the end of an execution, and tell the task it is a sub-workflow of. */
export function close({ ws, execution }: Unit, state: string): void {
  Object.assign(execution, { state, ending: null, ended_at: ws.now })
  ws.changeExecution(execution)
  ws.event({ execution: execution.id, kind: 'execution-ended', data: { state } })
  if (execution.parent !== null) ws.nudge(execution.parent)
}

/** Texts of others may hold what no database takes: NUL, halves of characters. */
export function clean(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD')
}
