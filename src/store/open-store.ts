import { Kysely, type Transaction } from 'kysely'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { createSignals, type Signals } from './signals.ts'
import { connectSqlite, guarded } from './sqlite.ts'

export type StoreOptions = (
  | { readonly file: string; readonly memory?: false }
  | { readonly memory: true; readonly file?: never }
) & {
  /** Milliseconds to wait for another process's transaction before `store/locked`. Default 10,000. */
  readonly lockTimeoutMs?: number
}

/** A transaction's handle: the SQL builder, bound to it. */
export type StoreTransaction = Transaction<Schema>

/** The database. All methods are asynchronous, so that one kind of database can take another's place. */
export interface Store extends Signals {
  /** Which SQL is spoken; see `forUpdate`. */
  readonly dialect: 'sqlite' | 'postgres'
  /** For single reads. Writes belong into a transaction. */
  readonly db: Kysely<Schema>
  /**
   * All of `work` or nothing. One at a time on SQLite, in this process and between processes. Inside, use `tx` only: `db` would wait
   * for the transaction's own end, so it throws.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  /** Waits for the transaction that is going on. */
  close(): Promise<void>
}

/**
 * Open the database, making it or bringing it up to date first.
 *
 * @example
 * const store = await openStore({ file: 'usher.db' })
 * const running = await store.db.selectFrom('executions').selectAll().where('state', '=', 'running').execute()
 *
 * @throws DiagnosticError `store/…` when the file, its folder or the disk does not allow it, or a newer program made it
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const file = options.memory ? ':memory:' : options.file
  const dialect = await connectSqlite({ file, lockTimeoutMs: options.lockTimeoutMs ?? 10_000 })
  const db = new Kysely<Schema>({ dialect })
  try {
    await migrate(db as unknown as Kysely<never>, file)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    ...createSignals(),
    dialect: 'sqlite',
    db,
    transaction: work => db.transaction().execute(tx => guarded(() => work(tx))),
    close: () => db.destroy(),
  }
}

/**
 * Lock the rows a query reads until the transaction ends. SQLite has one writer at a time and no such clause: nothing to add there.
 */
export function forUpdate<Q extends { forUpdate(): Q }>(store: Pick<Store, 'dialect'>, query: Q): Q {
  return store.dialect === 'postgres' ? query.forUpdate() : query
}
