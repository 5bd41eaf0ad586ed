import type { Store } from '../store/index.ts'
import { Definitions, noExecution } from './records.ts'
import type {
  ExecutionState,
  ExecutionSummary,
  ExecutionView,
  HistoryEvent,
  HistoryKind,
  TaskState,
  TaskView,
} from './types.ts'

/** @throws DiagnosticError `workflow/unknown-execution` */
export async function showExecution(store: Store, id: string): Promise<ExecutionView> {
  return store.transaction(async tx => {
    const row = await tx.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) return noExecution(id)
    const { definition } = await new Definitions().read(tx, row.definition)
    const rows = await tx.selectFrom('tasks').selectAll().where('execution', '=', id).execute()
    const byName = new Map(rows.map(r => [r.name, r]))
    const tasks = Object.keys(definition.tasks).map((name): TaskView => {
      const task = byName.get(name)
      if (!task) return { id: `${id}/${name}`, name, state: row.ended_at === null ? 'waiting' : 'skipped', attempt: 0 }
      return {
        id: `${id}/${name}`,
        name,
        state: task.state as TaskState,
        attempt: task.attempt,
        ...(task.started_at !== null && { startedAt: task.started_at }),
        ...(task.ended_at !== null && { endedAt: task.ended_at }),
        ...(task.result !== null && { result: JSON.parse(task.result) as unknown }),
        ...(task.error !== null && { error: task.error }),
      }
    })
    return { ...summary(row), input: JSON.parse(row.input) as unknown, tasks }
  })
}

/** The newest first. */
export async function listExecutions(
  store: Store,
  options: { readonly states?: readonly ExecutionState[]; readonly limit?: number } = {},
): Promise<ExecutionSummary[]> {
  let query = store.db
    .selectFrom('executions')
    .select(['id', 'workflow', 'state', 'ending', 'created_at', 'ended_at'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(options.limit ?? 100)
  if (options.states) query = query.where('state', 'in', options.states)
  return (await query.execute()).map(summary)
}

/** Everything that happened to an execution, oldest first. */
export async function readHistory(store: Store, id: string): Promise<HistoryEvent[]> {
  const rows = await store.db.selectFrom('events').selectAll().where('execution', '=', id).orderBy('id').execute()
  return rows.map(row => ({
    kind: row.kind as HistoryKind,
    at: row.happened_at,
    ...(row.task !== null && { task: row.task }),
    ...(row.attempt !== null && { attempt: row.attempt }),
    ...(row.data !== null && { data: JSON.parse(row.data) as unknown }),
  }))
}

function summary(row: {
  id: string
  workflow: string
  state: string
  ending: string | null
  created_at: number
  ended_at: number | null
}): ExecutionSummary {
  return {
    id: row.id,
    workflow: row.workflow,
    state: row.state as ExecutionState,
    ...(row.ending !== null && { ending: row.ending as 'failed' | 'cancelled' }),
    createdAt: row.created_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  }
}
