import { v7 as newId } from 'uuid'
import { fail, nearestName } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import { pageOfSorted } from './page.ts'
import { forLog, moment, type Parts } from './parts.ts'
import { writeAudit } from './record/audit.ts'
import type { EventLog } from './record/event-log.ts'
import type { Actor, Exceptions, ExceptionView, Page, PageRequest } from './types.ts'
import type { LiveWorld } from './world/live-world.ts'

/** Topic of the store's signals: exceptions changed. */
const TOPIC = 'service-exceptions'
/** Milliseconds after which the database is looked at though nothing was heard. */
const LOOK_MS = 5000

/** "This rule, these tuples, until this date, because." Kept in memory; the database is followed. */
export class ExceptionList implements Exceptions {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #events: EventLog
  readonly #unsubscribe: () => void
  #all: readonly ExceptionView[] = []
  #byTable = new Map<string, readonly ExceptionView[]>()
  #cancelTimer: (() => void) | undefined
  #stopped = false
  readonly #listeners = new Set<() => void>()
  #told = '[]'

  constructor(parts: Parts, world: LiveWorld, events: EventLog) {
    this.#parts = parts
    this.#world = world
    this.#events = events
    this.#unsubscribe = parts.store.onSignal(TOPIC, () => void this.load())
  }

  /** Read them, and go on doing so. */
  async load(): Promise<void> {
    this.#cancelTimer?.()
    try {
      const rows = await this.#parts.store.db.selectFrom('exceptions').selectAll().orderBy('id').execute()
      this.#all = rows.map(row => ({
        ...{ id: row.id, policy: row.policy, table: row.name, because: row.because, createdBy: row.created_by },
        pattern: JSON.parse(row.pattern) as (Value | null)[],
        until: moment(row.until),
        createdAt: moment(row.created_at),
      }))
      this.#byTable = groupByTable(this.#all)
      const text = JSON.stringify(this.#all)
      if (text !== this.#told) for (const listener of this.#listeners) listener()
      this.#told = text
    } catch (error) {
      this.#parts.log.debug(forLog(error), 'exceptions can not be read now')
    }
    if (!this.#stopped) this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => void this.load())
  }

  /** After each change of the list. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The exception that covers a row now. */
  covering(table: string, row: Row): ExceptionView | undefined {
    const now = this.#parts.clock.now()
    return this.#byTable
      .get(table)
      ?.find(({ pattern, until }) => Date.parse(until) > now && pattern.every((v, i) => v === null || v === row[i]))
  }

  /** Those that hold now, by table. */
  active(): ReadonlyMap<string, readonly ExceptionView[]> {
    const now = this.#parts.clock.now()
    return groupByTable(this.#all.filter(({ until }) => Date.parse(until) > now))
  }

  async list(request: PageRequest & { readonly expired?: boolean }): Promise<Page<ExceptionView>> {
    const now = this.#parts.clock.now()
    const shown = this.#all.filter(({ until }) => request.expired || Date.parse(until) > now)
    return pageOfSorted(shown, request, ({ id }) => id)
  }

  async create(exception: Omit<ExceptionView, 'id' | 'createdBy' | 'createdAt'>, actor: Actor): Promise<ExceptionView> {
    const { store, clock } = this.#parts
    const now = clock.now()
    const table = this.#tableOf(exception)
    const until = Date.parse(exception.until)
    if (!(until > now))
      fail('control/exception', `\`${exception.until}\` is not a moment in the future`, {
        help: 'give the date at which the exception ends, such as `2031-01-31T00:00:00Z`',
      })
    if (exception.because.trim() === '')
      fail('control/exception', 'an exception needs a reason', { help: 'say in `because` why it is made' })
    const { policy, because } = exception
    const made = { policy, table, pattern: exception.pattern, because, until: moment(until) }
    const view: ExceptionView = { id: newId(), ...made, createdBy: actor.id, createdAt: moment(now) }
    await store.transaction(async tx => {
      await tx
        .insertInto('exceptions')
        .values({
          ...{ id: view.id, policy, name: table, pattern: JSON.stringify(view.pattern), until, because },
          created_by: actor.id,
          created_at: now,
        })
        .execute()
      await writeAudit(tx, now, actor, { action: 'exception.create', subject: view.id, after: made })
      await this.#events.write(tx, [{ kind: 'policy', data: { exception: view.id, policy, change: 'exception' } }])
    })
    await this.#changed()
    return view
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts
    await store.transaction(async tx => {
      const row = await tx.selectFrom('exceptions').selectAll().where('id', '=', id).executeTakeFirst()
      if (!row) fail('control/unknown-exception', `there is no exception \`${id}\``, { help: 'list the exceptions' })
      await tx.deleteFrom('exceptions').where('id', '=', id).execute()
      await writeAudit(tx, clock.now(), actor, { action: 'exception.remove', subject: id, before: row })
      const data = { exception: id, policy: row.policy, change: 'exception-removed' }
      await this.#events.write(tx, [{ kind: 'policy', data }])
    })
    await this.#changed()
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
  }

  async #changed(): Promise<void> {
    await this.load()
    this.#parts.store.signal(TOPIC, '')
    this.#events.announce()
  }

  /** The table's full name; refuses what could never cover anything. */
  #tableOf({ policy, table, pattern }: Pick<ExceptionView, 'policy' | 'table' | 'pattern'>): string {
    const { tables } = this.#world.program
    const own = [...tables.values()].filter(
      info => info.policy === policy && (info.role === 'error' || info.role === 'warning'),
    )
    const info =
      own.find(({ name }) => name === table && tables.get(name)?.arity === pattern.length) ??
      own.find(({ display, arity }) => display === table && arity === pattern.length) ??
      own.find(({ name, display }) => name === table || display === table)
    if (!info) {
      const near = nearestName(
        table,
        own.map(({ display }) => display),
      )
      return fail('control/exception', `the policy \`${policy}\` has no violations called \`${table}\``, {
        help: near ? `did you mean \`${near}\`?` : 'name the table `error` or `warning` of an active policy',
      })
    }
    if (info.arity !== pattern.length)
      fail('control/exception', `\`${table}\` has ${info.arity} columns, and the pattern has ${pattern.length}`, {
        help: 'give one value for each column, and null where any value will do',
      })
    return info.name
  }
}

function groupByTable(all: readonly ExceptionView[]): Map<string, ExceptionView[]> {
  const groups = new Map<string, ExceptionView[]>()
  for (const one of all) groups.set(one.table, [...(groups.get(one.table) ?? []), one])
  return groups
}
