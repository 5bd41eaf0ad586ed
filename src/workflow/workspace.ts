import { sql } from 'kysely'
import {
  type ExecutionsTable,
  forUpdate,
  type Store,
  type StoreTransaction,
  selectTasks,
  type TasksTable,
  textsIn,
  type Write,
  writeRows,
} from '../store/index.ts'
import type { Definitions } from './definitions.ts'
import type { WorkflowGraph } from './graph.ts'
import type { HistoryEvent } from './types.ts'

/*
 * What one transaction knows and is about to write. The rules (advance.ts) change rows in memory; `flush` writes them all, in a few
 * statements whatever their number. So a hundred completions that arrive together cost little more than one.
 *
 * INVARIANT: every execution in here was locked by this transaction, so no other changes its tasks, except runners, which take tasks
 * from ready to running and mind those that run.
 */

/** An execution, locked. `input` is read when it is asked for. */
export type ExecutionRow = Omit<ExecutionsTable, 'input' | 'workflow' | 'created_at'>
export type TaskRow = TasksTable
export type NewEvent = Omit<HistoryEvent, 'at'> & { readonly execution: string }

const EXECUTION_COLUMNS = ['state', 'ending', 'active', 'turn', 'output', 'error', 'ended_at'] as const
const TASK_COLUMNS = [
  ...(['state', 'attempt', 'base', 'arrived', 'turn', 'due', 'wait', 'claimed_by', 'delegated', 'deadline'] as const),
  ...([
    'unsure',
    'faults',
    'outcome',
    'total',
    'next',
    'done',
    'bad',
    'started_at',
    'ended_at',
    'result',
    'error',
  ] as const),
]

/** Values of items in one row. */
export const ITEMS_IN_ROW = 500

export class Workspace {
  readonly store: Store
  readonly tx: StoreTransaction
  readonly now: number
  readonly #definitions: Definitions
  readonly #executions = new Map<string, ExecutionRow>()
  readonly #changedExecutions = new Set<ExecutionRow>()
  /** By execution and name; null: it is known that there is none. */
  readonly #tasks = new Map<string, Map<string, TaskRow | null>>()
  readonly #changed = new Set<TaskRow>()
  readonly #added = new Set<TaskRow>()
  #events: NewEvent[] = []
  readonly #inputs = new Map<string, unknown>()
  readonly #variables = new Map<string, Map<string, unknown>>()
  readonly #published = new Map<string, Set<string>>()
  /** Tokens of tasks whose sub-workflow has news. */
  readonly #nudges: string[] = []
  readonly #statesBefore = new Map<string, string>()
  /** Executions whose values are stored sealed. */
  readonly #sealed = new Set<string>()
  readonly #stirred = new Set<string>()

  constructor(store: Store, tx: StoreTransaction, definitions: Definitions, now: number) {
    this.store = store
    this.tx = tx
    this.now = now
    this.#definitions = definitions
  }

