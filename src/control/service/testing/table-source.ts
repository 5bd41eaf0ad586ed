import type { Freshness, LiveSource, LiveTable, Simulator, SourceStatus } from '../../../datasources/index.ts'
import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { ColumnSchema, Delta, Row, Snapshot, TableData } from '../../../tables/index.ts'

/** A source whose tables a test fills. */
export interface TableSource extends LiveSource {
  set(table: string, rows: readonly Row[]): void
  apply(batch: readonly Delta[]): void
  /** What it says of its tables from now on; undefined: fresh. */
  turn(table: string, state: Freshness['state'], because?: Diagnostic): void
  push(table: string, rows: readonly (readonly unknown[])[]): void
  readonly wanted: ReadonlySet<string>
}

/** @param tables columns by table, each list's first rows given */
export function tableSource(
  name: string,
  tables: Readonly<Record<string, { readonly columns: readonly string[]; readonly rows?: readonly Row[] }>>,
  options: { readonly unread?: readonly string[] } = {},
): TableSource {
  const rows = new Map<string, Map<string, Row>>()
  const key = (row: Row) => JSON.stringify(row)
  const keyed = (list: readonly Row[]) => new Map(list.map(row => [key(row), row]))
  for (const [table, { rows: first = [] }] of Object.entries(tables)) rows.set(table, keyed(first))
  const listeners = new Set<(batch: readonly Delta[]) => void>()
  const freshListeners = new Set<(freshness: Freshness) => void>()
  const states = new Map<string, Freshness>()
  for (const table of rows.keys())
    states.set(table, { table, state: options.unread?.includes(table) ? 'unread' : 'fresh', rightAt: now() })
  const live: LiveTable[] = Object.entries(tables).map(([table, { columns }]) => ({
    ...{ table, description: '', lazy: false },
    columns: columns.map((column): ColumnSchema => ({ name: column })),
  }))
  let wanted: ReadonlySet<string> = new Set()
  const tell = (batch: readonly Delta[]) => {
    for (const listener of listeners) listener(batch)
  }
  const source: TableSource = {
    ...{ name, driver: 'push', description: 'tables of a test', tables: live, actions: [] },
    schemas: async () => live,
    async start() {},
    async stop() {},
    want(tablesWanted) {
      wanted = tablesWanted
    },
    get wanted() {
      return wanted
    },
    async refresh() {},
    async read(): Promise<Snapshot> {
      return new Map(live.map(schema => [schema.table, data(name, schema, [...rows.get(schema.table)!.values()])]))
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onFreshness(listener) {
      freshListeners.add(listener)
      return () => freshListeners.delete(listener)
    },
    status: (): SourceStatus => ({ state: 'running', faults: [], tables: [...states.values()], lastRead: now() }),
    push: (table, pushed) => source.set(table, pushed as readonly Row[]),
    set(table, next) {
      const before = rows.get(table)!
      const after = keyed(next)
      const inserted = [...after.values()].filter(row => !before.has(key(row)))
      const removed = [...before.values()].filter(row => !after.has(key(row)))
      rows.set(table, after)
      tell([{ table, inserted, removed }])
    },
    apply(batch) {
      for (const { table, inserted, removed } of batch) {
        for (const row of removed) rows.get(table)!.delete(key(row))
        for (const row of inserted) rows.get(table)!.set(key(row), row)
      }
      tell(batch)
    },
    turn(table, state, because) {
      const freshness = { table, state, rightAt: now(), ...(because && { because }) }
      states.set(table, freshness)
      for (const listener of freshListeners) listener(freshness)
    },
  }
  return source
}

/** A simulated cloud as a live source: always fresh. */
export function simulatorSource(simulator: Simulator, name = 'cloud'): LiveSource {
  const live: LiveTable[] = [...simulator.snapshot().values()].map(({ schema }) => ({
    ...schema,
    description: '',
    lazy: false,
  }))
  const inputs = ['vm', 'host'].map(input => ({ name: input, description: '', required: true }))
  const status = (): SourceStatus => ({
    state: 'running',
    faults: [],
    tables: live.map(({ table }) => ({ table, state: 'fresh', rightAt: now() })),
    lastRead: now(),
  })
  return {
    ...{ name, driver: 'simulator', description: 'a cloud in memory', tables: live, cloud: simulator },
    actions: [{ name: 'nova:live_migrate', description: '', inputs }],
    schemas: () => simulator.schemas(),
    read: () => simulator.read(),
    subscribe: listener => simulator.subscribe(listener),
    async start() {},
    async stop() {},
    want() {},
    async refresh() {},
    onFreshness: () => () => {},
    status,
  }
}

const now = () => new Date().toISOString()

function data(source: string, schema: LiveTable, rows: readonly Row[]): TableData {
  return { schema: { table: schema.table, columns: schema.columns }, rows, provenance: { source, readAt: now() } }
}
