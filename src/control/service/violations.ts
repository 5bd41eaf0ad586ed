import type { Derivation } from '../../datalog/index.ts'
import type { Row } from '../../tables/index.ts'
import type { ExceptionList } from './exceptions.ts'
import { limitOf, pageOf, pageOfSorted, readCursor } from './page.ts'
import { moment, type Parts } from './parts.ts'
import type { RefusalList } from './refusal-list.ts'
import type { Page, PageRequest, ViolationFilter, Violations, ViolationView } from './types.ts'
import type { LiveWorld } from './world/live-world.ts'
import type { Held, ViolationBook } from './world/violation-book.ts'

const STALE = new Set(['stale', 'unread'] as const)

/** Violations as faces see them: those that hold come from memory, past ones from the database. */
export class ViolationReader implements Violations {
  readonly #parts: Pick<Parts, 'store'>
  readonly #world: LiveWorld
  readonly #book: ViolationBook
  readonly #exceptions: ExceptionList
  readonly #refusals: RefusalList

  constructor(
    parts: Pick<Parts, 'store'>,
    world: LiveWorld,
    book: ViolationBook,
    exceptions: ExceptionList,
    refusals: RefusalList,
  ) {
    this.#parts = parts
    this.#world = world
    this.#book = book
    this.#exceptions = exceptions
    this.#refusals = refusals
  }

  async list(filter: ViolationFilter, request: PageRequest): Promise<Page<ViolationView>> {
    if (filter.history) return this.#past(filter, request)
    const fitting = [...this.#book.all.values()].filter(held => fits(held, filter))
    const page = pageOfSorted(fitting, request, held => `${held.table}\0${held.text}\0${held.id}`)
    const stale = this.#staleTables()
    return { ...page, items: page.items.map(held => this.view(held, stale)) }
  }

  async get(id: string): Promise<ViolationView | undefined> {
    const held = this.#book.all.get(id)
    if (held) return this.view(held)
    const { db } = this.#parts.store
    const row = await db
      .selectFrom('violations')
      .selectAll()
      .where('id', '=', id)
      .orderBy('since', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && pastView(row)
  }

  async explain(id: string): Promise<Derivation | undefined> {
    const held = this.#book.all.get(id)
    return held && this.#world.evaluator.explain({ table: held.table, row: held.row })
  }

  view(held: Held, staleOf = this.#staleTables()): ViolationView {
    const { id, policy, table, role, row, text, since } = held
    const exception = this.#exceptions.covering(table, row)
    const stale = staleOf(table)
    const heldVms = this.#refusals.heldAmong(row)
    return {
      ...{ id, policy, table, role, row, text, since: moment(since) },
      ...(exception && { exception }),
      ...(stale.length > 0 && { stale }),
      ...(heldVms.length > 0 && { held: heldVms }),
    }
  }

  #staleTables(): (table: string) => readonly string[] {
    const known = new Map<string, readonly string[]>()
    return table => {
      let stale = known.get(table)
      if (!stale) known.set(table, (stale = this.#world.doubts(table, STALE)))
      return stale
    }
  }

  /** The newest first. */
  async #past(filter: ViolationFilter, request: PageRequest): Promise<Page<ViolationView>> {
    const limit = limitOf(request)
    const before = readCursor<readonly [number, string]>(request.cursor)
    let query = this.#parts.store.db
      .selectFrom('violations')
      .selectAll()
      .orderBy('since', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
    if (before !== undefined)
      query = query.where(eb =>
        eb.or([eb('since', '<', before[0]), eb.and([eb('since', '=', before[0]), eb('id', '<', before[1])])]),
      )
    if (filter.policy !== undefined) query = query.where('policy', '=', filter.policy)
    if (filter.table !== undefined) query = query.where('name', '=', filter.table)
    if (filter.role !== undefined) query = query.where('role', '=', filter.role)
    if (filter.since !== undefined) query = query.where('since', '>=', Date.parse(filter.since))
    // Rows are JSON lists: the value stands in one between brackets or commas. Looked at again below.
    if (filter.value !== undefined) query = query.where('row', 'like', `%${JSON.stringify(filter.value)}%`)
    const page = pageOf(await query.execute(), limit, row => [row.since, row.id])
    const items = page.items.map(pastView).filter(view => filter.value === undefined || view.row.includes(filter.value))
    return { ...page, items }
  }
}

function fits(held: Held, { policy, table, role, value, since }: ViolationFilter): boolean {
  return (
    (policy === undefined || held.policy === policy) &&
    (table === undefined || held.table === table) &&
    (role === undefined || held.role === role) &&
    (value === undefined || held.row.includes(value)) &&
    (since === undefined || held.since >= Date.parse(since))
  )
}

function pastView(row: {
  readonly id: string
  readonly since: number
  readonly until: number | null
  readonly policy: string
  readonly name: string
  readonly role: string
  readonly row: string
  readonly text: string
}): ViolationView {
  const { id, policy, name: table, role, text, since, until } = row
  return {
    ...{ id, policy, table, role: role as Held['role'], row: JSON.parse(row.row) as Row, text },
    since: moment(since),
    ...(until !== null && { until: moment(until) }),
  }
}
