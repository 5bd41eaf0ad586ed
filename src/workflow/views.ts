import type { Store, StoreTransaction } from '../store/index.ts'
import { Definitions } from './definitions.ts'
import { noExecution } from './engine.ts'
import { readName, readToken } from './names.ts'
import { createMasker, MASK, type Masker } from './secrets.ts'
import type {
  Ending,
  ExecutionState,
  ExecutionSummary,
  ExecutionView,
  HistoryEvent,
  HistoryKind,
  TaskState,
  TaskView,
  WorkflowDefinition,
} from './types.ts'
import type { TaskRow } from './workspace.ts'

const definitions = new Definitions()

/** @throws DiagnosticError `workflow/unknown-execution` */
export async function showExecution(store: Store, id: string): Promise<ExecutionView> {
  return store.transaction(async tx => {
    const { row, definition, input, variables, mask, opened } = await readExecution(store, tx, id)
    const rows = await tx
      .selectFrom('tasks')
      .selectAll()
      .where('execution', '=', id)
      .where('item', 'is', null)
      .orderBy('started_at')
      .execute()
    const byName = new Map(rows.map(r => [r.name, r]))
    const undone = rows.filter(r => readName(r.name).undo)
    const names = [...Object.keys(definition.tasks), ...undone.map(r => r.name)]
    const tasks = names.map((name): TaskView => {
      const task = byName.get(name)
      const ended = row.ended_at !== null
      if (!task || task.attempt === 0)
        return { id: `${id}/${name}`, name, state: ended ? 'skipped' : 'waiting', attempt: 0 }
      return taskView(id, { ...task, result: opened(task.result), error: opened(task.error, true) })
    })
    return mask({
      ...summary(row),
      input,
      ...(row.output !== null && { output: JSON.parse(opened(row.output)) as unknown }),
      ...(row.error !== null && { error: opened(row.error, true) }),
      variables,
      tasks,
    })
  })
}

/** The definition an execution follows. */
export async function readDefinition(store: Store, id: string): Promise<WorkflowDefinition> {
  return store.transaction(async tx => (await readExecution(store, tx, id)).definition)
}

function taskView(id: string, task: TaskRow): TaskView {
  return {
    id: `${id}/${task.name}`,
    name: task.name,
    state: task.state === 'held' ? 'ready' : (task.state as TaskState),
    attempt: task.attempt,
    ...(task.total !== null && { items: { total: task.total, done: task.done!, failed: task.bad! } }),
    ...(task.started_at !== null && { startedAt: task.started_at }),
    ...(task.ended_at !== null && { endedAt: task.ended_at }),
    ...(task.result !== null && { result: JSON.parse(task.result) as unknown }),
    ...(task.error !== null && { error: task.error }),
  }
}

/** The newest first. */
export async function listExecutions(
  store: Store,
  options: { readonly states?: readonly ExecutionState[]; readonly limit?: number } = {},
): Promise<ExecutionSummary[]> {
  let query = store.db
    .selectFrom('executions')
    .select(['id', 'workflow', 'state', 'ending', 'parent', 'created_at', 'ended_at'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(options.limit ?? 100)
  if (options.states) query = query.where('state', 'in', options.states)
  return (await query.execute()).map(summary)
}

/** Everything that happened to an execution, oldest first. */
export async function readHistory(store: Store, id: string): Promise<HistoryEvent[]> {
  return store.transaction(async tx => {
    const exists = await tx.selectFrom('executions').select('id').where('id', '=', id).executeTakeFirst()
    if (!exists) return []
    const { mask, opened } = await readExecution(store, tx, id)
    const rows = await tx.selectFrom('events').selectAll().where('execution', '=', id).orderBy('id').execute()
    return rows.map(row => ({
      kind: row.kind as HistoryKind,
      at: row.happened_at,
      ...(row.task !== null && { task: row.task }),
      ...(row.attempt !== null && { attempt: row.attempt }),
      ...(row.data !== null && { data: mask(JSON.parse(opened(row.data)) as unknown) }),
    }))
  })
}

async function readExecution(store: Store, tx: StoreTransaction, id: string) {
  const row = await tx.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) return noExecution(id)
  const { definition, sealed } = await definitions.read(tx, row.definition)
  /** A stored value in plain; without the key, a mask in its place. `plain`: it is no JSON. */
  const opened: Opener = (text, plain = false) => {
    if (text === null || !sealed) return text
    if (store.vault.hasKey) return store.vault.open(text, id)
    return (plain ? MASK : JSON.stringify(MASK)) as typeof text
  }
  const found = await tx.selectFrom('variables').select(['name', 'value']).where('execution', '=', id).execute()
  const variables = Object.fromEntries(found.map(v => [v.name, JSON.parse(opened(v.value)) as unknown]))
  const input = JSON.parse(opened(row.input)) as unknown
  const own = createMasker(definition, [input, variables, definition.vars])
  // What is secret in the execution that calls this one is secret here, under whatever name.
  const caller = readToken(row.parent ?? '')?.execution
  const above: Masker = caller === undefined ? value => value : (await readExecution(store, tx, caller)).mask
  const mask: Masker = value => above(own(value))
  return { row, definition, input, variables, mask, opened }
}

type Opener = <T extends string | null>(text: T, plain?: boolean) => T | string

function summary(row: {
  id: string
  workflow: string
  state: string
  ending: string | null
  parent: string | null
  created_at: number
  ended_at: number | null
}): ExecutionSummary {
  return {
    id: row.id,
    workflow: row.workflow,
    state: row.state as ExecutionState,
    ...(row.ending !== null && { ending: row.ending as Ending }),
    ...(row.parent !== null && { parent: row.parent }),
    createdAt: row.created_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  }
}
