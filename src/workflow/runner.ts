import { DiagnosticError, fail } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import { CLAIM_BATCH, type Claim, ClaimDesk, claimKey } from './claims.ts'
import { systemClock } from './clock.ts'
import { CHANGED } from './engine.ts'
import { noExecution } from './records.ts'
import type { Action, ActionAnswer, Clock, ExecutionView, Runner, TaskResult, WorkflowEngine } from './types.ts'
import { showExecution } from './views.ts'
import { isGone, nameWorker } from './worker-name.ts'

export interface RunnerOptions {
  readonly clock?: Clock
  /** Actions carried out at once; delegates that were sent do not count. Default 10. */
  readonly concurrency?: number
  /** Milliseconds a runner may be silent before others take over what it holds. Default 30,000. */
  readonly leaseMs?: number
  /** Milliseconds between polls of one delegate. Default 1,000. */
  readonly pollMs?: number
  /** Milliseconds after which the database is looked at though nothing was heard: other processes do not signal. Default 1,000. */
  readonly idleMs?: number
  /** Told of faults that are survived: the database away, an action's `poll` that throws. */
  readonly onFault?: (error: unknown) => void
}

/** First and longest wait before something that failed is tried again, in milliseconds. */
const RETRY_MS = 50
const RETRY_LIMIT_MS = 30_000

/**
 * A runner of this process over a store. Begins at once, and keeps the process alive until `stop`.
 *
 * @example
 * const runner = createRunner(store, engine, { 'nova:live_migrate': migrate })
 * const view = await runner.runUntilDone(await engine.start(definition, {}))
 * await runner.stop()
 */
export function createRunner(
  store: Store,
  engine: WorkflowEngine,
  actions: Readonly<Record<string, Action>>,
  options: RunnerOptions = {},
): Runner {
  const runner = new TaskRunner(store, engine, actions, options)
  runner.wake()
  return runner
}

interface Waiter {
  resolve(view: ExecutionView): void
  reject(error: unknown): void
}

class TaskRunner implements Runner {
  readonly #store: Store
  readonly #engine: WorkflowEngine
  readonly #actions: Readonly<Record<string, Action>>
  readonly #options: Required<RunnerOptions>
  readonly #desk: ClaimDesk
  readonly #worker = nameWorker()
  /** Tries carried out by this runner now, and the polls. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #polling = new Map<string, Promise<void>>()
  readonly #waiters = new Map<string, Waiter[]>()
  /** Executions that were heard to change and that somebody waits for. */
  readonly #changed = new Set<string>()
  readonly #unsubscribe: () => void
  /** Calls off each pause of this runner, so that `stop` does not wait for it. */
  readonly #pauses = new Set<() => void>()
  #step: Promise<void> | undefined
  #again = false
  /** At the start and when idle: another runner of this machine may have died. */
  #lookForGone = true
  #stopped = false
  #faults = 0
  #cancelTimer: (() => void) | undefined
  #cancelRenewal: (() => void) | undefined

