import { sql } from 'kysely'
import type { Store, StoreTransaction, TasksTable } from '../store/index.ts'
import { Definitions, type NewEvent, writeEvents } from './records.ts'

/*
 * What runners write: who carries out which try, and until when. A claim is a promise with an end (its lease); a runner that dies
 * stops renewing, and another takes the try over, with the same attempt number and so the same token.
 *
 * `tasks.due` is the one queue: the moment at which a runner must look at a task. For a task that has not started it is the start;
 * for a claimed one the end of the lease or the deadline; for a delegate the next poll or the deadline.
 */

/** One thing to do. `run`: carry out the action. `poll`: ask about a delegate. `timeout`: the try has taken too long. */
export interface Claim {
  readonly kind: 'run' | 'poll' | 'timeout'
  readonly execution: string
  readonly task: string
  readonly attempt: number
  readonly action: string
  readonly input: Readonly<Record<string, unknown>>
  readonly executionInput: unknown
  /** Seconds. */
  readonly timeout: number | undefined
}

export interface ClaimOptions {
  readonly now: number
  readonly worker: string
  readonly leaseMs: number
  /** Milliseconds between polls of one delegate. */
  readonly pollMs: number
  /** How many actions may be started. */
  readonly free: number
  /** Whether this runner is carrying out that try at this moment. */
  readonly isMine: (key: string) => boolean
  readonly canPoll: (action: string) => boolean
}

/** Tasks looked at in one transaction. */
export const CLAIM_BATCH = 200

type DueTask = Pick<
  TasksTable,
  'execution' | 'name' | 'state' | 'attempt' | 'delegated' | 'claimed_by' | 'lease' | 'deadline'
> & { definition: string; input: string }

export function claimKey(claim: Pick<Claim, 'execution' | 'task' | 'attempt'>): string {
  return `${claim.execution}/${claim.task}/${claim.attempt}`
}

/** Claims for one runner. */
export class ClaimDesk {
  readonly #store: Store
  readonly #definitions = new Definitions()

  constructor(store: Store) {
    this.#store = store
  }

