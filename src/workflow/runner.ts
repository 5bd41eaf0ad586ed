import { DiagnosticError, fail } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import { type Claim, ClaimDesk, claimKey, type Taken, type Taker } from './claims.ts'
import { systemClock } from './clock.ts'
import { CHANGED, coreOf, type EngineCore, noExecution } from './engine.ts'
import type { WorkflowGraph } from './graph.ts'
import { createHeartbeats, type Heartbeats } from './heartbeats.ts'
import { childId } from './names.ts'
import { perform, tokenToAsk } from './perform.ts'
import type { Action, Clock, ExecutionView, Runner, TaskResult, WorkflowDefinition, WorkflowEngine } from './types.ts'
import { showExecution } from './views.ts'
import { isGone, nameWorker } from './worker-name.ts'
import type { TaskRow, Workspace } from './workspace.ts'

export interface RunnerOptions {
  readonly clock?: Clock
  /** Actions carried out at once; delegates that were sent do not count. Default 10. */
  readonly concurrency?: number
  /** Milliseconds a runner may be silent before others take over what it holds; the same for all on one database. Default 30,000. */
  readonly leaseMs?: number
  /** Milliseconds between polls of one delegate. Default 1,000. */
  readonly pollMs?: number
  /** Milliseconds after which the database is looked at though nothing was heard: other processes do not signal. Default 1,000. */
  readonly idleMs?: number
  /** Polls of one delegate that may throw in a row before its try has failed; the waits between them double. Default 12. */
  readonly pollFaults?: number
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

class TaskRunner implements Runner, Taker {
  readonly #store: Store
  readonly #engine: WorkflowEngine
  readonly #core: EngineCore
  readonly #actions: Readonly<Record<string, Action>>
  readonly #options: Required<RunnerOptions>
  readonly #desk: ClaimDesk
  readonly #worker = nameWorker()
  readonly #hearts: Heartbeats
  /** Tries carried out by this runner now, and what is asked and looked after. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #asking = new Map<string, Promise<void>>()
  /** Tries taken in transactions of which it is not known yet whether they are committed. */
  readonly #taking = new Set<string>()
  readonly #waiters = new Map<string, Waiter[]>()
  /** Executions that were heard to change and that somebody waits for. */
  readonly #changed = new Set<string>()
  readonly #unsubscribe: () => void
  /** Calls off each pause of this runner, so that `stop` does not wait for it. */
  readonly #pauses = new Set<() => void>()
  #step: Promise<void> | undefined
  #again = false
  /** There may be more to do than was allowed at once: a place that becomes free is news. */
  #full = false
  /** When the others were looked at last. */
  #lookedAt: number | undefined
  /** A claim may have been made that this runner never heard of. */
  #doubt = false
  #stopped = false
  #faults = 0
  #cancelTimer: (() => void) | undefined
  #cancelBeat: (() => void) | undefined