  constructor(store: Store, engine: WorkflowEngine, actions: Readonly<Record<string, Action>>, options: RunnerOptions) {
    this.#store = store
    this.#engine = engine
    this.#actions = actions
    this.#options = {
      clock: options.clock ?? systemClock,
      concurrency: options.concurrency ?? 10,
      leaseMs: options.leaseMs ?? 30_000,
      pollMs: options.pollMs ?? 1000,
      idleMs: options.idleMs ?? 1000,
      onFault: options.onFault ?? (() => {}),
    }
    this.#desk = new ClaimDesk(store)
    this.#unsubscribe = store.onSignal(CHANGED, id => {
      if (this.#waiters.has(id)) this.#changed.add(id)
      this.wake()
    })
  }

  runUntilDone(execution: string): Promise<ExecutionView> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(stopped())
      this.#waiters.set(execution, [...(this.#waiters.get(execution) ?? []), { resolve, reject }])
      this.#changed.add(execution)
      this.wake()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
    for (const end of [...this.#pauses]) end()
    await this.#step
    await Promise.all([...this.#running.values(), ...this.#polling.values()])
    this.#cancelRenewal?.()
    this.#worker.retire()
    this.#rejectWaiters(stopped())
  }

  /** Look at the database soon; many calls at once make one look. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#step ??= this.#work().finally(() => {
      this.#step = undefined
      if (this.#again) this.wake()
    })
  }

  async #work(): Promise<void> {
    this.#cancelTimer?.()
    let wait = this.#options.idleMs
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#claim()
        await this.#settle()
      }
      if (this.#stopped) return
      const { clock } = this.#options
      const now = clock.now()
      const next = await this.#desk.nextDue(now)
      if (next !== undefined) wait = Math.min(wait, next - now)
      this.#faults = 0
    } catch (error) {
      this.#options.onFault(error)
      if (!isPassing(error)) this.#rejectWaiters(error)
      wait = Math.min(RETRY_LIMIT_MS, RETRY_MS * 2 ** this.#faults++)
    }
    if (this.#stopped) return
    this.#cancelTimer = this.#options.clock.after(wait, () => {
      this.#lookForGone = true
      for (const id of this.#waiters.keys()) this.#changed.add(id)
      this.wake()
    })
  }

  async #claim(): Promise<void> {
    const { clock, leaseMs, pollMs, concurrency } = this.#options
    const now = clock.now()
    if (this.#lookForGone) await this.#desk.release(isGone, now)
    this.#lookForGone = false
    const claims = await this.#desk.take({
      now,
      worker: this.#worker.name,
      leaseMs,
      pollMs,
      free: concurrency - this.#running.size,
      isMine: key => this.#running.has(key),
      canPoll: action => this.#action(action)?.poll !== undefined,
    })
    for (const claim of claims) {
      if (claim.kind === 'run') this.#keep(this.#running, claim, this.#run(claim))
      else if (claim.kind === 'poll') this.#poll(claim)
    }
    // After the others: recording may fail, and what was claimed must be under way by then.
    for (const claim of claims) if (claim.kind === 'timeout') await this.#timeOut(claim)
    if (claims.length >= CLAIM_BATCH) this.#again = true
    this.#renewLater()
  }

  async #run(claim: Claim): Promise<void> {
    const answer = await this.#perform(claim)
    await this.#untilRecorded(async () => {
      if (answer !== 'later') return this.#complete(claim, answer)
      const { clock, pollMs } = this.#options
      const now = clock.now()
      const polled = this.#action(claim.action)?.poll !== undefined
      await this.#desk.delegate(claim, this.#worker.name, polled ? now + pollMs : null, now)
    })
  }

  async #perform(claim: Claim): Promise<ActionAnswer> {
    const action = this.#action(claim.action)
    if (!action)
      return { outcome: 'error', error: `no action is registered under \`${claim.action}\``, retryable: false }
    const { execution, task, attempt, executionInput } = claim
    try {
      return await action.run(claim.input, { execution, task, attempt, token: claimKey(claim), executionInput })
    } catch (error) {
      return { outcome: 'error', error: error instanceof Error ? error.message : String(error) }
    }
  }

  #poll(claim: Claim): void {
    if (this.#polling.has(claimKey(claim))) return
    const ask = async () => {
      let result: TaskResult | undefined
      try {
        result = await this.#action(claim.action)?.poll?.(claimKey(claim))
      } catch (error) {
        // Not an answer: the cloud may be away for a while. The deadline ends it.
        this.#options.onFault(error)
      }
      if (result) await this.#untilRecorded(() => this.#complete(claim, result))
    }
    this.#keep(this.#polling, claim, ask())
  }

  async #timeOut(claim: Claim): Promise<void> {
    await this.#complete(claim, { outcome: 'error', error: `timed out after ${claim.timeout} s` })
    // An action that hangs must not hold its place for ever; what it says later is recorded and changes nothing.
    this.#running.delete(claimKey(claim))
  }

  async #complete({ execution, task, attempt }: Claim, result: TaskResult): Promise<void> {
    try {
      await this.#engine.taskComplete(execution, task, attempt, result)
    } catch (error) {
      if (!(error instanceof DiagnosticError) || error.diagnostics[0]?.code !== 'workflow/not-json') throw error
      await this.#engine.taskComplete(execution, task, attempt, {
        outcome: 'error',
        error: error.message,
        retryable: false,
      })
    }
  }

  /** Keep what an action answered until the database takes it. When that never comes, the try is taken over with its token. */
  async #untilRecorded(write: () => Promise<void>): Promise<void> {
    for (let wait = RETRY_MS; ; wait = Math.min(RETRY_LIMIT_MS, wait * 2)) {
      try {
        return await write()
      } catch (error) {
        this.#options.onFault(error)
        if (!isPassing(error)) this.#rejectWaiters(error)
      }
      if (this.#stopped) return
      await this.#pause(wait)
    }
  }

  #keep(where: Map<string, Promise<void>>, claim: Claim, work: Promise<void>): void {
    const key = claimKey(claim)
    const kept = work.finally(() => {
      if (where.get(key) === kept) where.delete(key)
      this.wake()
    })
    where.set(key, kept)
  }

  #renewLater(): void {
    if (this.#cancelRenewal || this.#running.size === 0) return
    const { clock, leaseMs } = this.#options
    this.#cancelRenewal = clock.after(leaseMs / 3, () => {
      this.#cancelRenewal = undefined
      if (this.#running.size === 0) return
      void this.#desk
        .renew(this.#worker.name, clock.now() + leaseMs)
        .catch(this.#options.onFault)
        .then(() => this.#renewLater())
    })
  }

  /** Tell those who wait, of executions that changed. */
  async #settle(): Promise<void> {
    for (const id of [...this.#changed]) {
      this.#changed.delete(id)
      if (!this.#waiters.has(id)) continue
      const row = await this.#store.db
        .selectFrom('executions')
        .select(e => [
          'state',
          e
            .selectFrom('tasks')
            .select(t => t.fn.countAll<number>().as('n'))
            .where('execution', '=', id)
            .where('state', '=', 'running')
            .as('running'),
        ])
        .where('id', '=', id)
        .executeTakeFirst()
      if (row && (row.state === 'running' || (row.state === 'paused' && Number(row.running) > 0))) continue
      const waiters = this.#waiters.get(id) ?? []
      this.#waiters.delete(id)
      try {
        const view = row ? await showExecution(this.#store, id) : noExecution(id)
        for (const waiter of waiters) waiter.resolve(view)
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error)
      }
    }
  }

  #rejectWaiters(error: unknown): void {
    const all = [...this.#waiters.values()].flat()
    this.#waiters.clear()
    for (const waiter of all) waiter.reject(error)
  }

  #action(name: string): Action | undefined {
    return Object.hasOwn(this.#actions, name) ? this.#actions[name] : undefined
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        this.#pauses.delete(end)
        cancel()
        resolve()
      }
      const cancel = this.#options.clock.after(ms, end)
      this.#pauses.add(end)
    })
  }
}

/** A fault that goes away by itself. */
function isPassing(error: unknown): boolean {
  return error instanceof DiagnosticError && error.diagnostics.every(d => d.code === 'store/locked')
}

function stopped(): DiagnosticError {
  try {
    return fail('workflow/stopped', 'the runner was stopped before the execution ended', {
      help: 'the execution is in the database: start a runner again to go on with it',
    })
  } catch (error) {
    return error as DiagnosticError
  }
}
