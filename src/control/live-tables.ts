import type { LiveSource } from '../datasources/index.ts'
import { DiagnosticError } from '../diagnostic/index.ts'
import type { Delta, Row, Snapshot, TableData } from '../tables/index.ts'

interface Table {
  readonly data: TableData
  readonly rows: Map<string, Row>
  /** The rows as a list, while nothing has changed. */
  list: readonly Row[] | undefined
}

/** The tables of live sources as one snapshot of now. */
export class LiveTables {
  readonly #sources: readonly LiveSource[]
  readonly #tables = new Map<string, Table>()
  readonly #stops: (() => void)[] = []
  readonly #listeners = new Set<() => void>()

  constructor(sources: readonly LiveSource[]) {
    this.#sources = sources
  }

  /** What the sources have, without a row. */
  schemas(): Snapshot {
    const provenance = { source: 'schema', readAt: new Date().toISOString() }
    return new Map(
      this.#sources.flatMap(source =>
        source.tables.map((schema): [string, TableData] => [schema.table, { schema, rows: [], provenance }]),
      ),
    )
  }

  /** Read these tables and follow their changes. Throws a `DiagnosticError` when one of them could not be read. */
  async follow(wanted: ReadonlySet<string>): Promise<void> {
    await Promise.all(
      this.#sources.map(async source => {
        source.want(new Set(source.tables.flatMap(({ table }) => (wanted.has(table) ? [table] : []))))
        await source.start()
      }),
    )
    const unread = this.#sources.flatMap(source => source.status().tables).filter(t => t.state === 'stale')
    const faults = unread.filter(t => wanted.has(t.table)).flatMap(t => t.because ?? [])
    if (faults.length > 0) throw new DiagnosticError(faults)
    for (const source of this.#sources) {
      this.#stops.push(source.subscribe(batch => this.#apply(batch)))
      for (const [name, data] of await source.read())
        this.#tables.set(name, {
          data,
          rows: new Map(data.rows.map(row => [JSON.stringify(row), row])),
          list: data.rows,
        })
    }
  }

  /** The tables now. */
  snapshot(): Snapshot {
    return new Map(
      [...this.#tables].map(([name, table]): [string, TableData] => {
        table.list ??= [...table.rows.values()]
        return [name, { ...table.data, rows: table.list }]
      }),
    )
  }

  /** Read everything again. Sources that are away keep what they had. */
  async refresh(): Promise<void> {
    await Promise.all(this.#sources.map(source => source.refresh()))
  }

  /** Calls back after each batch of changes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop()
    await Promise.all(this.#sources.map(source => source.stop()))
  }

  #apply(batch: readonly Delta[]): void {
    for (const { table: name, removed, inserted } of batch) {
      const table = this.#tables.get(name)
      if (!table) continue
      for (const row of removed) table.rows.delete(JSON.stringify(row))
      for (const row of inserted) table.rows.set(JSON.stringify(row), row)
      table.list = undefined
    }
    for (const listener of this.#listeners) listener()
  }
}
