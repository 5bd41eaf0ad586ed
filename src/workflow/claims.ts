import { sql } from 'kysely'
import { type Store, type StoreTransaction, selectTasks, type TasksTable, textsIn, writeRows } from '../store/index.ts'
import { Batches } from './batches.ts'
import type { Definitions } from './definitions.ts'
import type { TaskPlan, WorkflowGraph } from './graph.ts'
import { readName, token } from './names.ts'
import { historyOf, inOrder, type NewEvent, type TaskRow, type Workspace } from './workspace.ts'

/*
 * What runners write: who carries out which try. A claim holds as long as its runner's heart beats (heartbeats.ts); a runner that dies
 * falls silent, and another takes the try over, with the same attempt number and so the same token.
 *
 * Ready tasks are taken in order of `turn`. `due` is for what has a time: the end of a wait, the next poll of a delegate, a deadline.
 */

/**
 * One thing to do. `run`: carry out the action. `poll`: ask about a delegate. `child`: look at a sub-workflow. `timeout`: the try has
 * taken too long. `proceed`: `wait-after` has passed.
 */
export interface Claim {
  readonly kind: 'run' | 'poll' | 'child' | 'timeout' | 'proceed'
  readonly execution: string
  readonly task: string
  readonly attempt: number
  readonly graph: WorkflowGraph
  readonly plan: TaskPlan
  /** Undefined: a sub-workflow, or nothing to do. */
  readonly action: string | undefined
  readonly executionInput: unknown
  /** Of an item: its value. */
  readonly item: unknown
  /** It may have been sent before, by a runner that is gone. */
  readonly again: boolean
  /** An earlier try that may still go on outside. */
  readonly unsure: number | undefined
  /** Polls in a row that threw. */
  readonly faults: number
  /** Seconds. */
  readonly timeout: number | undefined
  readonly parentState: string
  readonly parentEnding: string | null
}

export interface ClaimOptions {
  readonly now: number
  readonly worker: string
  /** Milliseconds after which what was handed out and not done is handed out again. */
  readonly leaseMs: number
  /** Milliseconds between polls of one delegate. */
  readonly pollMs: number
  /** How many actions may be started. */
  readonly free: number
  readonly canPoll: (action: string | undefined) => boolean
}

/** Written into the statement: the index of the queue is for this state alone, which a plan for any parameter can not rely on. */
const READY = sql.lit('ready')

/** Tasks looked at in one transaction. */
export const CLAIM_BATCH = 500

/** Inputs of executions kept at hand. They never change. */
const EXECUTIONS_KEPT = 1000

/** Sub-workflows say when they have ended; this is for when that was lost. Milliseconds. */
const CHILD_POLL_MS = 30_000

type TakenTask = Pick<
  TasksTable,
  | 'execution'
  | 'name'
  | 'state'
  | 'attempt'
  | 'turn'
  | 'due'
  | 'wait'
  | 'delegated'
  | 'claimed_by'
  | 'deadline'
  | 'unsure'
  | 'faults'
  | 'outcome'
  | 'total'
  | 'item'
  | 'started_at'
> & { execution_state: string; execution_ending: string | null }

const COLUMNS = [
  ...(['execution', 'name', 'state', 'attempt', 'turn', 'due', 'wait', 'delegated', 'claimed_by'] as const),
  ...(['deadline', 'unsure', 'faults', 'outcome', 'total', 'item', 'started_at'] as const),
]
const CHANGED_COLUMNS = [
  'state',
  'due',
  'wait',
  'claimed_by',
  'delegated',
  'deadline',
  'started_at',
  'ended_at',
] as const

export function claimKey(claim: Pick<Claim, 'execution' | 'task' | 'attempt'>): string {
  return token(claim.execution, claim.task, claim.attempt)
}

/** A runner that takes what its own results make ready, in the transaction that records them: no queue, no second transaction. */
export interface Taker {
  /** Take some of `rows`, which are ready and not written yet. `ended`: the tries whose results are recorded here. */
  take(
    ws: Workspace,
    rows: readonly TaskRow[],
    ended: readonly Pick<Claim, 'execution' | 'task' | 'attempt'>[],
  ): Promise<Taken>
}

/** Tries taken in a transaction that is still open: one of these is called when it is known what became of it. */
export interface Taken {
  committed(): void
  lost(): void
}

/** The place in the queue of the task that is first in turn. */
export async function earliestReady(tx: StoreTransaction): Promise<number | undefined> {
  const query = tx.selectFrom('tasks').select('turn').where('state', '=', READY).orderBy('turn').limit(1)
  return (await query.executeTakeFirst())?.turn
}

