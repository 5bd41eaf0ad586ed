import { v7 as newId } from 'uuid'
import { fail, nearestName } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import { begin, cancel, complete, isOpen, needsQueued } from './advance.ts'
import { checkWorkflow } from './check-workflow.ts'
import { systemClock } from './clock.ts'
import { targetsOf } from './graph.ts'
import { Definitions, lockExecution, readQueued, readTargets, readTask, writeChanges, writeEvents } from './records.ts'
import type { Clock, TaskResult, WorkflowDefinition, WorkflowEngine } from './types.ts'

/** Topic of the store's signals; the payload is an execution's id. */
export const CHANGED = 'workflow'

/**
 * The lazy engine over a store. Any number of them may work on one database.
 *
 * @example
 * const engine = createEngine(store)
 * const id = await engine.start(readWorkflow(text, 'move.yaml'), { vm: 'vm-1' })
 * await engine.taskComplete(id, 'migrate', 1, { outcome: 'success' })
 */
export function createEngine(store: Store, options: { readonly clock?: Clock } = {}): WorkflowEngine {
  return new LazyEngine(store, options.clock ?? systemClock)
}

class LazyEngine implements WorkflowEngine {
  readonly #store: Store
  readonly #clock: Clock
  readonly #definitions = new Definitions()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async start(definition: WorkflowDefinition, input: unknown, id: string = newId()): Promise<string> {
    const graph = checkWorkflow(definition)
    if (!/^[^\s/]{1,200}$/.test(id))
      fail('workflow/execution-id', `\`${id}\` can't be the id of an execution`, {
        help: 'use an id without blanks and slashes, of at most 200 characters',
      })
    const inputText = toJson(input ?? null, 'the input')
    const now = this.#clock.now()
    await this.#store.transaction(async tx => {
      const changes = begin(graph, now)
      const created = await tx
        .insertInto('executions')
        .values({
          id,
          workflow: graph.definition.name,
          definition: await this.#definitions.write(tx, graph.definition),
          input: inputText,
          state: changes.execution.state,
          ending: null,
          active: changes.execution.active,
          created_at: now,
          ended_at: null,
        })
        .onConflict(c => c.doNothing())
        .executeTakeFirst()
      if (created.numInsertedOrUpdatedRows) await writeChanges(tx, id, changes.execution, changes, now)
    })
    this.#store.signal(CHANGED, id)
    return id
  }

  async taskComplete(
    execution: string,
    task: string,
    attempt: number,
    result: TaskResult,
  ): Promise<'recorded' | 'ignored'> {
    toJson(result.data ?? null, `the result of task \`${task}\``)
    const now = this.#clock.now()
    const answer = await this.#store.transaction(async tx => {
      const before = await lockExecution(this.#store, tx, execution)
      const graph = await this.#definitions.read(tx, before.definition)
      const definition = Object.hasOwn(graph.definition.tasks, task) ? graph.definition.tasks[task] : undefined
      if (!definition) return noTask(task, graph.definition)
      const changes = complete(
        {
          graph,
          execution: before,
          task: await readTask(tx, execution, task),
          targets: before.ending ? new Map() : await readTargets(tx, execution, targetsOf(definition, result.outcome)),
          queued: needsQueued(before, result) ? await readQueued(tx, execution) : [],
        },
        { task, attempt, result, now },
      )
      if (changes) await writeChanges(tx, execution, before, changes, now)
      else await writeEvents(tx, [{ execution, kind: 'completion-ignored', task, attempt, data: result }], now)
      return changes ? 'recorded' : 'ignored'
    })
    this.#store.signal(CHANGED, execution)
    return answer
  }

  pause(execution: string): Promise<void> {
    return this.#switch(execution, 'running', 'paused')
  }

  resume(execution: string): Promise<void> {
    return this.#switch(execution, 'paused', 'running')
  }

  async cancel(execution: string): Promise<void> {
    const now = this.#clock.now()
    await this.#store.transaction(async tx => {
      const before = await lockExecution(this.#store, tx, execution)
      if (!isOpen(before)) return
      const changes = cancel(before, await readQueued(tx, execution))
      if (changes) await writeChanges(tx, execution, before, changes, now)
    })
    this.#store.signal(CHANGED, execution)
  }

  async #switch(execution: string, from: 'running' | 'paused', to: 'running' | 'paused'): Promise<void> {
    const now = this.#clock.now()
    await this.#store.transaction(async tx => {
      const before = await lockExecution(this.#store, tx, execution)
      if (before.state !== from) return
      await tx.updateTable('executions').set({ state: to }).where('id', '=', execution).execute()
      const kind = to === 'paused' ? 'execution-paused' : 'execution-resumed'
      await writeEvents(tx, [{ execution, kind }], now)
    })
    this.#store.signal(CHANGED, execution)
  }
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
