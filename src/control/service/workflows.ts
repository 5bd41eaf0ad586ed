import { DiagnosticError } from '../../diagnostic/index.ts'
import { type ExecutionView, showExecution, type WorkflowEngine } from '../../workflow/index.ts'
import { limitOf, pageOf, readCursor } from './page.ts'
import type { Parts } from './parts.ts'
import { writeAudit } from './record/audit.ts'
import type { EventLog } from './record/event-log.ts'
import type { Actor, Page, PageRequest, Workflows } from './types.ts'

/** Executions of the workflow engine, and the ways to steer them. */
export class WorkflowDesk implements Workflows {
  readonly #parts: Parts
  readonly #engine: WorkflowEngine
  readonly #events: EventLog

  constructor(parts: Parts, engine: WorkflowEngine, events: EventLog) {
    this.#parts = parts
    this.#engine = engine
    this.#events = events
  }

  /** The newest first. */
  async executions(request: PageRequest): Promise<Page<ExecutionView>> {
    const { store } = this.#parts
    const limit = limitOf(request)
    const before = readCursor<readonly [number, string]>(request.cursor)
    let query = store.db
      .selectFrom('executions')
      .select(['id', 'created_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
    if (before !== undefined)
      query = query.where(eb =>
        eb.or([eb('created_at', '<', before[0]), eb.and([eb('created_at', '=', before[0]), eb('id', '<', before[1])])]),
      )
    const page = pageOf(await query.execute(), limit, row => [row.created_at, row.id])
    return { ...page, items: await Promise.all(page.items.map(({ id }) => showExecution(store, id))) }
  }

  async execution(id: string): Promise<ExecutionView | undefined> {
    try {
      return await showExecution(this.#parts.store, id)
    } catch (error) {
      if (error instanceof DiagnosticError && error.diagnostics[0]?.code === 'workflow/unknown-execution')
        return undefined
      throw error
    }
  }

  pause(id: string, actor: Actor): Promise<void> {
    return this.#steer('pause', id, actor)
  }

  resume(id: string, actor: Actor): Promise<void> {
    return this.#steer('resume', id, actor)
  }

  cancel(id: string, actor: Actor): Promise<void> {
    return this.#steer('cancel', id, actor)
  }

  async complete(token: string, result: unknown): Promise<'completed' | 'already' | 'unknown'> {
    try {
      const recorded = await this.#engine.completeByToken(token, { outcome: 'success', data: result })
      return recorded === 'recorded' ? 'completed' : 'already'
    } catch (error) {
      const unknown = ['workflow/token', 'workflow/unknown-execution', 'workflow/no-such-task']
      if (error instanceof DiagnosticError && unknown.includes(error.diagnostics[0]?.code ?? '')) return 'unknown'
      throw error
    }
  }

  async #steer(how: 'pause' | 'resume' | 'cancel', id: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts
    await this.#engine[how](id)
    await store.transaction(async tx => {
      await writeAudit(tx, clock.now(), actor, { action: `workflow.${how}`, subject: id })
      await this.#events.write(tx, [{ kind: 'workflow', data: { execution: id, change: how, by: actor.id } }])
    })
    this.#events.announce()
  }
}