  constructor(store: Store, engine: WorkflowEngine, actions: Readonly<Record<string, Action>>, options: RunnerOptions) {
    this.#store = store
    this.#engine = engine
    this.#actions = actions
    const clock = options.clock ?? systemClock
    this.#options = {
      clock,
      concurrency: options.concurrency ?? 10,
      leaseMs: options.leaseMs ?? 30_000,
      pollMs: options.pollMs ?? 1000,
      idleMs: options.idleMs ?? 1000,
      pollFaults: options.pollFaults ?? 12,
      onFault: options.onFault ?? (() => {}),
    }
    this.#core = coreOf(engine, store, clock)
    this.#desk = new ClaimDesk(store, this.#core.definitions)
    this.#hearts = createHeartbeats(store, clock, this.#worker.name, this.#options.leaseMs, isGone)
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
    while (this.#running.size + this.#asking.size > 0)
      await Promise.all([...this.#running.values(), ...this.#asking.values()])
    this.#cancelBeat?.()
    this.#worker.retire()
    // A runner that says goodbye leaves nothing behind; if the database is away, the others find out by themselves.
    await this.#hearts.retire().catch(this.#options.onFault)
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
    const { clock, idleMs } = this.#options
    let wait = idleMs
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#lookAround()
        const next = await this.#claim()
        await this.#settle()
        wait = Math.min(idleMs, Math.max(0, (next ?? Number.POSITIVE_INFINITY) - clock.now()))
      }
      if (this.#stopped) return
      this.#faults = 0
    } catch (error) {
      this.#doubt = true
      this.#again = false
      this.#options.onFault(error)
      if (!isPassing(error)) this.#rejectWaiters(error)
      wait = Math.min(RETRY_LIMIT_MS, RETRY_MS * 2 ** Math.min(this.#faults++, 20))
    }
    if (this.#stopped) return
    this.#cancelTimer = clock.after(wait, () => {
      for (const id of this.#waiters.keys()) this.#changed.add(id)
      this.wake()
    })
  }

  /** Now and then: does anybody hold what he does not work on? */
  async #lookAround(): Promise<void> {
    const { clock, idleMs } = this.#options
    const now = clock.now()
    if (this.#doubt) {
      await this.#desk.release(this.#worker.name, now, key => this.#isOurs(key))
      this.#doubt = false
    }
    if (this.#lookedAt === undefined) await this.#desk.mendTimes(now)
    else if (now - this.#lookedAt < idleMs) return
    this.#lookedAt = now
    for (const worker of await this.#hearts.silent(await this.#desk.holders())) await this.#desk.release(worker, now)
  }

  /** @returns the next moment at which something is due */
  async #claim(): Promise<number | undefined> {
    const { clock, leaseMs, pollMs } = this.#options
    const now = clock.now()
    const outlook = await this.#desk.look(now)
    const free = this.#free()
    if (!outlook.due && !(outlook.ready && free > 0)) {
      this.#full = outlook.ready
      return outlook.next
    }
    const canPoll = (action: string | undefined): boolean => this.#action(action)?.poll !== undefined
    const options = { now, worker: this.#worker.name, leaseMs, pollMs, free, canPoll }
    const { claims, more } = await this.#desk.take(options, outlook)
    for (const claim of claims) {
      if (claim.kind === 'run') this.#keep(this.#running, claim, this.#run(claim))
      else if (!this.#asking.has(claimKey(claim))) this.#keep(this.#asking, claim, this.#attend(claim))
    }
    this.#full = this.#free() <= 0
    if (more) this.#again = true
    this.#beatLater()
    return (await this.#desk.look(now)).next
  }

  #free(): number {
    return this.#stopped ? 0 : this.#options.concurrency - this.#running.size - this.#taking.size
  }

  /** Whether a try is carried out here, or will be in a moment. */
  #isOurs(key: string): boolean {
    return this.#running.has(key) || this.#taking.has(key)
  }

  async take(
    ws: Workspace,
    ready: readonly TaskRow[],
    ended: readonly Pick<Claim, 'execution' | 'task' | 'attempt'>[],
  ): Promise<Taken> {
    // The places of those that end here are free when the others begin.
    const leaving = ended.filter(one => this.#running.has(claimKey(one))).length
    const rows = ready.slice(0, Math.max(0, this.#stopped ? 0 : this.#free() + leaving))
    if (rows.length < ready.length) this.#full = true
    const keys = rows.map(row => claimKey({ ...row, task: row.name }))
    for (const key of keys) this.#taking.add(key)
    const over = (): void => {
      for (const key of keys) this.#taking.delete(key)
    }
    const lost = (): void => {
      over()
      this.#doubt = true
      this.wake()
    }
    try {
      const { clock, idleMs } = this.#options
      const now = clock.now()
      const claims = await this.#desk.takeReady(ws, rows, { now, worker: this.#worker.name })
      return {
        committed: () => {
          over()
          for (const claim of claims) this.#keep(this.#running, claim, this.#run(claim))
          this.#beatLater()
          // Nobody looks before the end of the idle time otherwise.
          if (claims.some(claim => (claim.timeout ?? Number.POSITIVE_INFINITY) * 1000 < idleMs)) this.wake()
        },
        lost,
      }
    } catch (error) {
      lost()
      throw error
    }
  }

  async #run(claim: Claim): Promise<void> {
    const performed = await perform(
      this.#store,
      claim,
      name => this.#action(name),
      () => this.#desk.clearDoubt(claim),
    )
    const { execution, task, attempt } = claim
    await this.#untilRecorded(async () => {
      if (performed.kind === 'items') return this.#core.expand(execution, task, attempt, performed.items)
      if (performed.kind === 'child') {
        const definition = subWorkflow(claim.graph, performed.workflow)
        await this.#core.startChild(definition, performed.input, childId(claim), claimKey(claim))
        await this.#desk.delegate(claim, this.#worker.name, 0, this.#options.clock.now())
        return this.wake()
      }
      if (performed.answer !== 'later') return this.#complete(claim, performed.answer)
      const { clock, pollMs } = this.#options
      const polled = this.#action(claim.action)?.poll !== undefined
      await this.#desk.delegate(claim, this.#worker.name, polled ? pollMs : null, clock.now())
      // The first poll may be the next thing to do.
      if (polled) this.wake()
    }, claim)
  }

  /** Everything but the action itself. */
  #attend(claim: Claim): Promise<void> {
    const { execution, task, attempt } = claim
    if (claim.kind === 'poll') return this.#poll(claim)
    if (claim.kind === 'child') return this.#untilRecorded(() => this.#follow(claim))
    if (claim.kind === 'proceed') return this.#untilRecorded(() => this.#core.proceed(execution, task, attempt))
    return this.#untilRecorded(async () => {
      // Nobody will ask for the result of its sub-workflow any more.
      if (claim.plan.definition.workflow !== undefined) await this.#cancelChild(claim)
      await this.#complete(claim, {
        outcome: 'error',
        error: `timed out after ${claim.timeout} s`,
        unsure: true,
      })
      // An action that hangs must not hold its place for ever; what it says later is recorded and changes nothing.
      this.#running.delete(claimKey(claim))
    })
  }

