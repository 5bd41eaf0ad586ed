import type { Generated } from 'kysely'
import type { ApiSchema } from './api-schema.ts'
import type { ServiceSchema } from './service-schema.ts'

/*
 * The tables, as the SQL builder sees them. Types are those both SQLite and PostgreSQL have: text (JSON is text), integers, and
 * moments as milliseconds since 1970 in a bigint. Booleans are 0 and 1. What a record means is the business of the room that
 * writes it; the layout lives here because there is one set of migrations.
 */
export interface Schema extends ServiceSchema, ApiSchema {
  definitions: DefinitionsTable
  executions: ExecutionsTable
  tasks: TasksTable
  items: ItemsTable
  variables: VariablesTable
  events: EventsTable
  workers: WorkersTable
  cloud_actions: CloudActionsTable
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
  /** Tasks queued or running, items not counted: at 0 the execution has ended. */
  active: number
  /** Place in the queue of its next task; see `TasksTable.turn`. */
  turn: number
  /** Token of the task it is a sub-workflow of. */
  parent: string | null
  /** JSON. */
  output: string | null
  /** Why it failed. */
  error: string | null
  created_at: number
  ended_at: number | null
}

/** Tasks that were reached; a task without a row has not been. Items of a task are rows of their own, `NAME[3]`. */
export interface TasksTable {
  execution: string
  name: string
  state: string
  attempt: number
  /** The first try of the present budget of retries. */
  base: number
  /** Transitions to it that were taken. */
  arrived: number
  /** Place in the queue while it is ready: the lowest is served first. Spreads the work evenly over executions. */
  turn: number
  /** When a runner has to look at it next: start of a try, next poll, deadline. Null: nothing to do. */
  due: number | null
  /** How far ahead `due` was set, in milliseconds: a due further away means that the clock was set back. */
  wait: number
  /** The runner that carries out the action now. */
  claimed_by: string | null
  /** 1: the action answered "later", no runner holds the task. */
  delegated: number
  /** End of the time a try may take. */
  deadline: number | null
  /** An earlier try of which it is not known whether it still goes on outside. */
  unsure: number | null
  /** Polls in a row that threw. */
  faults: number
  /** The result's kind, while `wait-after` passes. */
  outcome: string | null
  /** Of a task with items: how many, how many were given a row, how many of those ended, how many of those failed. */
  total: number | null
  next: number | null
  done: number | null
  bad: number | null
  started_at: number | null
  ended_at: number | null
  /** Of an item: its value. JSON. */
  item: string | null
  /** JSON. */
  result: string | null
  error: string | null
}

/** Values of a task's items that have no row yet, some to a row. */
export interface ItemsTable {
  execution: string
  task: string
  /** Number of the first. */
  start: number
  /** JSON list. */
  body: string
}

/** What tasks published. */
export interface VariablesTable {
  execution: string
  name: string
  /** JSON. */
  value: string
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

/** Runners that hold something. A beat that stands still for the length of a lease tells the others that its runner is dead. */
export interface WorkersTable {
  name: string
  beat: number
  /** For people; nothing is decided by it. */
  seen_at: number
}

/** What was asked of clouds; see the actions of data sources. */
export interface CloudActionsTable {
  token: string
  asked_at: number
  /** 1 until it is known how it ended. */
  open: number
  /** JSON. */
  body: string
}
