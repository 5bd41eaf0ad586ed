import { v7 as newId } from 'uuid'
import { fail, nearestName } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import * as rules from './advance.ts'
import { Batches } from './batches.ts'
import { checkInput, checkWorkflow } from './check-workflow.ts'
import { earliestReady, type Taken, type Taker } from './claims.ts'
import { systemClock } from './clock.ts'
import { Definitions } from './definitions.ts'
import type { ExpressionLanguage } from './expressions.ts'
import type { WorkflowGraph } from './graph.ts'
import { readName, readToken } from './names.ts'
import type { Unit } from './queue.ts'
import { rollBack, topsOf } from './rollback.ts'
import type { Clock, Recorded, TaskResult, WorkflowDefinition, WorkflowEngine } from './types.ts'
import { Workspace } from './workspace.ts'

/** Topic of the store's signals; the payload is an execution's id. */
export const CHANGED = 'workflow'

/** Results recorded in one transaction. */
const RESULTS_AT_ONCE = 250

export interface EngineOptions {
  readonly clock?: Clock
  /** The language between `<%` and `%>`. Default: CEL. */
  readonly expressions?: ExpressionLanguage
}

/**
 * The lazy engine over a store. Any number of them may work on one database.
 *
 * @example
 * const engine = createEngine(store)
 * const id = await engine.start(readWorkflow(text, 'move.yaml'), { vm: 'vm-1' })
 * await engine.taskComplete(id, 'migrate', 1, { outcome: 'success' })
 */
export function createEngine(store: Store, options: EngineOptions = {}): WorkflowEngine {
  return engineCore(store, options)
}

/** What the runner needs besides. */
export interface EngineCore extends WorkflowEngine {
  readonly definitions: Definitions
  /** `taskComplete`; what becomes ready by it may be taken by `taker` at once. */
  complete(execution: string, task: string, attempt: number, result: TaskResult, taker?: Taker): Promise<Recorded>
  startChild(definition: WorkflowDefinition, input: unknown, id: string, parent: string): Promise<void>
  expand(execution: string, task: string, attempt: number, items: readonly unknown[]): Promise<void>
  proceed(execution: string, task: string, attempt: number): Promise<void>
}

/** The engine behind an interface that somebody may have wrapped. */
export function coreOf(engine: WorkflowEngine, store: Store, clock: Clock): EngineCore {
  return 'definitions' in engine ? (engine as EngineCore) : engineCore(store, { clock })
}

function engineCore(store: Store, options: EngineOptions): EngineCore {
  return new LazyEngine(store, options)
}

interface Completion {
  readonly execution: string
  readonly task: string
  readonly attempt: number
  readonly result: TaskResult
  readonly taker: Taker | undefined
}

class LazyEngine implements EngineCore {
  readonly definitions: Definitions
  readonly #store: Store
  readonly #clock: Clock
  readonly #language: ExpressionLanguage | undefined
  readonly #results: Batches<Completion, Recorded>
  readonly #checked = new WeakMap<WorkflowDefinition, WorkflowGraph>()

  constructor(store: Store, options: EngineOptions) {
    this.#store = store
    this.#clock = options.clock ?? systemClock
    this.#language = options.expressions
    this.definitions = new Definitions(options.expressions)
    this.#results = new Batches(RESULTS_AT_ONCE, batch => this.#record(batch))
  }

  async start(definition: WorkflowDefinition, input: unknown, id: string = newId()): Promise<string> {
    const graph = this.#check(definition)
    if (!/^[^\s/]{1,200}$/.test(id))
      fail('workflow/execution-id', `\`${id}\` can't be the id of an execution`, {
        help: 'use an id without blanks and slashes, of at most 200 characters',
      })
    checkInput(graph.definition, input)
    await this.#create(graph, input, id, null)
    return id
  }

  async startChild(definition: WorkflowDefinition, input: unknown, id: string, parent: string): Promise<void> {
    const graph = this.#check(definition)
    checkInput(graph.definition, input)
    await this.#create(graph, input, id, parent)
  }

