import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, type Transaction } from 'kysely'
import { DiagnosticError, fail } from '../diagnostic/index.ts'
import { guarded } from './guarded.ts'
import { migrate } from './migrate.ts'
import { postgresDialect } from './postgres.ts'
import type { Schema } from './schema.ts'
import { explainServerFault, isConflict, showUrl } from './server-faults.ts'
import { createServerSignals } from './server-signals.ts'
import { createSignals, type Signals } from './signals.ts'
import { connectSqlite } from './sqlite.ts'
import { createVault, type Vault } from './vault.ts'

/** Which database: a SQLite file, one in memory, or a PostgreSQL by its URL. */
export type StoreOptions = (
  | { readonly file: string; readonly memory?: false; readonly url?: never }
  | { readonly memory: true; readonly file?: never; readonly url?: never }
  | { readonly url: string; readonly file?: never; readonly memory?: never }
) & {
  /** Milliseconds to wait for another process's transaction before `store/locked`. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** Connections to a server at once. Default 8. */
  readonly connections?: number
  /** Told of faults that are survived: the connection that carries signals was lost. */
  readonly onFault?: (error: unknown) => void
  /** Seals secrets: 32 bytes, in base64 or as hexadecimal digits. See `readSecretKey`. */
  readonly secretKey?: string | undefined
}

/** A transaction's handle: the SQL builder, bound to it. */
export type StoreTransaction = Transaction<Schema>

/** The database. All methods are asynchronous, so that one kind of database can take another's place. */
export interface Store extends Signals {
  /** Which SQL is spoken; see `forUpdate`. */
  readonly dialect: 'sqlite' | 'postgres'
  /** Seals what is secret before it is written, for those who write it. */
  readonly vault: Vault
  /** For single reads. Writes belong into a transaction. */
  readonly db: Kysely<Schema>
  /**
   * All of `work` or nothing. One at a time on SQLite, in this process and between processes; on PostgreSQL many at once, each seeing
   * what was committed before each of its statements. `work` may be run again when two stood in each other's way. Inside, use `tx`
   * only: `db` would wait for the transaction's own end, so it throws.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  /** Waits for the transaction that is going on. */
  close(): Promise<void>
}

/** How often a transaction that stood in another's way is run. */
const CONFLICT_TRIES = 8

/**
 * Open the database, making its tables or bringing them up to date first.
 *
 * @example
 * const store = await openStore({ file: 'usher.db' })
 * const running = await store.db.selectFrom('executions').selectAll().where('state', '=', 'running').execute()
 *
 * @throws DiagnosticError `store/…` when the file, its folder, the disk or the server does not allow it, or a newer program made it
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const vault = createVault(options.secretKey)
  return options.url === undefined ? openSqlite(options, vault) : openPostgres(options.url, options, vault)
}

async function openSqlite(options: StoreOptions, vault: Vault): Promise<Store> {
  const file = options.memory ? ':memory:' : options.file!
  const dialect = await connectSqlite({ file, lockTimeoutMs: options.lockTimeoutMs ?? 10_000 })
  const db = new Kysely<Schema>({ dialect })
  await migrateOrClose(db, file)
  return {
    ...createSignals(),
    dialect: 'sqlite',
    vault,
    db,
    transaction: work => db.transaction().execute(tx => guarded(() => work(tx))),
    close: () => db.destroy(),
  }
}

async function openPostgres(url: string, options: StoreOptions, vault: Vault): Promise<Store> {
  if (!/^postgres(ql)?:\/\//.test(url))
    fail('store/url', 'the URL of the database is not one of PostgreSQL', {
      help: 'write it as `postgres://user:password@host:5432/database`',
    })
  const settings = { url, connections: options.connections ?? 8, lockTimeoutMs: options.lockTimeoutMs ?? 10_000 }
  const db = new Kysely<Schema>({ dialect: postgresDialect(settings) })
  await migrateOrClose(db, showUrl(url))
  const signals = createServerSignals(settings, options.onFault ?? (() => {}))
  return {
    signal: signals.signal,
    onSignal: signals.onSignal,
    dialect: 'postgres',
    vault,
    db,
    async transaction(work) {
      for (let tries = 1; ; tries++) {
        try {
          return await db.transaction().execute(tx => guarded(() => work(tx)))
        } catch (error) {
          if (!isConflict(error) || tries >= CONFLICT_TRIES) throw explainServerFault(error, url)
        }
        // Uneven, so that those who met do not meet again.
        await sleep(Math.random() * 10 * tries)
      }
    },
    async close() {
      await signals.close()
      await db.destroy()
    },
  }
}

/** Several may open a new database at the same moment; the server lets one of them make the tables and refuses the others. */
async function migrateOrClose(db: Kysely<Schema>, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await migrate(db as unknown as Kysely<never>, name)
    } catch (error) {
      const lost = ['23505', '42P07', '40P01', '40001'].includes(String((error as { code?: unknown } | null)?.code))
      if (error instanceof DiagnosticError || !lost || tries >= CONFLICT_TRIES) {
        await db.destroy()
        throw error
      }
      await sleep(20 * tries)
    }
  }
}

/**
 * Lock the rows a query reads until the transaction ends; others may still refer to them. SQLite has one writer at a time and no
 * such clause: nothing to add there.
 */
export function forUpdate<Q extends { forNoKeyUpdate(): Q }>(store: Pick<Store, 'dialect'>, query: Q): Q {
  return store.dialect === 'postgres' ? query.forNoKeyUpdate() : query
}