  /** Whatever is due and may be done by this runner; claimed in one transaction. */
  async take(options: ClaimOptions): Promise<Claim[]> {
    const { now } = options
    const first = await this.#store.db
      .selectFrom('tasks')
      .select('due')
      .where('due', '<=', now)
      .limit(1)
      .executeTakeFirst()
    if (!first) return []
    return this.#store.transaction(async tx => {
      const claims: Claim[] = []
      const events: NewEvent[] = []
      let { free } = options
      for (const row of await this.#due(tx, now, ['running'], CLAIM_BATCH)) {
        const claim = await this.#look(tx, row, { ...options, free }, events)
        if (claim) claims.push(claim)
        if (claim?.kind === 'run') free--
      }
      if (free > 0)
        for (const row of await this.#due(tx, now, ['ready', 'waiting'], Math.min(free, CLAIM_BATCH))) {
          const claim = await this.#describe(tx, row, 'run')
          const deadline = claim.timeout === undefined ? null : now + Math.round(claim.timeout * 1000)
          await update(tx, row, {
            state: 'running',
            started_at: now,
            ended_at: null,
            delegated: 0,
            ...held(options, deadline),
          })
          events.push({ execution: row.execution, kind: 'task-started', task: row.name, attempt: row.attempt })
          claims.push(claim)
        }
      await writeEvents(tx, events, now)
      return claims
    })
  }

  /** A running task whose time has come: too long, not answered, or left behind. */
  async #look(
    tx: StoreTransaction,
    row: DueTask,
    options: ClaimOptions,
    events: NewEvent[],
  ): Promise<Claim | undefined> {
    const { now } = options
    if (row.deadline !== null && row.deadline <= now) return this.#describe(tx, row, 'timeout')
    if (row.delegated) {
      const claim = await this.#describe(tx, row, 'poll')
      const polled = options.canPoll(claim.action)
      await update(tx, row, { due: polled ? earlier(now + options.pollMs, row.deadline) : row.deadline })
      return polled ? claim : undefined
    }
    const claim = await this.#describe(tx, row, 'run')
    // The renewal is late, the runner is not dead: it is this one.
    if (row.claimed_by === options.worker && options.isMine(claimKey(claim))) {
      await update(tx, row, held(options, row.deadline))
      return undefined
    }
    if (options.free <= 0) return undefined
    await update(tx, row, held(options, row.deadline))
    events.push({ execution: row.execution, kind: 'task-taken-over', task: row.name, attempt: row.attempt })
    return claim
  }

  /** The action answered "later": nobody holds the task any more. False: it was answered, or taken over, meanwhile. */
  async delegate(claim: Claim, worker: string, due: number | null, now: number): Promise<boolean> {
    return this.#store.transaction(async tx => {
      const changed = await tx
        .updateTable('tasks')
        .set(e => ({
          claimed_by: null,
          lease: null,
          delegated: 1,
          due:
            due === null ? e.ref('deadline') : sql<number>`case when deadline < ${due} then deadline else ${due} end`,
        }))
        .where('execution', '=', claim.execution)
        .where('name', '=', claim.task)
        .where('attempt', '=', claim.attempt)
        .where('state', '=', 'running')
        .where('claimed_by', '=', worker)
        .executeTakeFirst()
      if (!changed.numUpdatedRows) return false
      const { execution, task, attempt } = claim
      await writeEvents(tx, [{ execution, kind: 'task-delegated', task, attempt }], now)
      return true
    })
  }

  /** Still alive: everything this runner holds stays its own for another lease. */
  async renew(worker: string, lease: number): Promise<void> {
    await this.#store.db
      .updateTable('tasks')
      .set({ lease, due: sql<number>`case when deadline < ${lease} then deadline else ${lease} end` })
      .where('claimed_by', '=', worker)
      .where('state', '=', 'running')
      .where('due', 'is not', null)
      .execute()
  }

  /** Claims of runners that are known to be gone end now, instead of with their lease. */
  async release(isGone: (worker: string) => boolean, now: number): Promise<void> {
    const rows = await this.#store.db
      .selectFrom('tasks')
      .select('claimed_by')
      .distinct()
      .where('due', '>', now)
      .where('claimed_by', 'is not', null)
      .execute()
    for (const { claimed_by } of rows)
      if (claimed_by && isGone(claimed_by))
        await this.#store.db
          .updateTable('tasks')
          .set({ lease: now, due: now })
          .where('claimed_by', '=', claimed_by)
          .where('state', '=', 'running')
          .execute()
  }

  /** The next moment after `now` at which something is due. */
  async nextDue(now: number): Promise<number | undefined> {
    const row = await this.#store.db
      .selectFrom('tasks')
      .select('due')
      .where('due', '>', now)
      .orderBy('due')
      .limit(1)
      .executeTakeFirst()
    return row?.due ?? undefined
  }

  async #due(tx: StoreTransaction, now: number, states: readonly string[], limit: number): Promise<DueTask[]> {
    let query = tx
      .selectFrom('tasks')
      .innerJoin('executions', 'executions.id', 'tasks.execution')
      .select(['tasks.execution', 'tasks.name', 'tasks.state', 'tasks.attempt', 'tasks.delegated', 'tasks.claimed_by'])
      .select(['tasks.lease', 'tasks.deadline', 'executions.definition', 'executions.input'])
      .where('tasks.due', '<=', now)
      .where('tasks.state', 'in', states)
      .orderBy('tasks.due')
      .limit(limit)
    // What runs in a paused execution is minded as ever; what has not started waits.
    if (!states.includes('running')) query = query.where('executions.state', '=', 'running')
    if (this.#store.dialect === 'postgres') query = query.forUpdate('tasks').skipLocked()
    return query.execute()
  }

  async #describe(tx: StoreTransaction, row: DueTask, kind: Claim['kind']): Promise<Claim> {
    const { definition } = await this.#definitions.read(tx, row.definition)
    const { action, input, timeout } = definition.tasks[row.name]!
    const { execution, name: task, attempt } = row
    const executionInput: unknown = JSON.parse(row.input)
    return { kind, execution, task, attempt, action, input: input ?? {}, executionInput, timeout }
  }
}

/** The columns of a claim that begins or is renewed now. */
function held({ now, leaseMs, worker }: ClaimOptions, deadline: number | null) {
  const lease = now + leaseMs
  return { claimed_by: worker, lease, deadline, due: earlier(lease, deadline) }
}

function earlier(a: number, b: number | null): number {
  return b === null ? a : Math.min(a, b)
}

async function update(tx: StoreTransaction, row: DueTask, set: Partial<TasksTable>): Promise<void> {
  await tx.updateTable('tasks').set(set).where('execution', '=', row.execution).where('name', '=', row.name).execute()
}
