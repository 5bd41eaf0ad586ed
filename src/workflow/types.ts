/**
 * A workflow in Mistral v2's words. Written as YAML (`readWorkflow`) or built in code. Tasks that no transition leads to are the
 * first to run. Where a value may be an expression, it is a text with `<% … %>`.
 */
export interface WorkflowDefinition {
  readonly name: string
  /** Names of the input's values; `{ name: default }` for one that may be left out. Absent: any input is taken. */
  readonly input?: readonly (string | Readonly<Record<string, unknown>>)[]
  /** Values to begin with, by name. */
  readonly vars?: Readonly<Record<string, unknown>>
  /** What the execution gives when it succeeds. */
  readonly output?: unknown
  /** Names of inputs and variables that are never shown. */
  readonly secrets?: readonly string[]
  readonly tasks: Readonly<Record<string, TaskDefinition>>
  /** Sub-workflows, by the names by which tasks call them. */
  readonly workflows?: Readonly<Record<string, WorkflowDefinition>>
}

/** A task's name or a command (`fail`, `succeed`, `pause`, `noop`); with a guard, it is taken only if that is true. */
export type Transition = string | Readonly<Record<string, unknown>>

export interface TaskDefinition {
  /** Name of a registered action. Neither this nor `workflow`: the task does nothing, successfully. */
  readonly action?: string
  /** Name of a sub-workflow. */
  readonly workflow?: string
  readonly input?: Readonly<Record<string, unknown>>
  readonly publish?: Readonly<Record<string, unknown>>
  readonly 'publish-on-error'?: Readonly<Record<string, unknown>>
  readonly 'on-success'?: readonly Transition[]
  /** A failure from which no transition is taken makes the execution fail. */
  readonly 'on-error'?: readonly Transition[]
  readonly 'on-complete'?: readonly Transition[]
  /** How many inbound transitions start it. Default: the first. */
  readonly join?: 'all' | 'one' | number
  /** `NAME in <% list %>`, or several that go side by side: the action runs once for each item. */
  readonly 'with-items'?: string | readonly string[]
  /** Items at once. */
  readonly concurrency?: number
  /** Whether results are kept. Default true. */
  readonly 'keep-result'?: boolean
  /** Of a task with items: of each item. */
  readonly retry?: RetryDefinition
  /** Seconds from start of one try (of an item) to its end; past it the try has failed. */
  readonly timeout?: number
  /** Seconds. */
  readonly 'wait-before'?: number
  readonly 'wait-after'?: number
  /** True, or an expression. */
  readonly 'pause-before'?: boolean | string
  /** An expression: a success of which it is true is a failure. */
  readonly 'fail-on'?: string
  /** What undoes the task when the execution is rolled back. Sees the task's `result`. */
  readonly compensation?: CompensationDefinition
}

export interface RetryDefinition {
  /** Tries after the first. */
  readonly count: number
  /** Seconds before the first retry. Default 0. */
  readonly delay?: number
  /** Each further delay is this many times the last. Default 1. */
  readonly backoff?: number
  /** Longest delay, in seconds. */
  readonly 'max-delay'?: number
  /** An expression: try again though the try succeeded. */
  readonly 'continue-on'?: string
  /** An expression: do not try again though the try failed. */
  readonly 'break-on'?: string
}

export type CompensationDefinition = Pick<TaskDefinition, 'input' | 'retry' | 'timeout'> & { readonly action: string }

export type ExecutionState =
  | 'running'
  | 'paused'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  /** Compensations run, in reverse order. */
  | 'rolling-back'
  | 'rolled-back'

/** What an execution will be once what still runs of it has ended. */
export type Ending = 'failed' | 'cancelled' | 'succeeded'

/**
 * `waiting`: not reached yet, a join not yet complete, or a wait or retry not yet due. `ready`: queued. `running`: claimed, or a
 * delegate not yet answered. `skipped`: the execution ended without it.
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
  /** On error: the try may still go on outside; it is asked about before another is sent. */
  readonly unsure?: boolean
}

export interface ExecutionSummary {
  readonly id: string
  readonly workflow: string
  readonly state: ExecutionState
  /** Decided already, but tasks still run: it will be this when they have ended. Nothing new starts. */
  readonly ending?: Ending
  /** Token of the task it is a sub-workflow of. */
  readonly parent?: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly endedAt?: number
}

export interface ExecutionView extends ExecutionSummary {
  /** What is secret in it is masked. */
  readonly input: unknown
  readonly output?: unknown
  readonly variables: Readonly<Record<string, unknown>>
  readonly error?: string
  /** All tasks of the definition, in its order, then the compensations that were begun, named `~TASK`. */
  readonly tasks: readonly TaskView[]
}

export interface TaskView {
  /** `${execution}/${name}`. */
  readonly id: string
  readonly name: string
  readonly state: TaskState
  /** 1 for the first try; 0 when it was not reached. */
  readonly attempt: number
  /** Of a task with items. */
  readonly items?: { readonly total: number; readonly done: number; readonly failed: number }
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
  /** It goes on where it failed. */
  | 'execution-retried'
  | 'rollback-started'
  | 'task-started'
  /** The claim of a silent runner was taken over; the try goes on with the same token. */
  | 'task-taken-over'
  | 'task-delegated'
  /** Data: `{ items }`. */
  | 'task-expanded'
  | 'task-succeeded'
  /** Data: `{ error }`. */
  | 'task-failed'
  /** Data: `{ due }`. */
  | 'retry-scheduled'
  /** A second, late or unexpected result that changed nothing. Data: the result. */
  | 'completion-ignored'

export type Recorded = 'recorded' | 'ignored'

/**
 * The lazy engine: passive, no memory of its own. `start` and `taskComplete` are one database transaction each, as are those that
 * hold an execution back or set it going again; nothing else changes an execution. Everything else is built on top.
 */
export interface WorkflowEngine {
  /** Create an execution and queue its first tasks. `id` given twice creates one execution. */
  start(definition: WorkflowDefinition, input: unknown, id?: string): Promise<string>
  /** Record one result and queue what became ready. A second completion of the same try changes nothing and says so. */
  taskComplete(execution: string, task: string, attempt: number, result: TaskResult): Promise<Recorded>
  /** The same for those who know a try by its token only: webhooks. */
  completeByToken(token: string, result: TaskResult): Promise<Recorded>
  /** Start nothing new until `resume`; what runs goes on. Pausing twice, or what has ended, changes nothing; so with the others. */
  pause(execution: string): Promise<void>
  resume(execution: string): Promise<void>
  /** Start nothing new, ever; `cancelled` once what runs has ended. */
  cancel(execution: string): Promise<void>
  /** Let a failed or cancelled execution go on: what failed is tried again, what was skipped is queued. */
  retry(execution: string): Promise<void>
  /** Run the compensations of a failed or cancelled execution, one after the other, what ended last first. */
  rollback(execution: string): Promise<void>
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
  /** Must be safe to call again with the same token: it is, after a crash, unless `poll` knows what became of it. */
  run(input: Readonly<Record<string, unknown>>, context: ActionContext): Promise<ActionAnswer>
  /**
   * What became of a try: its result, `running`, or undefined when nothing is known of it. Asked about unanswered delegates, and
   * before an action that may have been sent is sent again.
   */
  poll?(token: string): Promise<TaskResult | 'running' | undefined>
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
