/**
 * A workflow in Mistral v2's words, as far as it goes now: tasks with an action, direct transitions, join, retry, timeout.
 * Written as YAML (`readWorkflow`) or built in code. Tasks that no transition leads to are the first to run.
 */
export interface WorkflowDefinition {
  readonly name: string
  readonly tasks: Readonly<Record<string, TaskDefinition>>
}

export interface TaskDefinition {
  /** Name of a registered action. */
  readonly action: string
  readonly input?: Readonly<Record<string, unknown>>
  readonly 'on-success'?: readonly string[]
  /** A failure that leads nowhere (neither this nor `on-complete` names a task) makes the execution fail. */
  readonly 'on-error'?: readonly string[]
  readonly 'on-complete'?: readonly string[]
  /** `all`: start when every inbound transition was taken. Default: the first inbound transition starts it. */
  readonly join?: 'all'
  readonly retry?: {
    /** Tries after the first. */
    readonly count: number
    /** Seconds before the first retry. */
    readonly delay: number
    /** Each further delay is this many times the last. Default 1. */
    readonly backoff?: number
  }
  /** Seconds from start of one try to its end; past it the try has failed. */
  readonly timeout?: number
}

export type ExecutionState = 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled'
/**
 * `waiting`: not reached yet, a join not yet complete, or a retry not yet due. `ready`: queued. `running`: claimed, or a delegate
 * not yet answered. `skipped`: the execution ended without it.
 */
export type TaskState = 'waiting' | 'ready' | 'running' | 'succeeded' | 'failed' | 'skipped'

export interface TaskResult {
  readonly outcome: 'success' | 'error'
  /** Stored with the task. JSON. */
  readonly data?: unknown
  /** On error: why, in words. */
  readonly error?: string
  /** On error: whether a retry may help. Default true. */
  readonly retryable?: boolean
}

export interface ExecutionSummary {
  readonly id: string
  readonly workflow: string
  readonly state: ExecutionState
  /** Decided already, but tasks still run: it will be this when they have ended. Nothing new starts. */
  readonly ending?: 'failed' | 'cancelled'
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly endedAt?: number
}

export interface ExecutionView extends ExecutionSummary {
  readonly input: unknown
  /** All tasks of the definition, in its order. */
  readonly tasks: readonly TaskView[]
}

export interface TaskView {
  /** `${execution}/${name}`. */
  readonly id: string
  readonly name: string
  readonly state: TaskState
  /** 1 for the first try; 0 when it was not reached. */
  readonly attempt: number
  /** Milliseconds since 1970, of the last try. */
  readonly startedAt?: number
  readonly endedAt?: number
  readonly result?: unknown
  /** Why the last try that failed did. */
  readonly error?: string
}

/** One line of an execution's history, oldest first. */
export interface HistoryEvent {
  readonly kind: HistoryKind
  /** Milliseconds since 1970. */
  readonly at: number
  readonly task?: string
  readonly attempt?: number
  readonly data?: unknown
}

export type HistoryKind =
  | 'execution-started'
  | 'execution-paused'
  | 'execution-resumed'
  /** Data: `{ as }`, what it will end as. From here on nothing new starts. */
  | 'execution-ending'
  /** Data: `{ state }`. */
  | 'execution-ended'
  | 'task-started'
  /** The claim of a silent runner was taken over; the try goes on with the same token. */
  | 'task-taken-over'
  | 'task-delegated'
  | 'task-succeeded'
  /** Data: `{ error }`. */
  | 'task-failed'
  /** Data: `{ due }`. */
  | 'retry-scheduled'
  /** A second, late or unexpected result that changed nothing. Data: the result. */
  | 'completion-ignored'

/**
 * The lazy engine: passive, no memory of its own. `start` and `taskComplete` are one database transaction each, as are the three
 * that hold an execution back; nothing else changes an execution. Everything else is built on top.
 */
export interface WorkflowEngine {
  /** Create an execution and queue its first tasks. `id` given twice creates one execution. */
  start(definition: WorkflowDefinition, input: unknown, id?: string): Promise<string>
  /** Record one result and queue what became ready. A second completion of the same try changes nothing and says so. */
  taskComplete(execution: string, task: string, attempt: number, result: TaskResult): Promise<'recorded' | 'ignored'>
  /** Start nothing new until `resume`; what runs goes on. Pausing twice, or what has ended, changes nothing; so with the others. */
  pause(execution: string): Promise<void>
  resume(execution: string): Promise<void>
  /** Start nothing new, ever; `cancelled` once what runs has ended. */
  cancel(execution: string): Promise<void>
}

/** What an action says: a result at once, or `later` (a delegate, whose token is `${execution}/${task}/${attempt}`). */
export type ActionAnswer = TaskResult | 'later'

export interface ActionContext {
  readonly execution: string
  readonly task: string
  readonly attempt: number
  /** Identifies this try to the outside; the same after a crash. */
  readonly token: string
  /** The execution's input. */
  readonly executionInput: unknown
}

export interface Action {
  /** Must be safe to call again with the same token: it is, after a crash. */
  run(input: Readonly<Record<string, unknown>>, context: ActionContext): Promise<ActionAnswer>
  /** For delegates: asked about unanswered tries; undefined when not known yet. */
  poll?(token: string): Promise<TaskResult | undefined>
}

/** Carries executions out: claims ready tasks, runs their actions, polls delegates, minds deadlines and dead runners. */
export interface Runner {
  /**
   * Resolves when the execution has ended, or is paused and nothing of it runs any more.
   * Rejects when there is no such execution, the runner is stopped, or the store fails for good.
   */
  runUntilDone(execution: string): Promise<ExecutionView>
  /** Claim nothing more, and wait for the actions that run now; delegates stay for the next runner. */
  stop(): Promise<void>
}

/** Time, as an argument. `now` in milliseconds since 1970. */
export interface Clock {
  now(): number
  /** Returns the way to call it off. */
  after(ms: number, call: () => void): () => void
}