  async #poll(claim: Claim): Promise<void> {
    let result: TaskResult | 'running' | undefined
    try {
      result = await this.#action(claim.action)?.poll?.(tokenToAsk(claim))
    } catch (error) {
      // Not an answer: the cloud may be away for a while. But not for ever.
      this.#options.onFault(error)
      const faults = claim.faults + 1
      if (faults < this.#options.pollFaults) return this.#untilRecorded(() => this.#desk.setFaults(claim, faults))
      const text = error instanceof Error ? error.message : String(error)
      result = { outcome: 'error', error: `can't be asked for its result: ${text}`, unsure: true }
    }
    if (result && result !== 'running') {
      const last = result
      await this.#untilRecorded(() => this.#complete(claim, last))
    } else if (claim.faults > 0) await this.#untilRecorded(() => this.#desk.setFaults(claim, 0))
  }

  /** Bring parent and sub-workflow together: a result one way, pause and cancel the other. */
  async #follow(claim: Claim): Promise<void> {
    const id = childId(claim)
    const query = this.#store.db.selectFrom('executions').select(['state', 'ending', 'output', 'error'])
    const child = await query.where('id', '=', id).executeTakeFirst()
    // What a sub-workflow keeps sealed, the one that calls it does.
    const opened = (text: string): string => (claim.graph.sealed ? this.#store.vault.open(text, id) : text)
    if (!child || child.state === 'rolling-back') return
    if (child.state === 'succeeded') {
      const data = child.output === null ? {} : { data: JSON.parse(opened(child.output)) as unknown }
      return this.#complete(claim, { outcome: 'success', ...data })
    }
    if (child.state !== 'running' && child.state !== 'paused') {
      const error = `the sub-workflow \`${id}\` ${child.state === 'cancelled' ? 'was cancelled' : `failed: ${child.error === null ? child.state : opened(child.error)}`}`
      return this.#complete(claim, { outcome: 'error', error })
    }
    if (claim.parentEnding !== null) {
      if (child.ending === null) await this.#core.cancel(id)
    } else if (claim.parentState === 'paused' && child.state === 'running') await this.#core.pause(id)
    else if (claim.parentState === 'running' && child.state === 'paused') await this.#core.resume(id)
  }

  async #cancelChild(claim: Claim): Promise<void> {
    const id = childId(claim)
    const child = await this.#store.db.selectFrom('executions').select('id').where('id', '=', id).executeTakeFirst()
    if (child) await this.#core.cancel(id)
  }

