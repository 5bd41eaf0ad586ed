import { createHash } from 'node:crypto'
import { fail } from '../diagnostic/index.ts'
import { forUpdate, type Store, type StoreTransaction } from '../store/index.ts'
import type { Changes, ExecutionSituation, TargetSituation, TaskChange, TaskSituation } from './advance.ts'
import { buildGraph, type WorkflowGraph } from './graph.ts'
import type { ExecutionState, HistoryKind, TaskState, WorkflowDefinition } from './types.ts'

/** Rows in one insert; SQLite allows 32,766 values in a statement. */
const ROWS_AT_ONCE = 500

/** Definitions kept ready to use. They never change, so a stale one can't be. */
const GRAPHS_KEPT = 100

export type Reader = Store['db'] | StoreTransaction

/** Stored definitions by id, with a cache of those in use. */
export class Definitions {
  readonly #graphs = new Map<string, WorkflowGraph>()

  async read(db: Reader, id: string): Promise<WorkflowGraph> {
    let graph = this.#graphs.get(id)
    if (!graph) {
      const { body } = await db.selectFrom('definitions').select('body').where('id', '=', id).executeTakeFirstOrThrow()
      graph = buildGraph(JSON.parse(body) as WorkflowDefinition)
      if (this.#graphs.size >= GRAPHS_KEPT) this.#graphs.clear()
      this.#graphs.set(id, graph)
    }
    return graph
  }

  async write(tx: StoreTransaction, definition: WorkflowDefinition): Promise<string> {
    const body = JSON.stringify(definition)
    const id = createHash('sha256').update(body).digest('hex').slice(0, 32)
    await tx
      .insertInto('definitions')
      .values({ id, name: definition.name, body })
      .onConflict(c => c.doNothing())
      .execute()
    return id
  }
}

/** An execution's row, locked until the transaction ends. */
export async function lockExecution(
  store: Store,
  tx: StoreTransaction,
  id: string,
): Promise<ExecutionSituation & { readonly definition: string }> {
  const row = await forUpdate(
    store,
    tx.selectFrom('executions').select(['state', 'ending', 'active', 'definition']).where('id', '=', id),
  ).executeTakeFirst()
  if (!row) return noExecution(id)
  return { ...row, state: row.state as ExecutionState, ending: row.ending as 'failed' | 'cancelled' | null }
}

export function noExecution(id: string): never {
  return fail('workflow/unknown-execution', `there is no execution \`${id}\``, {
    help: 'list the executions to see their ids',
  })
}

export async function readTask(tx: Reader, execution: string, name: string): Promise<TaskSituation | undefined> {
  const row = await tx
    .selectFrom('tasks')
    .select(['name', 'state', 'attempt'])
    .where('execution', '=', execution)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && { ...row, state: row.state as TaskState }
}

/** Tasks ready or waiting for a retry. */
export async function readQueued(tx: Reader, execution: string): Promise<TaskSituation[]> {
  const rows = await tx
    .selectFrom('tasks')
    .select(['name', 'state', 'attempt'])
    .where('execution', '=', execution)
    .where('state', 'in', ['ready', 'waiting'])
    .execute()
  return rows.map(row => ({ ...row, state: row.state as TaskState }))
}

/** What is known of tasks that transitions may lead to. */
export async function readTargets(
  tx: Reader,
  execution: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, TargetSituation>> {
  if (names.length === 0) return new Map()
  const reached = await tx
    .selectFrom('tasks')
    .select('name')
    .where('execution', '=', execution)
    .where('name', 'in', names)
    .execute()
  const arrived = await tx
    .selectFrom('transitions')
    .select(e => ['target', e.fn.countAll<number>().as('count')])
    .where('execution', '=', execution)
    .where('target', 'in', names)
    .groupBy('target')
    .execute()
  const names1 = new Set(reached.map(r => r.name))
  const counts = new Map(arrived.map(r => [r.target, Number(r.count)]))
  return new Map(names.map(n => [n, { reached: names1.has(n), arrived: counts.get(n) ?? 0 }]))
}

/** Write what was decided; the caller's transaction makes it one. */
export async function writeChanges(
  tx: StoreTransaction,
  execution: string,
  before: ExecutionSituation,
  changes: Changes,
  now: number,
): Promise<void> {
  for (const change of changes.tasks)
    if (!change.isNew)
      await tx
        .updateTable('tasks')
        .set(taskColumns(change, now))
        .where('execution', '=', execution)
        .where('name', '=', change.name)
        .execute()
  const added = changes.tasks.filter(change => change.isNew)
  for (const rows of chunks(added))
    await tx
      .insertInto('tasks')
      .values(rows.map(change => ({ execution, name: change.name, ...taskColumns(change, now) })))
      .execute()
  for (const rows of chunks(changes.transitions))
    await tx
      .insertInto('transitions')
      .values(rows.map(t => ({ execution, source: t.source, target: t.target, taken_at: now })))
      .execute()
  await writeEvents(
    tx,
    changes.events.map(event => ({ execution, ...event })),
    now,
  )
  const after = changes.execution
  if (after.state !== before.state || after.ending !== before.ending || after.active !== before.active)
    await tx
      .updateTable('executions')
      .set({
        state: after.state,
        ending: after.ending,
        active: after.active,
        ended_at: after.state === 'running' || after.state === 'paused' ? null : now,
      })
      .where('id', '=', execution)
      .execute()
}

export interface NewEvent {
  readonly execution: string
  readonly kind: HistoryKind
  readonly task?: string
  readonly attempt?: number
  readonly data?: unknown
}

export async function writeEvents(tx: StoreTransaction, events: readonly NewEvent[], now: number): Promise<void> {
  for (const rows of chunks(events))
    await tx
      .insertInto('events')
      .values(
        rows.map(e => ({
          execution: e.execution,
          task: e.task ?? null,
          attempt: e.attempt ?? null,
          kind: e.kind,
          happened_at: now,
          data: e.data === undefined ? null : JSON.stringify(e.data),
        })),
      )
      .execute()
}

/** The columns a change sets. Every change takes the task out of its runner's hands. */
function taskColumns(change: TaskChange, now: number) {
  return {
    state: change.state,
    attempt: change.attempt,
    due: change.due ?? null,
    claimed_by: null,
    lease: null,
    delegated: 0,
    deadline: null,
    ...(change.ended && { ended_at: now }),
    ...(change.result !== undefined && { result: JSON.stringify(change.result) }),
    ...(change.error !== undefined && { error: change.error }),
  }
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) yield rows.slice(i, i + ROWS_AT_ONCE)
}