/** What there is to do at a moment. */
export interface Outlook {
  /** Something is due; something is ready. */
  readonly due: boolean
  readonly ready: boolean
  /** The next moment at which something will be due. */
  readonly next: number | undefined
}

/** A note that an action answered "later": ask about it from `due` on. */
interface Delegation {
  readonly claim: Claim
  readonly worker: string
  /** Milliseconds to the first poll; null: there is none. */
  readonly poll: number | null
  readonly now: number
}

/** Claims for one runner. */
export class ClaimDesk {
  readonly #store: Store
  readonly #definitions: Definitions
  readonly #executions = new Map<string, { readonly graph: WorkflowGraph; readonly input: unknown }>()
  readonly #delegations = new Batches<Delegation, undefined>(CLAIM_BATCH, batch => this.#delegate(batch))

  constructor(store: Store, definitions: Definitions) {
    this.#store = store
    this.#definitions = definitions
  }

  /** Look, without a transaction, whether one is worth it. */
  async look(now: number): Promise<Outlook> {
    const due = (after: boolean) => {
      const query = this.#store.db.selectFrom('tasks').select('due').orderBy('due').limit(1)
      return query.where('due', after ? '>' : '<=', now)
    }
    const ready = this.#store.db.selectFrom('tasks').select('turn').where('state', '=', READY).limit(1)
    const found = await this.#store.db
      .selectNoFrom([due(false).as('due'), due(true).as('next'), ready.as('ready')])
      .executeTakeFirstOrThrow()
    return { due: found.due !== null, ready: found.ready !== null, next: found.next ?? undefined }
  }

