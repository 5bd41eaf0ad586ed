import { afterEach, beforeEach } from 'vitest'
import type { StoreOptions } from '../../store/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import type { TestDatabase, TestDialect } from '../../store/testing/databases.ts'
import {
  type Action,
  createEngine,
  createRunner,
  type ExecutionView,
  type Runner,
  type RunnerOptions,
  readHistory,
  showExecution,
  type WorkflowDefinition,
  type WorkflowEngine,
} from '../index.ts'
import { standardActions } from '../standard-actions.ts'
import { FakeClock } from './fake-clock.ts'

/** A store, an engine and runners on a clock of their own, new for each test of the `describe` this is called in. */
export class Bed {
  #database!: TestDatabase
  store!: Store
  clock!: FakeClock
  engine!: WorkflowEngine
  readonly #runners: Runner[] = []

  constructor({ create }: TestDialect, options: Pick<StoreOptions, 'secretKey'> = {}) {
    beforeEach(async () => {
      this.#database = await create()
      this.store = await openStore({ ...this.#database.options, ...options })
      this.clock = new FakeClock()
      this.engine = createEngine(this.store, { clock: this.clock })
    })
    afterEach(async () => {
      for (const runner of this.#runners.splice(0)) await runner.stop()
      await this.store.close()
      await this.#database.remove()
    })
  }

  runner(actions: Readonly<Record<string, Action>> = {}, options: RunnerOptions = {}): Runner {
    const all = { ...standardActions(this.clock), ...actions }
    const runner = createRunner(this.store, this.engine, all, { clock: this.clock, ...options })
    this.#runners.push(runner)
    return runner
  }

  /** Another store on the same database. */
  open(options: Pick<StoreOptions, 'secretKey'> = {}): Promise<Store> {
    return openStore({ ...this.#database.options, ...options })
  }

  /** Run a workflow to its end. */
  async run(
    definition: WorkflowDefinition,
    input: unknown = {},
    actions: Readonly<Record<string, Action>> = {},
    options: RunnerOptions = {},
  ): Promise<ExecutionView> {
    const id = await this.engine.start(definition, input)
    return this.clock.until(this.runner(actions, options).runUntilDone(id))
  }

  async states(id: string): Promise<Record<string, string>> {
    return Object.fromEntries((await showExecution(this.store, id)).tasks.map(t => [t.name, t.state]))
  }

  async kinds(id: string): Promise<string[]> {
    return (await readHistory(this.store, id)).map(e => [e.kind, e.task].filter(Boolean).join(' '))
  }
}
