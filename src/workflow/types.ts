/**
 * A workflow in Mistral v2's words, as far as it goes now: tasks with an action, direct transitions, join, retry, timeout.
 * Written as YAML or built in code.
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
/** `waiting`: a join not yet complete, or a retry not yet due. `ready`: queued. `running`: claimed, or a delegate not yet answered. */
export type TaskState = 'waiting' | 'ready' | 'running' | 'succeeded' | 'failed' | 'skipped'

export interface TaskResult {
  readonly outcome: 'success' | 'error'
  /** Stored with the task. JSON. */
  readonly data?: unknown
  /** On error: whether a retry may help. Default true. */
  readonly retryable?: boolean
}

export interface ExecutionView {
  readonly id: string
  readonly workflow: string
  readonly state: ExecutionState
  readonly input: unknown
  readonly tasks: readonly TaskView[]
}

export interface TaskView {
  readonly id: string
  readonly name: string
  readonly state: TaskState
  /** 1 for the first try. */
  readonly attempt: number
  readonly result?: unknown
  readonly error?: string
}

/**
 * The lazy engine: passive, no memory of its own. `start` and `taskComplete` are one database transaction each; nothing else changes
 * an execution. Everything else is built on top.
 */
export interface WorkflowEngine {
  /** Create an execution and queue its first tasks. `id` given twice creates one execution. */
  start(definition: WorkflowDefinition, input: unknown, id?: string): Promise<string>
  /** Record one result and queue what became ready. A second completion of the same try changes nothing and says so. */
  taskComplete(execution: string, task: string, attempt: number, result: TaskResult): Promise<'recorded' | 'ignored'>
}

/** What an action says: a result at once, or `later` (a delegate, whose token is `${execution}/${task}/${attempt}`). */
export type ActionAnswer = TaskResult | 'later'

export interface ActionContext {
  readonly execution: string
  readonly task: string
  readonly attempt: number
  /** Identifies this try to the outside; the same after a crash. */
  readonly token: string
}

export interface Action {
  /** Must be safe to call again with the same token: it is, after a crash. */
  run(input: Readonly<Record<string, unknown>>, context: ActionContext): Promise<ActionAnswer>
  /** For delegates: asked about unanswered tries; undefined when not known yet. */
  poll?(token: string): Promise<TaskResult | undefined>
}
