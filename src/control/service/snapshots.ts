import { v7 as newId } from 'uuid'
import { fail } from '../../diagnostic/index.ts'
import type { Row, Snapshot, TableData, TableSchema } from '../../tables/index.ts'
import { evaluateWorld, violationsOf } from '../evaluate.ts'
import { limitOf, pageOf, readCursor } from './page.ts'
import { moment, type Parts } from './parts.ts'
import type { PolicyBook } from './policies.ts'
import { writeAudit } from './record/audit.ts'
import type { Actor, Page, PageRequest, Snapshots, ViolationView } from './types.ts'
import type { LiveWorld } from './world/live-world.ts'
import { checkLeniently } from './world/program.ts'
import { idOf } from './world/row-book.ts'

/** Rows in one part of a snapshot. */
const PART = 2000

/** One line of a snapshot: a table's schema, then its rows. */
type Line =
  | {
      readonly table: string
      readonly columns: TableSchema['columns']
      readonly source: string
      readonly readAt: string
    }
  | { readonly table: string; readonly row: Row }

/** All tables of a moment, kept in the database as JSON lines. */
export class SnapshotShelf implements Snapshots {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #policies: PolicyBook

  constructor(parts: Parts, world: LiveWorld, policies: PolicyBook) {
    this.#parts = parts
    this.#world = world
    this.#policies = policies
  }

  /** The newest first. */
  async list(request: PageRequest) {
    const limit = limitOf(request)
    const before = readCursor<string>(request.cursor)
    let query = this.#parts.store.db
      .selectFrom('snapshots')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit + 1)
    if (before !== undefined) query = query.where('id', '<', before)
    const page: Page<{ id: string; created_at: number; rows: number }> = pageOf(
      await query.execute(),
      limit,
      row => row.id,
    )
    return {
      ...page,
      items: page.items.map(({ id, created_at, rows }) => ({ id, createdAt: moment(created_at), rows })),
    }
  }

  async record(actor: Actor): Promise<{ readonly id: string }> {
    const { store, clock } = this.#parts
    const id = newId()
    const now = clock.now()
    const tables = await readTables(this.#world)
    let part = 0
    let rows = 0
    let lines: string[] = []
    // In parts of their own, so that a large cloud does not hold a transaction open; it is there when its head is.
    const flush = async (atLeast: number) => {
      if (lines.length < atLeast) return
      const body = lines.join('\n')
      lines = []
      await store.transaction(tx =>
        tx.insertInto('snapshot_parts').values({ snapshot: id, part: part++, body }).execute(),
      )
    }
    for (const { schema, rows: all, provenance } of tables.values()) {
      const { table, columns } = schema
      lines.push(JSON.stringify({ table, columns, source: provenance.source, readAt: provenance.readAt }))
      for (const row of all) {
        lines.push(JSON.stringify({ table, row }))
        rows++
        await flush(PART)
      }
    }
    await flush(1)
    await store.transaction(async tx => {
      await tx.insertInto('snapshots').values({ id, created_at: now, created_by: actor.id, rows }).execute()
      await writeAudit(tx, now, actor, { action: 'snapshot.record', subject: id, after: { rows } })
    })
    return { id }
  }

  async read(id: string): Promise<AsyncIterable<string> | undefined> {
    const { db } = this.#parts.store
    const head = await db.selectFrom('snapshots').select('id').where('id', '=', id).executeTakeFirst()
    return head && this.#lines(id)
  }

  async replay(id: string): Promise<readonly ViolationView[]> {
    const tables = await this.tables(id)
    const schemas = [...tables.values()].map(({ schema }) => schema)
    const active = this.#policies.records.filter(record => record.active === 1)
    const { program } = checkLeniently(active, schemas)
    const evaluator = evaluateWorld({ program, tables }, { limits: this.#parts.config.limits })
    const at = [...tables.values()].map(({ provenance }) => provenance.readAt).sort()[0] ?? moment(0)
    return violationsOf(program, evaluator.view).map(({ role, table, row, text }) => ({
      ...{ id: idOf(table, row), policy: program.tables.get(table)?.policy ?? '', table, role, row, text },
      since: at,
    }))
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts
    await store.transaction(async tx => {
      const gone = await tx.deleteFrom('snapshots').where('id', '=', id).executeTakeFirst()
      if (Number(gone.numDeletedRows) === 0) unknownSnapshot(id)
      await tx.deleteFrom('snapshot_parts').where('snapshot', '=', id).execute()
      await writeAudit(tx, clock.now(), actor, { action: 'snapshot.remove', subject: id })
    })
  }

  /** The tables of a snapshot. */
  async tables(id: string): Promise<Snapshot> {
    const lines = (await this.read(id)) ?? unknownSnapshot(id)
    const tables = new Map<string, TableData & { readonly rows: Row[] }>()
    for await (const text of lines) {
      const line = JSON.parse(text) as Line
      const { table } = line
      if ('row' in line) tables.get(table)!.rows.push(line.row)
      else {
        const { columns, source, readAt } = line
        tables.set(table, {
          schema: { table, columns },
          rows: [],
          provenance: { source, place: `snapshot ${id}`, readAt },
        })
      }
    }
    return tables
  }

  async *#lines(id: string): AsyncIterable<string> {
    const { db } = this.#parts.store
    for (let part = 0; ; part++) {
      const row = await db
        .selectFrom('snapshot_parts')
        .select('body')
        .where('snapshot', '=', id)
        .where('part', '=', part)
        .executeTakeFirst()
      if (!row) return
      yield* row.body.split('\n')
    }
  }
}

/** What the sources have now. */
export async function readTables(world: LiveWorld): Promise<Snapshot> {
  const all = await Promise.all(world.sources.map(source => source.read()))
  return new Map(all.flatMap(snapshot => [...snapshot]))
}

function unknownSnapshot(id: string): never {
  return fail('control/unknown-snapshot', `there is no snapshot \`${id}\``, { help: 'list the snapshots' })
}