  /** Lock executions, always in the same order. Those that do not exist are left out. */
  async lock(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter(id => !this.#executions.has(id))
    if (missing.length === 0) return
    const query = this.tx
      .selectFrom('executions')
      .select(['id', 'definition', 'parent', ...EXECUTION_COLUMNS])
      .where('id', 'in', textsIn(this.store, missing))
      .orderBy('id')
    for (const row of await forUpdate(this.store, query).execute()) {
      this.#executions.set(row.id, row)
      this.#statesBefore.set(row.id, row.state)
      if ((await this.graph(row)).sealed) this.#sealed.add(row.id)
      Object.assign(row, { output: this.opened(row.id, row.output), error: this.opened(row.id, row.error) })
    }
  }

  execution(id: string): ExecutionRow | undefined {
    return this.#executions.get(id)
  }

  /** Take in an execution that this transaction has just made. */
  adopt(row: ExecutionRow, graph: WorkflowGraph, input: unknown): void {
    if (graph.sealed) this.#sealed.add(row.id)
    this.#executions.set(row.id, row)
    this.#inputs.set(row.id, input)
    this.#variables.set(row.id, new Map())
    this.#tasks.set(row.id, new Map())
  }

  graph(execution: Pick<ExecutionRow, 'definition'>): Promise<WorkflowGraph> {
    return this.#definitions.read(this.tx, execution.definition)
  }

  changeExecution(row: ExecutionRow): void {
    this.#changedExecutions.add(row)
  }

  /** Read tasks, all at once, for `task` to give. */
  async load(keys: readonly { readonly execution: string; readonly name: string }[]): Promise<void> {
    const missing = keys.filter(({ execution, name }) => !this.#tasks.get(execution)?.has(name))
    if (missing.length === 0) return
    for (const { execution, name } of missing) this.#ofExecution(execution).set(name, null)
    for (const row of await selectTasks(this.store, this.tx, missing))
      this.#ofExecution(row.execution).set(row.name, this.#openedTask(row))
  }

  async task(execution: string, name: string): Promise<TaskRow | undefined> {
    await this.load([{ execution, name }])
    return this.#tasks.get(execution)?.get(name) ?? undefined
  }

  /** All tasks of an execution that `where` is true of, in the database or changed here. Locks them. */
  async tasksIn(execution: string, states: readonly string[]): Promise<TaskRow[]> {
    await this.flush()
    const query = this.tx
      .selectFrom('tasks')
      .selectAll()
      .where('execution', '=', execution)
      .where('state', 'in', states)
      .orderBy('name')
    const known = this.#ofExecution(execution)
    return (await forUpdate(this.store, query).execute()).map(stored => {
      const row = this.#openedTask(stored)
      // Runners may have changed it since it was read first.
      const before = known.get(row.name)
      if (before) return Object.assign(before, row)
      known.set(row.name, row)
      return row
    })
  }

  add(row: TaskRow): void {
    this.#ofExecution(row.execution).set(row.name, row)
    this.#added.add(row)
  }

  change(row: TaskRow): void {
    if (!this.#added.has(row)) this.#changed.add(row)
  }

  event(event: NewEvent): void {
    this.#events.push(event)
  }

  async input(execution: string): Promise<unknown> {
    if (!this.#inputs.has(execution)) {
      const { input } = await this.tx
        .selectFrom('executions')
        .select('input')
        .where('id', '=', execution)
        .executeTakeFirstOrThrow()
      this.#inputs.set(execution, JSON.parse(this.opened(execution, input)))
    }
    return this.#inputs.get(execution)
  }

  async variables(execution: string): Promise<ReadonlyMap<string, unknown>> {
    let all = this.#variables.get(execution)
    if (!all) {
      const rows = await this.tx
        .selectFrom('variables')
        .select(['name', 'value'])
        .where('execution', '=', execution)
        .execute()
      all = new Map(rows.map(row => [row.name, JSON.parse(this.opened(execution, row.value)) as unknown]))
      this.#variables.set(execution, all)
    }
    return all
  }

  async publish(execution: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const all = (await this.variables(execution)) as Map<string, unknown>
    const published = this.#published.get(execution) ?? new Set()
    this.#published.set(execution, published)
    for (const [name, value] of Object.entries(values)) {
      all.set(name, value ?? null)
      published.add(name)
    }
  }

  async addItems(execution: string, task: string, values: readonly unknown[]): Promise<void> {
    const rows: { execution: string; task: string; start: number; body: string }[] = []
    for (let start = 0; start < values.length; start += ITEMS_IN_ROW)
      rows.push({
        execution,
        task,
        start,
        body: this.#closed(execution, JSON.stringify(values.slice(start, start + ITEMS_IN_ROW))),
      })
    await writeRows(this.store, this.tx, [{ insert: 'items', rows }])
  }

  /** The values of the items from `from` on, at most `count`. */
  async items(execution: string, task: string, from: number, count: number): Promise<unknown[]> {
    const rows = await this.tx
      .selectFrom('items')
      .select(['start', 'body'])
      .where('execution', '=', execution)
      .where('task', '=', task)
      .where('start', '>', from - ITEMS_IN_ROW)
      .where('start', '<', from + count)
      .orderBy('start')
      .execute()
    return rows.flatMap(({ start, body }) =>
      (JSON.parse(this.opened(execution, body)) as unknown[]).slice(Math.max(0, from - start), from + count - start),
    )
  }

  /** The task of that token has to be looked at: its sub-workflow ended, or has to follow its parent. */
  nudge(token: string): void {
    this.#nudges.push(token)
  }

  /** A stored value of an execution as it was before it was sealed. */
  opened<T extends string | null>(execution: string, text: T): T | string {
    return text !== null && this.#sealed.has(execution) ? this.store.vault.open(text, execution) : text
  }

  /** Tasks that became ready and were not written yet, the first in turn first. */
  readyNow(): TaskRow[] {
    const rows = [...this.#added, ...this.#changed].filter(row => row.state === 'ready')
    return rows.sort((a, b) => a.turn - b.turn)
  }

  /** Executions that somebody should look at, once all is saved: they have tasks that wait for a runner or a time, or another state. */
  get stirred(): ReadonlySet<string> {
    return this.#stirred
  }

  /** Write what was changed so far of tasks, variables and history, so that queries see it. */
  async flush(): Promise<void> {
    await writeRows(this.store, this.tx, this.#writes())
  }

  /** Write everything: the last thing to do. */
  async save(): Promise<void> {
    const { tx, now } = this
    for (const { id, state } of this.#changedExecutions) if (this.#statesBefore.get(id) !== state) this.#stirred.add(id)
    const rows = [...this.#changedExecutions].map(row =>
      this.#sealed.has(row.id)
        ? { ...row, output: this.#closed(row.id, row.output), error: this.#closed(row.id, row.error) }
        : row,
    )
    await writeRows(this.store, tx, [
      ...this.#writes(),
      ...(rows.length > 0 ? [{ update: 'executions', keys: ['id'], columns: EXECUTION_COLUMNS, rows } as const] : []),
    ])
    for (const token of this.#nudges.splice(0)) {
      const [execution = '', name = '', attempt = ''] = token.split('/')
      this.#stirred.add(execution)
      await tx
        .updateTable('tasks')
        .set({ due: now, wait: 0 })
        .where('execution', '=', execution)
        .where('name', '=', name)
        .where('attempt', '=', Number(attempt))
        .where('state', '=', 'running')
        .execute()
    }
  }

  /** What was changed of tasks, variables and history since it was asked last. */
  #writes(): Write[] {
    const added = [...this.#added]
    const changed = inOrder([...this.#changed])
    for (const { execution, state, due, claimed_by } of [...added, ...changed]) {
      const isPaused = this.#executions.get(execution)?.state === 'paused'
      if (state === 'ready' || (due !== null && claimed_by === null) || isPaused) this.#stirred.add(execution)
    }
    const variables = [...this.#published].flatMap(([execution, names]) =>
      [...names].map(name => ({
        execution,
        name,
        value: this.#closed(execution, JSON.stringify(this.#variables.get(execution)!.get(name)) ?? 'null'),
      })),
    )
    const events = this.#events
    this.#added.clear()
    this.#changed.clear()
    this.#published.clear()
    this.#events = []
    const writes: Write[] = [
      { insert: 'tasks', rows: added.map(row => this.#closedTask(row)) },
      {
        update: 'tasks',
        keys: ['execution', 'name'],
        columns: TASK_COLUMNS,
        rows: changed.map(row => this.#closedTask(row)),
      },
      { insert: 'variables', rows: variables, replace: ['execution', 'name'] },
      historyOf(events, this.now, (execution, data) => this.#closed(execution, data)),
    ]
    return writes.filter(({ rows }) => rows.length > 0)
  }

  /** Move all of an execution's queue between `ready` and `held`. */
  async moveQueue(execution: string, from: 'ready' | 'held', to: 'ready' | 'held'): Promise<void> {
    for (const row of await this.tasksIn(execution, [from])) {
      row.state = to
      this.change(row)
    }
    await this.flush()
  }

  #closed<T extends string | null>(execution: string, text: T): T | string {
    return text !== null && this.#sealed.has(execution) ? this.store.vault.seal(text, execution) : text
  }

  #closedTask(row: TaskRow): TaskRow {
    if (!this.#sealed.has(row.execution)) return row
    const closed = (text: string | null) => this.#closed(row.execution, text)
    return { ...row, item: closed(row.item), result: closed(row.result), error: closed(row.error) }
  }

  #openedTask(row: TaskRow): TaskRow {
    const opened = (text: string | null) => this.opened(row.execution, text)
    return { ...row, item: opened(row.item), result: opened(row.result), error: opened(row.error) }
  }

  #ofExecution(execution: string): Map<string, TaskRow | null> {
    let tasks = this.#tasks.get(execution)
    if (!tasks) {
      tasks = new Map()
      this.#tasks.set(execution, tasks)
    }
    return tasks
  }
}

/** Rows in the order in which all transactions lock them: two that lock the same ones never wait for each other. */
export function inOrder<T extends { readonly execution: string; readonly name: string }>(rows: readonly T[]): T[] {
  const key = (row: T): string => `${row.execution}/${row.name}`
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** `closed`: data as they are to be stored. */
export function historyOf(
  events: readonly NewEvent[],
  now: number,
  closed: (execution: string, data: string) => string = (_, data) => data,
): Write {
  return {
    insert: 'events',
    rows: events.map(e => ({
      execution: e.execution,
      task: e.task ?? null,
      attempt: e.attempt ?? null,
      kind: e.kind,
      happened_at: now,
      data: e.data === undefined ? null : closed(e.execution, JSON.stringify(e.data)),
    })),
  }
}

/** Tasks of executions that ended in success or failure, what ended last first. */
export async function endedTasks(
  { store, tx }: Pick<Workspace, 'store' | 'tx'>,
  executions: readonly string[],
): Promise<{ readonly execution: string; readonly task: string }[]> {
  const rows = await tx
    .selectFrom('events')
    .select(['execution', 'task', sql<number>`max(id)`.as('last')])
    .where('execution', 'in', textsIn(store, executions))
    .where('kind', 'in', ['task-succeeded', 'task-failed'])
    .groupBy(['execution', 'task'])
    .orderBy('last', 'desc')
    .execute()
  return rows.flatMap(({ execution, task }) => (task === null ? [] : [{ execution, task }]))
}

export function newTask(execution: string, name: string): TaskRow {
  return {
    execution,
    name,
    state: 'waiting',
    attempt: 0,
    base: 1,
    arrived: 0,
    turn: 0,
    due: null,
    wait: 0,
    claimed_by: null,
    delegated: 0,
    deadline: null,
    unsure: null,
    faults: 0,
    outcome: null,
    total: null,
    next: null,
    done: null,
    bad: null,
    started_at: null,
    ended_at: null,
    item: null,
    result: null,
    error: null,
  }
}
