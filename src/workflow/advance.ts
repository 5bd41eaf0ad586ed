import { targetsOf, type WorkflowGraph } from './graph.ts'
import type { HistoryEvent, TaskResult, TaskState } from './types.ts'

/*
 * The rules of an execution, without a database: situation × completion → changes. The engine reads the situation and writes the
 * changes inside one transaction; nothing is decided anywhere else.
 *
 * - A task without `on-error` or `on-complete` that fails for good makes the execution fail: what runs is let finish and recorded,
 *   nothing new starts, a retry that was waiting is given up.
 * - An execution ends when nothing of it is queued or running. Tasks that were not reached by then are skipped: a branch not taken
 *   is not an error, and neither is a join that can no longer be complete.
 */

export interface ExecutionSituation {
  readonly state: 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled'
  readonly ending: 'failed' | 'cancelled' | null
  /** Tasks queued (ready or waiting for a retry) or running. */
  readonly active: number
}

export interface TaskSituation {
  readonly name: string
  readonly state: TaskState
  readonly attempt: number
}

/** What is known of a task that a transition leads to. */
export interface TargetSituation {
  /** It was reached before: it has started, or is queued. */
  readonly reached: boolean
  /** Distinct sources whose transitions to it were taken before. */
  readonly arrived: number
}

export interface Situation {
  readonly graph: WorkflowGraph
  readonly execution: ExecutionSituation
  /** Undefined: not reached. */
  readonly task: TaskSituation | undefined
  readonly targets: ReadonlyMap<string, TargetSituation>
  /** Tasks queued, without the one that completes. Asked for only when the execution is about to stop. */
  readonly queued: readonly TaskSituation[]
}

export interface Completion {
  readonly task: string
  readonly attempt: number
  readonly result: TaskResult
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface TaskChange {
  readonly name: string
  readonly state: TaskState
  readonly attempt: number
  /** When to start; for `ready` and for a retry that waits. */
  readonly due?: number
  readonly ended?: boolean
  readonly result?: unknown
  readonly error?: string
  /** A new record; otherwise the record is changed. */
  readonly isNew?: boolean
}

export type EventChange = Omit<HistoryEvent, 'at'>

export interface Changes {
  readonly execution: ExecutionSituation
  readonly tasks: readonly TaskChange[]
  readonly transitions: readonly { readonly source: string; readonly target: string }[]
  readonly events: readonly EventChange[]
}

/** The first tasks. */
export function begin(graph: WorkflowGraph, now: number): Changes {
  return {
    execution: { state: 'running', ending: null, active: graph.first.length },
    tasks: graph.first.map(name => ready(name, now)),
    transitions: [],
    events: [{ kind: 'execution-started' }],
  }
}

/** Whether `complete` may need to know what is queued: an error can stop the execution. */
export function needsQueued(execution: ExecutionSituation, result: TaskResult): boolean {
  return result.outcome === 'error' && !execution.ending
}

/** One result. `undefined`: it is not awaited, and changes nothing. */
export function complete(situation: Situation, completion: Completion): Changes | undefined {
  const { graph, execution, task } = situation
  const { result, attempt, now } = completion
  if (!isOpen(execution) || !task || task.state !== 'running' || task.attempt !== attempt) return undefined
  const { name } = task
  const definition = graph.definition.tasks[name]!
  const data = result.data === undefined ? {} : { result: result.data }

  if (result.outcome === 'error') {
    const error = errorText(result)
    const failed: EventChange = { kind: 'task-failed', task: name, attempt, data: { error } }
    const { retry } = definition
    if (retry && attempt <= retry.count && result.retryable !== false && !execution.ending) {
      const due = now + Math.round(retry.delay * 1000 * (retry.backoff ?? 1) ** (attempt - 1))
      return {
        execution,
        tasks: [{ name, state: 'waiting', attempt: attempt + 1, due, error, ...data }],
        transitions: [],
        events: [failed, { kind: 'retry-scheduled', task: name, attempt: attempt + 1, data: { due } }],
      }
    }
    const change: TaskChange = { name, state: 'failed', attempt, ended: true, error, ...data }
    const handled = targetsOf(definition, 'error').length > 0
    if (handled || execution.ending) return proceed(situation, change, [failed], now)
    return stop({ ...execution, active: execution.active - 1 }, 'failed', situation.queued, [change], [failed])
  }

  const change: TaskChange = { name, state: 'succeeded', attempt, ended: true, ...data }
  return proceed(situation, change, [{ kind: 'task-succeeded', task: name, attempt }], now)
}

/** Start nothing more: what is queued is given up, and what runs is waited for. */
export function cancel(execution: ExecutionSituation, queued: readonly TaskSituation[]): Changes | undefined {
  if (!isOpen(execution) || execution.ending) return undefined
  return stop(execution, 'cancelled', queued, [], [])
}

export function isOpen(execution: Pick<ExecutionSituation, 'state'>): boolean {
  return execution.state === 'running' || execution.state === 'paused'
}

/** A task has its final result: take its transitions, unless nothing new may start. */
function proceed(situation: Situation, change: TaskChange, events: readonly EventChange[], now: number): Changes {
  const { graph, execution } = situation
  const after = { ...execution, active: execution.active - 1 }
  if (execution.ending) return settle({ execution: after, tasks: [change], transitions: [], events })
  const outcome = change.state === 'succeeded' ? 'success' : 'error'
  const targets = targetsOf(graph.definition.tasks[change.name]!, outcome)
  const started = targets.filter(target => {
    const known = situation.targets.get(target) ?? { reached: false, arrived: 0 }
    if (known.reached) return false
    const needed = graph.definition.tasks[target]!.join ? graph.sources.get(target)!.length : 1
    return known.arrived + 1 >= needed
  })
  return settle({
    execution: { ...after, active: after.active + started.length },
    tasks: [change, ...started.map(target => ready(target, now))],
    transitions: targets.map(target => ({ source: change.name, target })),
    events,
  })
}

function stop(
  execution: ExecutionSituation,
  as: 'failed' | 'cancelled',
  queued: readonly TaskSituation[],
  tasks: readonly TaskChange[],
  events: readonly EventChange[],
): Changes {
  return settle({
    execution: { ...execution, ending: as, active: execution.active - queued.length },
    tasks: [...tasks, ...queued.map(giveUp)],
    transitions: [],
    events: [...events, { kind: 'execution-ending', data: { as } }],
  })
}

/** A try that never started is skipped; a task that waits for a retry has failed before, and that is its result. */
function giveUp({ name, state, attempt }: TaskSituation): TaskChange {
  if (state === 'waiting') return { name, state: 'failed', attempt: attempt - 1, ended: true }
  return { name, state: 'skipped', attempt, ended: true }
}

function settle(changes: Changes): Changes {
  const { execution, events } = changes
  if (execution.active > 0) return changes
  const state = execution.ending ?? 'succeeded'
  return {
    ...changes,
    execution: { ...execution, state, ending: null },
    events: [...events, { kind: 'execution-ended', data: { state } }],
  }
}

function ready(name: string, due: number): TaskChange {
  return { name, state: 'ready', attempt: 1, due, isNew: true }
}

function errorText(result: TaskResult): string {
  if (result.error) return result.error
  return typeof result.data === 'string' ? result.data : 'the action failed'
}