  taskComplete(execution: string, task: string, attempt: number, result: TaskResult): Promise<Recorded> {
    return this.complete(execution, task, attempt, result)
  }

  async complete(
    execution: string,
    task: string,
    attempt: number,
    result: TaskResult,
    taker?: Taker,
  ): Promise<Recorded> {
    toJson(result.data ?? null, `the result of task \`${task}\``)
    return this.#results.add({ execution, task, attempt, result, taker })
  }

  async completeByToken(text: string, result: TaskResult): Promise<Recorded> {
    const token = readToken(text)
    if (!token)
      return fail('workflow/token', `\`${text}\` is not the token of a try`, {
        help: 'give it back as the action got it: `EXECUTION/TASK/ATTEMPT`',
      })
    return this.taskComplete(token.execution, token.task, token.attempt, result)
  }

  async expand(execution: string, task: string, attempt: number, items: readonly unknown[]): Promise<void> {
    toJson(items, `the items of task \`${task}\``)
    await this.#change(execution, unit => rules.expand(unit, task, attempt, items))
  }

  proceed(execution: string, task: string, attempt: number): Promise<void> {
    return this.#change(execution, unit => rules.proceed(unit, task, attempt))
  }

  pause(execution: string): Promise<void> {
    return this.#change(execution, unit => rules.pause(unit))
  }

  resume(execution: string): Promise<void> {
    return this.#change(execution, rules.resume)
  }

  cancel(execution: string): Promise<void> {
    return this.#change(execution, rules.cancel)
  }

