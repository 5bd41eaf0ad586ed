import type { LiveSource } from '../../datasources/index.ts'
import { fail } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import { forLog, type Parts } from './parts.ts'
import { writeAudit } from './record/audit.ts'
import { countUp, readCounter } from './record/counters.ts'
import type { Actor } from './types.ts'

/** Topic of the store's signals: rows were pushed. */
const TOPIC = 'service-pushes'
/** Milliseconds after which the database is looked at though nothing was heard. */
const LOOK_MS = 2000
/** Findings named in one refusal. */
const SHOWN = 10

/** Rows pushed from outside: in the database, so that every replica has them, and the next start too. */
export class Pushes {
  readonly #parts: Parts
  readonly #sources: ReadonlyMap<string, LiveSource>
  readonly #unsubscribe: () => void
  #revision = 0
  #cancelTimer: (() => void) | undefined
  #looking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: Parts, sources: readonly LiveSource[]) {
    this.#parts = parts
    this.#sources = new Map(sources.flatMap(source => (source.push ? [[source.name, source]] : [])))
    this.#unsubscribe = parts.store.onSignal(TOPIC, () => void this.look())
  }

  /** Take over what others pushed. */
  look(): Promise<void> {
    this.#cancelTimer?.()
    this.#looking = this.#looking
      .then(() => this.#catchUp())
      .catch(error => this.#parts.log.debug(forLog(error), 'pushed rows can not be read now'))
      .then(() => {
        if (!this.#stopped && this.#sources.size > 0)
          this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => void this.look())
      })
    return this.#looking
  }

  /** Replace a table's rows, everywhere. */
  async push(source: LiveSource, table: string, rows: readonly (readonly unknown[])[], actor: Actor): Promise<void> {
    const checked = checkRows(source, table, rows)
    const { store, clock } = this.#parts
    const at = clock.now()
    await store.transaction(async tx => {
      const revision = await countUp(tx, 'pushes')
      const values = { source: source.name, name: table, rows: JSON.stringify(checked), revision, at }
      await tx
        .insertInto('pushes')
        .values(values)
        .onConflict(c => c.columns(['source', 'name']).doUpdateSet({ rows: values.rows, revision, at }))
        .execute()
      await writeAudit(tx, at, actor, { action: 'table.push', subject: table, after: { rows: checked.length } })
    })
    await this.look()
    store.signal(TOPIC, '')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
    await this.#looking
  }

  async #catchUp(): Promise<void> {
    if (this.#sources.size === 0 || (await readCounter(this.#parts.store, 'pushes')) === this.#revision) return
    const rows = await this.#parts.store.db
      .selectFrom('pushes')
      .selectAll()
      .where('revision', '>', this.#revision)
      .orderBy('revision')
      .execute()
    for (const { source, name, rows: body, revision } of rows) {
      this.#revision = revision
      const found = this.#sources.get(source)
      if (!found?.tables.some(t => t.table === name)) continue
      found.push!(name, JSON.parse(body) as Row[])
    }
  }
}

function checkRows(source: LiveSource, table: string, rows: readonly (readonly unknown[])[]): Row[] {
  const schema = source.tables.find(t => t.table === table)
  if (!schema || !source.push)
    return fail('control/not-pushed', `rows of \`${table}\` are not pushed to the data source \`${source.name}\``, {
      help: 'push to a table of a data source whose driver is `push`',
    })
  const { columns } = schema
  const wrong: string[] = []
  rows.forEach((row, i) => {
    if (wrong.length >= SHOWN) return
    if (!Array.isArray(row) || row.length !== columns.length)
      wrong.push(`row ${i + 1} has ${Array.isArray(row) ? row.length : 'no'} values, and not ${columns.length}`)
    else if (!row.every(isValue)) wrong.push(`row ${i + 1} has a value that is no text, number, true, false or null`)
  })
  if (wrong.length > 0)
    fail('control/bad-rows', `rows of \`${table}\` are wrong: ${wrong.join('; ')}`, {
      help: `give a list for each row: ${columns.map(({ name }) => name).join(', ')}`,
    })
  return rows as readonly Row[] as Row[]
}

function isValue(value: unknown): value is Value {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
}
