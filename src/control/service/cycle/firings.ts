import type { WorkflowDefinition, WorkflowEngine } from '../../../workflow/index.ts'
import { forLog, isStoreFault, type Parts } from '../parts.ts'
import type { EventLog } from '../record/event-log.ts'
import { type Lease, LeaseLostError } from '../record/lease.ts'
import type { LiveWorld } from '../world/live-world.ts'
import { type BookedRow, RowBook } from '../world/row-book.ts'

const RETRY_MS = 500
const RETRY_LIMIT_MS = 10_000

/**
 * `execute[service:action(…)]` rules of enforced policies: each row that comes starts the action once, as a workflow with the row as its
 * input. Which rows were seen is in the database; a workflow is started under an id that the row and the number of its coming make, so
 * that a start that a crash repeats is one start.
 */
export class Firings {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #events: EventLog
  readonly #lease: Lease
  readonly #engine: WorkflowEngine
  readonly #isSettled: (table: string) => boolean
  readonly #book: RowBook<BookedRow>
  #again = true
  #working: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #faults = 0
  #stopped = false

  constructor(
    parts: Parts,
    world: LiveWorld,
    events: EventLog,
    lease: Lease,
    engine: WorkflowEngine,
    isSettled: (table: string) => boolean,
  ) {
    this.#parts = parts
    this.#world = world
    this.#events = events
    this.#lease = lease
    this.#engine = engine
    this.#isSettled = isSettled
    this.#book = new RowBook(
      world,
      ({ name }) => name.startsWith('execute['),
      booked => booked,
      () => this.look(),
    )
  }

  /** Rows that are there now. */
  get rows(): number {
    return this.#book.rows.size
  }

  /** Bring the database in line with what is there, soon. */
  look(): void {
    this.#again = true
    if (this.#working || this.#stopped || !this.#lease.held) return
    this.#cancelTimer?.()
    this.#working = this.#reconcile()
      .then(() => {
        this.#faults = 0
      })
      .catch(error => {
        if (error instanceof LeaseLostError) return
        this.#parts.log[isStoreFault(error) ? 'warn' : 'error'](
          forLog(error),
          'actions of rules can not be started now',
        )
        const wait = Math.min(RETRY_LIMIT_MS, RETRY_MS * 2 ** Math.min(this.#faults++, 10))
        this.#cancelTimer = this.#parts.clock.after(wait, () => this.look())
      })
      .finally(() => {
        this.#working = undefined
        if (this.#again && this.#faults === 0) this.look()
      })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#book.stop()
    await this.#working
  }

  async #reconcile(): Promise<void> {
    const { store, clock } = this.#parts
    while (this.#again && !this.#stopped) {
      this.#again = false
      const known = new Map((await store.db.selectFrom('firings').selectAll().execute()).map(row => [row.id, row]))
      const here = this.#book.rows
      const came = [...here.values()].filter(
        ({ id, table }) => (known.get(id)?.state ?? 'gone') === 'gone' && this.#isSettled(table),
      )
      const went = [...known.values()].filter(
        ({ id, name, state }) => state !== 'gone' && !here.has(id) && this.#isSettled(name),
      )
      if (came.length + went.length > 0)
        await store.transaction(async tx => {
          await this.#lease.confirm(tx)
          const at = clock.now()
          for (const { id, table, row } of came) {
            const generation = (known.get(id)?.generation ?? 0) + 1
            await tx
              .insertInto('firings')
              .values({ id, name: table, row: JSON.stringify(row), generation, state: 'starting', at })
              .onConflict(c => c.column('id').doUpdateSet({ generation, state: 'starting', at }))
              .execute()
          }
          for (const { id } of went)
            await tx.updateTable('firings').set({ state: 'gone', at }).where('id', '=', id).execute()
        })
      await this.#startAll()
    }
  }

  async #startAll(): Promise<void> {
    const { store, log } = this.#parts
    const starting = await store.db.selectFrom('firings').selectAll().where('state', '=', 'starting').execute()
    for (const { id, name, row: body, generation } of starting) {
      const row = JSON.parse(body) as BookedRow['row']
      const action = name.slice('execute['.length, -1)
      const execution = `execute-${id}-${generation}`
      await this.#engine.start(this.#workflowOf(action, row), { action, row }, execution)
      await store.transaction(async tx => {
        await this.#lease.confirm(tx)
        await tx
          .updateTable('firings')
          .set({ state: 'present' })
          .where('id', '=', id)
          .where('generation', '=', generation)
          .where('state', '=', 'starting')
          .execute()
        await this.#events.write(tx, [{ kind: 'workflow', data: { execution, action, row, change: 'started' } }])
      })
      this.#events.announce()
      log.info({ execution, action, row }, 'a rule started an action')
    }
  }

  /** The action with the row as its input, by the names that the action gives its inputs. */
  #workflowOf(action: string, row: BookedRow['row']): WorkflowDefinition {
    const known = this.#world.sources.flatMap(({ actions }) => actions).find(({ name }) => name === action)
    if (!known)
      return {
        name: 'execute',
        tasks: {
          act: { action: 'std.fail', input: { error: `no data source has an action \`${action}\``, retryable: false } },
        },
      }
    const names = known.inputs.map(({ name }) => name)
    const input = Object.fromEntries(row.map((value, i) => [names[i] ?? `argument${i + 1}`, value]))
    return { name: 'execute', tasks: { act: { action, input, retry: { count: 3, delay: 1, backoff: 2 } } } }
  }
}
