import type { Generated } from 'kysely'

/*
 * The tables, as the SQL builder sees them. Types are those both SQLite and PostgreSQL have: text (JSON is text), integers, and
 * moments as milliseconds since 1970 in a bigint. Booleans are 0 and 1. What a record means is the business of the room that
 * writes it; the layout lives here because there is one set of migrations.
 */
export interface Schema {
  definitions: DefinitionsTable
  executions: ExecutionsTable
  tasks: TasksTable
  transitions: TransitionsTable
  events: EventsTable
}

/** Workflow definitions by content: executions of one definition share a row. */
export interface DefinitionsTable {
  /** Hash of `body`. */
  id: string
  name: string
  /** JSON. */
  body: string
}

export interface ExecutionsTable {
  id: string
  workflow: string
  definition: string
  /** JSON. */
  input: string
  state: string
  /** What it will end as once its running tasks have ended; null while it goes on. */
  ending: string | null
  /** Tasks queued or running: at 0 the execution has ended. */
  active: number
  created_at: number
  ended_at: number | null
}

/** Tasks that were reached; a task without a row has not been. */
export interface TasksTable {
  execution: string
  name: string
  state: string
  attempt: number
  /** When a runner has to look at it next: start of a try, end of a claim, next poll, deadline. Null: nothing to do. */
  due: number | null
  /** The runner that carries out the action now, and until when it may be silent before another takes over. */
  claimed_by: string | null
  lease: number | null
  /** 1: the action answered "later", no runner holds the task. */
  delegated: number
  /** End of the time a try may take. */
  deadline: number | null
  started_at: number | null
  ended_at: number | null
  /** JSON. */
  result: string | null
  error: string | null
}

/** Transitions that were taken. */
export interface TransitionsTable {
  execution: string
  source: string
  target: string
  taken_at: number
}

/** History; rows are only ever added. */
export interface EventsTable {
  id: Generated<number>
  execution: string
  task: string | null
  attempt: number | null
  kind: string
  happened_at: number
  /** JSON. */
  data: string | null
}