  retry(execution: string): Promise<void> {
    return this.#change(execution, async unit => {
      if (await rules.retry(unit)) return
      fail('workflow/nothing-to-retry', `nothing of the execution \`${execution}\` can be tried again`, {
        help: 'only a failed or cancelled execution with tasks that failed or were skipped can be',
      })
    })
  }

  rollback(execution: string): Promise<void> {
    return this.#change(execution, async unit => {
      if (await rollBack(unit)) return
      fail(
        'workflow/no-rollback',
        `the execution \`${execution}\` can't be rolled back: it is ${unit.execution.state}`,
        {
          help: 'cancel it first, or wait until it has ended',
        },
      )
    })
  }

  #check(definition: WorkflowDefinition): WorkflowGraph {
    let graph = this.#checked.get(definition)
    if (!graph) {
      graph = checkWorkflow(definition, undefined, this.#language)
      this.#checked.set(definition, graph)
    }
    return graph
  }

  async #create(graph: WorkflowGraph, input: unknown, id: string, parent: string | null): Promise<void> {
    const plainInput = toJson(input ?? null, 'the input')
    const { vault } = this.#store
    if (graph.sealed && !vault.hasKey)
      fail(
        'workflow/no-secret-key',
        `the workflow \`${graph.definition.name}\` has secrets, and there is no key to store them with`,
        {
          help: 'set `USHER_SECRET_KEY` or `USHER_SECRET_KEY_FILE` to a key made with `openssl rand -base64 32`',
        },
      )
    const inputText = graph.sealed ? vault.seal(plainInput, id) : plainInput
    const now = this.#clock.now()
    await this.#store.transaction(async tx => {
      const definition = await this.definitions.write(tx, graph.definition)
      const row = {
        id,
        definition,
        state: 'running',
        ending: null,
        active: 0,
        turn: now,
        parent,
        output: null,
        error: null,
      }
      const created = await tx
        .insertInto('executions')
        .values({ ...row, workflow: graph.definition.name, input: inputText, created_at: now, ended_at: null })
        .onConflict(c => c.doNothing())
        .executeTakeFirst()
      if (!created.numInsertedOrUpdatedRows) return
      const ws = new Workspace(this.#store, tx, this.definitions, now)
      const execution = { ...row, ended_at: null }
      ws.adopt(execution, graph, input ?? null)
      await rules.begin({ ws, graph, execution })
      await ws.save()
    })
    this.#store.signal(CHANGED, id)
  }

  /** One change of one execution, in a transaction of its own. */
  async #change(id: string, change: (unit: Unit) => Promise<unknown>): Promise<void> {
    const now = this.#clock.now()
    const stirred = await this.#store.transaction(async tx => {
      const ws = new Workspace(this.#store, tx, this.definitions, now)
      await ws.lock([id])
      const execution = ws.execution(id) ?? noExecution(id)
      await change({ ws, graph: await ws.graph(execution), execution })
      await ws.save()
      return ws.stirred
    })
    this.#tell(stirred)
  }

  /** Results in one transaction. */
  async #record(batch: readonly Completion[]): Promise<readonly Recorded[]> {
    const now = this.#clock.now()
    const taken: Taken[] = []
    const letGo = (): void => {
      for (const one of taken.splice(0)) one.lost()
    }
    try {
      const { recorded, stirred } = await this.#store.transaction(async tx => {
        letGo()
        const ws = new Workspace(this.#store, tx, this.definitions, now)
        await ws.lock([...batch.map(c => c.execution), ...(await topsOf(tx, batch))])
        const takers = new Set(batch.flatMap(c => c.taker ?? []))
        const [earliest] = await Promise.all([
          takers.size > 0 ? earliestReady(tx) : undefined,
          this.#preload(ws, batch),
        ])
        const recorded: Recorded[] = []
        for (const { execution: id, task, attempt, result } of batch) {
          const execution = ws.execution(id) ?? noExecution(id)
          const graph = await ws.graph(execution)
          if (!graph.tasks.has(readName(task).task)) noTask(task, graph.definition)
          const isNew = await rules.complete({ ws, graph, execution }, task, attempt, result)
          if (!isNew) ws.event({ execution: id, kind: 'completion-ignored', task, attempt, data: result })
          recorded.push(isNew ? 'recorded' : 'ignored')
        }
        // Nobody is passed over: what was ready before and is earlier in turn goes first, by the queue.
        const ready = ws.readyNow().filter(row => earliest === undefined || row.turn < earliest)
        for (const taker of takers) {
          const rows = ready.filter(row => row.state === 'ready')
          if (rows.length > 0) taken.push(await taker.take(ws, rows, batch))
        }
        await ws.save()
        return { recorded, stirred: ws.stirred }
      })
      for (const one of taken.splice(0)) one.committed()
      this.#tell(stirred)
      return recorded
    } catch (error) {
      letGo()
      throw error
    }
  }

  /** Read at once what most results need: their tasks, the tasks they lead to. */
  async #preload(ws: Workspace, batch: readonly Completion[]): Promise<void> {
    const keys: { execution: string; name: string }[] = []
    for (const { execution: id, task: name, result } of batch) {
      const execution = ws.execution(id)
      if (!execution) continue
      keys.push({ execution: id, name })
      const { task, index } = readName(name)
      if (index !== undefined) keys.push({ execution: id, name: task })
      else if (!execution.ending) {
        const graph = await ws.graph(execution)
        for (const { target } of graph.tasks.get(task)?.follow[result.outcome] ?? [])
          keys.push({ execution: id, name: target })
      }
    }
    const distinct = new Map(keys.map(key => [`${key.execution}/${key.name}`, key]))
    await ws.load([...distinct.values()])
  }

  #tell(executions: Iterable<string>): void {
    for (const id of executions) this.#store.signal(CHANGED, id)
  }
}

export function noExecution(id: string): never {
  return fail('workflow/unknown-execution', `there is no execution \`${id}\``, {
    help: 'list the executions to see their ids',
  })
}

function noTask(task: string, { name, tasks }: WorkflowDefinition): never {
  const near = nearestName(task, Object.keys(tasks))
  return fail('workflow/no-such-task', `the workflow \`${name}\` has no task \`${task}\``, {
    help: near ? `did you mean \`${near}\`?` : 'show the execution to see its tasks',
  })
}

function toJson(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return fail('workflow/not-json', `${what} can't be written as JSON`, {
      help: 'give plain objects, lists, texts, numbers, true, false or null, without circles',
    })
  }
}