  /** Whatever is due and may be done by this runner; claimed in one transaction. `more`: look again at once. */
  async take(
    options: ClaimOptions,
    outlook: Pick<Outlook, 'due' | 'ready'>,
  ): Promise<{ readonly claims: readonly Claim[]; readonly more: boolean }> {
    const taken = await this.#store.transaction(async tx => {
      const handed: [TakenTask, Claim['kind'], again: boolean][] = []
      const changed: TakenTask[] = []
      const events: NewEvent[] = []
      let { free } = options
      const [due, ready] = await Promise.all([
        outlook.due ? this.#due(tx, options.now) : [],
        outlook.ready && free > 0 ? this.#ready(tx, free) : [],
      ])
      await this.#know(
        tx,
        [...due, ...ready].map(row => row.execution),
      )
      for (const row of due) {
        const kind = this.#look(row, { ...options, free }, events)
        changed.push(row)
        if (!kind) continue
        handed.push([row, kind, kind === 'run'])
        if (kind === 'run') free--
      }
      for (const row of ready.slice(0, Math.max(0, free))) {
        events.push(this.#hold(row, options))
        changed.push(row)
        handed.push([row, 'run', false])
      }
      await writeRows(
        this.#store,
        tx,
        [
          { update: 'tasks', keys: ['execution', 'name'], columns: CHANGED_COLUMNS, rows: changed } as const,
          historyOf(events, options.now),
        ].filter(({ rows }) => rows.length > 0),
      )
      const more = due.length >= CLAIM_BATCH || due.some(row => row.state === 'ready')
      return { handed, more }
    })
    return {
      claims: taken.handed.map(([row, kind, again]) => this.#describe(row, kind, again)),
      more: taken.more,
    }
  }

  /** Take rows that a transaction has made ready and not written yet. */
  async takeReady(
    ws: Workspace,
    rows: readonly TaskRow[],
    options: Pick<ClaimOptions, 'now' | 'worker'>,
  ): Promise<readonly Claim[]> {
    await this.#know(
      ws.tx,
      rows.map(row => row.execution),
    )
    return rows.map(row => {
      ws.event(this.#hold(row, options))
      const { state, ending } = ws.execution(row.execution)!
      return this.#describe({ ...row, execution_state: state, execution_ending: ending }, 'run', false)
    })
  }

  /** Begin a try. */
  #hold(row: TaskRow | TakenTask, options: Pick<ClaimOptions, 'now' | 'worker'>): NewEvent {
    hold(row, options, this.#timing(row).timeout)
    return { execution: row.execution, kind: 'task-started', task: row.name, attempt: row.attempt }
  }

  /** A task whose time has come. Changes the row; undefined: there is nothing to do for this runner. */
  #look(row: TakenTask, options: ClaimOptions, events: NewEvent[]): Claim['kind'] | undefined {
    const { now } = options
    if (row.state === 'waiting') {
      if (row.outcome !== null) {
        later(row, now, options.leaseMs)
        return 'proceed'
      }
      Object.assign(row, { state: row.execution_state === 'paused' ? 'held' : 'ready', due: null, wait: 0 })
      return undefined
    }
    if (row.deadline !== null && row.deadline <= now) {
      later(row, now, options.leaseMs)
      return 'timeout'
    }
    if (row.delegated) {
      const { plan, action } = this.#timing(row)
      const isChild = plan.definition.workflow !== undefined && !readName(row.name).undo
      const polled = isChild || options.canPoll(action)
      if (polled)
        later(row, now, isChild ? CHILD_POLL_MS : options.pollMs * 2 ** Math.min(row.faults, 10), row.deadline)
      else Object.assign(row, { due: row.deadline, wait: 0 })
      return polled ? (isChild ? 'child' : 'poll') : undefined
    }
    if (row.total !== null || row.claimed_by !== null) {
      Object.assign(row, { due: row.deadline, wait: 0 })
      return undefined
    }
    if (options.free <= 0) {
      later(row, now, options.pollMs)
      return undefined
    }
    Object.assign(row, { claimed_by: options.worker, due: row.deadline, wait: 0 })
    events.push({ execution: row.execution, kind: 'task-taken-over', task: row.name, attempt: row.attempt })
    return 'run'
  }

  /** The action answered "later": nobody holds the task any more. */
  delegate(claim: Claim, worker: string, poll: number | null, now: number): Promise<undefined> {
    return this.#delegations.add({ claim, worker, poll, now })
  }

  async #delegate(batch: readonly Delegation[]): Promise<undefined[]> {
    const all = new Map(batch.map(one => [claimKey(one.claim), one]))
    const keys = inOrder([...all.values()].map(({ claim }) => ({ execution: claim.execution, name: claim.task })))
    await this.#store.transaction(async tx => {
      const found = await selectTasks(this.#store, tx, keys, true)
      const rows = found.filter(row => {
        const one = all.get(token(row.execution, row.name, row.attempt))
        return one !== undefined && row.state === 'running' && row.claimed_by === one.worker
      })
      if (rows.length === 0) return
      for (const row of rows) {
        const { poll, now } = all.get(token(row.execution, row.name, row.attempt))!
        Object.assign(row, { claimed_by: null, delegated: 1 })
        if (poll === null) Object.assign(row, { due: row.deadline, wait: 0 })
        else later(row, now, poll, row.deadline)
      }
      const events = rows.map(
        row => ({ execution: row.execution, kind: 'task-delegated', task: row.name, attempt: row.attempt }) as const,
      )
      await writeRows(this.#store, tx, [
        { update: 'tasks', keys: ['execution', 'name'], columns: CHANGED_COLUMNS, rows },
        historyOf(events, batch[0]!.now),
      ])
    })
    return batch.map(() => undefined)
  }

  /** How many polls in a row have thrown. */
  setFaults(claim: Claim, faults: number): Promise<void> {
    return this.#set(claim, { faults })
  }

  /** The earlier try that was in doubt is known to be over. */
  clearDoubt(claim: Claim): Promise<void> {
    return this.#set(claim, { unsure: null })
  }

  async #set(claim: Claim, columns: Partial<TasksTable>): Promise<void> {
    await this.#store.db
      .updateTable('tasks')
      .set(columns)
      .where('execution', '=', claim.execution)
      .where('name', '=', claim.task)
      .where('attempt', '=', claim.attempt)
      .where('state', '=', 'running')
      .execute()
  }

  /** Runners that hold something. */
  async holders(): Promise<string[]> {
    const rows = await this.#store.db
      .selectFrom('tasks')
      .select('claimed_by')
      .distinct()
      .where('claimed_by', 'is not', null)
      .execute()
    return rows.flatMap(row => (row.claimed_by === null ? [] : [row.claimed_by]))
  }

  /** What a runner holds is anybody's. `except`: what it is known to be doing. */
  async release(worker: string, now: number, except?: (key: string) => boolean): Promise<void> {
    const query = this.#store.db.selectFrom('tasks').select(['execution', 'name', 'attempt'])
    const held = await query.where('claimed_by', '=', worker).execute()
    for (const { execution, name, attempt } of held) {
      if (except?.(token(execution, name, attempt))) continue
      await this.#store.db
        .updateTable('tasks')
        .set({ claimed_by: null, due: now, wait: 0 })
        .where('execution', '=', execution)
        .where('name', '=', name)
        .where('attempt', '=', attempt)
        .where('claimed_by', '=', worker)
        .where('state', '=', 'running')
        .execute()
    }
  }

  /** What lies further ahead than it was set is due as far ahead as it was set: the machine's clock was ahead, and was set back. */
  async mendTimes(now: number): Promise<void> {
    await this.#store.db
      .updateTable('tasks')
      .set({
        deadline: sql<number>`deadline - started_at + cast(${now} as bigint)`,
        due: sql<number>`case when due = deadline then deadline - started_at + cast(${now} as bigint) else due end`,
        started_at: now,
      })
      .where('due', 'is not', null)
      .where('deadline', 'is not', null)
      .where('state', '=', 'running')
      .where('started_at', '>', now)
      .execute()
    await this.#store.db
      .updateTable('tasks')
      .set({ due: sql<number>`wait + cast(${now} as bigint)` })
      .where('due', '>', sql<number>`wait + cast(${now} as bigint)`)
      .where('wait', '>', 0)
      .execute()
  }

  async #due(tx: StoreTransaction, now: number): Promise<TakenTask[]> {
    return this.#tasks(tx)
      .where('tasks.due', '<=', now)
      .where('tasks.state', 'in', ['running', 'waiting'])
      .orderBy('tasks.due')
      .limit(CLAIM_BATCH)
      .execute()
  }

  async #ready(tx: StoreTransaction, free: number): Promise<TakenTask[]> {
    return this.#tasks(tx)
      .where('tasks.state', '=', READY)
      .where('executions.state', 'in', ['running', 'rolling-back'])
      .orderBy('tasks.turn')
      .limit(Math.min(free, CLAIM_BATCH))
      .execute()
  }

  #tasks(tx: StoreTransaction) {
    const query = tx
      .selectFrom('tasks')
      .innerJoin('executions', 'executions.id', 'tasks.execution')
      .select(COLUMNS.map(column => `tasks.${column}` as const))
      .select(['executions.state as execution_state', 'executions.ending as execution_ending'])
    return this.#store.dialect === 'postgres' ? query.forNoKeyUpdate('tasks').skipLocked() : query
  }

  async #know(tx: StoreTransaction, executions: readonly string[]): Promise<void> {
    const missing = [...new Set(executions)].filter(id => !this.#executions.has(id))
    if (missing.length === 0) return
    if (this.#executions.size + missing.length > EXECUTIONS_KEPT) {
      const needed = new Set(executions)
      for (const id of this.#executions.keys()) if (!needed.has(id)) this.#executions.delete(id)
    }
    const query = tx.selectFrom('executions').select(['id', 'definition', 'input'])
    for (const row of await query.where('id', 'in', textsIn(this.#store, missing)).execute()) {
      const graph = await this.#definitions.read(tx, row.definition)
      const input = graph.sealed ? this.#store.vault.open(row.input, row.id) : row.input
      this.#executions.set(row.id, { graph, input: JSON.parse(input) as unknown })
    }
  }

  #timing(row: Pick<TaskRow, 'execution' | 'name'>): {
    readonly plan: TaskPlan
    readonly action: string | undefined
    readonly timeout: number | undefined
  } {
    const { task, undo, index } = readName(row.name)
    const plan = this.#executions.get(row.execution)!.graph.tasks.get(task)!
    const timeout = undo ? plan.definition.compensation?.timeout : plan.definition.timeout
    // The time of a task with items is that of each item.
    return {
      plan,
      action: undo ? plan.definition.compensation?.action : plan.definition.action,
      timeout: plan.items && index === undefined && !undo ? undefined : timeout,
    }
  }

  #describe(row: TakenTask, kind: Claim['kind'], again: boolean): Claim {
    const { plan, action, timeout } = this.#timing(row)
    const { graph, input } = this.#executions.get(row.execution)!
    return {
      kind,
      execution: row.execution,
      task: row.name,
      attempt: row.attempt,
      graph,
      plan,
      action,
      executionInput: input,
      item: row.item === null ? undefined : (JSON.parse(this.#store.vault.open(row.item, row.execution)) as unknown),
      again,
      unsure: row.unsure ?? undefined,
      faults: row.faults,
      timeout,
      parentState: row.execution_state,
      parentEnding: row.execution_ending,
    }
  }
}

/** The columns of a claim that begins now. */
function hold(
  row: TaskRow | TakenTask,
  { now, worker }: Pick<ClaimOptions, 'now' | 'worker'>,
  timeout: number | undefined,
): void {
  const wait = timeout === undefined ? 0 : Math.round(timeout * 1000)
  const deadline = timeout === undefined ? null : now + wait
  Object.assign(row, {
    state: 'running',
    claimed_by: worker,
    delegated: 0,
    deadline,
    due: deadline,
    wait,
    started_at: now,
    ended_at: null,
  })
}

function later(row: TaskRow | TakenTask, now: number, wait: number, deadline: number | null = null): void {
  const due = now + wait
  Object.assign(row, deadline !== null && deadline < due ? { due: deadline, wait: deadline - now } : { due, wait })
}