  async #complete({ execution, task, attempt }: Claim, result: TaskResult): Promise<void> {
    try {
      await this.#record(execution, task, attempt, result)
    } catch (error) {
      if (!(error instanceof DiagnosticError) || error.diagnostics[0]?.code !== 'workflow/not-json') throw error
      await this.#record(execution, task, attempt, { outcome: 'error', error: error.message, retryable: false })
    }
  }

  /** By the engine that was given; one that somebody has wrapped knows of no takers. */
  #record(execution: string, task: string, attempt: number, result: TaskResult): Promise<unknown> {
    if (this.#engine !== this.#core) return this.#engine.taskComplete(execution, task, attempt, result)
    return this.#core.complete(execution, task, attempt, result, this)
  }

  /** Keep what is to be written until the database takes it. When that never comes, the try is taken over with its token. */
  async #untilRecorded(write: () => Promise<void>, claim?: Claim): Promise<void> {
    for (let wait = RETRY_MS; ; wait = Math.min(RETRY_LIMIT_MS, wait * 2)) {
      try {
        return await write()
      } catch (error) {
        this.#options.onFault(error)
        if (claim && error instanceof DiagnosticError && error.diagnostics.every(d => d.code.startsWith('workflow/'))) {
          // What was to be written is wrong, and will be so the next time: a wrong input for a sub-workflow, for example.
          const refused: TaskResult = { outcome: 'error', error: error.message, retryable: false }
          const failed = claim
          write = () => this.#complete(failed, refused)
          claim = undefined
          continue
        }
        if (!isPassing(error)) this.#rejectWaiters(error)
      }
      if (this.#stopped) return
      await this.#pause(wait)
    }
  }

  #keep(where: Map<string, Promise<void>>, claim: Claim, work: Promise<void>): void {
    const key = claimKey(claim)
    const kept = work.catch(this.#options.onFault).finally(() => {
      if (where.get(key) === kept) where.delete(key)
      if (this.#full) this.wake()
    })
    where.set(key, kept)
  }

  /** As long as something is held, the heart beats; by a timer of its own, whatever else goes on. */
  #beatLater(): void {
    if (this.#cancelBeat || this.#running.size === 0) return
    const { clock, leaseMs, onFault } = this.#options
    void this.#hearts.beat().catch(onFault)
    this.#cancelBeat = clock.after(leaseMs / 3, () => {
      this.#cancelBeat = undefined
      this.#beatLater()
    })
  }

  /** Tell those who wait, of executions that changed. */
  async #settle(): Promise<void> {
    const ids = [...this.#changed].filter(id => this.#waiters.has(id))
    this.#changed.clear()
    if (ids.length === 0) return
    const rows = await this.#store.db.selectFrom('executions').select(['id', 'state']).where('id', 'in', ids).execute()
    const states = new Map(rows.map(row => [row.id, row.state]))
    for (const id of ids) {
      const state = states.get(id)
      if (state === 'running' || state === 'rolling-back') continue
      if (state === 'paused' && (await this.#isAnyRunning(id))) continue
      const waiters = this.#waiters.get(id) ?? []
      this.#waiters.delete(id)
      try {
        const view = state === undefined ? noExecution(id) : await showExecution(this.#store, id)
        for (const waiter of waiters) waiter.resolve(view)
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error)
      }
    }
  }

  async #isAnyRunning(id: string): Promise<boolean> {
    // A task with items runs as long as there are items: only these count.
    const query = this.#store.db.selectFrom('tasks').select('name').where('execution', '=', id)
    return (
      (await query.where('state', '=', 'running').where('total', 'is', null).limit(1).executeTakeFirst()) !== undefined
    )
  }

  #rejectWaiters(error: unknown): void {
    const all = [...this.#waiters.values()].flat()
    this.#waiters.clear()
    for (const waiter of all) waiter.reject(error)
  }

  #action(name: string | undefined): Action | undefined {
    if (name === undefined) return undefined
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

const subWorkflows = new WeakMap<WorkflowGraph, Map<string, WorkflowDefinition>>()

/** A sub-workflow's definition, with those it may call; the same object each time, as it is checked once. */
function subWorkflow(graph: WorkflowGraph, name: string): WorkflowDefinition {
  const known = subWorkflows.get(graph) ?? new Map<string, WorkflowDefinition>()
  subWorkflows.set(graph, known)
  let definition = known.get(name)
  if (!definition) {
    const { workflows } = graph.definition
    const own = workflows![name]!
    const secrets = [...(own.secrets ?? []), ...(graph.definition.secrets ?? [])]
    definition = { ...own, workflows: { ...workflows, ...own.workflows }, ...(secrets.length > 0 && { secrets }) }
    known.set(name, definition)
  }
  return definition
}

/** A fault that goes away by itself. */
function isPassing(error: unknown): boolean {
  return error instanceof DiagnosticError && error.diagnostics.every(d => PASSING.has(d.code))
}

const PASSING: ReadonlySet<string> = new Set(['store/locked', 'store/away'])

function stopped(): DiagnosticError {
  try {
    return fail('workflow/stopped', 'the runner was stopped before the execution ended', {
      help: 'the execution is in the database: start a runner again to go on with it',
    })
  } catch (error) {
    return error as DiagnosticError
  }
}
