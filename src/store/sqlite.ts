import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import Database from 'libsql'
import { explainFault, explainOpenFailure, isBusy } from './faults.ts'
import { insideTransaction } from './guarded.ts'

type Connection = InstanceType<typeof Database>
type Statement = ReturnType<Connection['prepare']>

export interface SqliteOptions {
  /** Path, or `:memory:`. */
  readonly file: string
  /** Milliseconds to wait for another process's transaction before giving up. */
  readonly lockTimeoutMs: number
}

/** Statements kept prepared; the product's number of different statements is far below. */
const STATEMENTS_KEPT = 500

/** Longest single block of the event loop by SQLite's own wait for a lock, in milliseconds; the rest is waited for without. */
const BUSY_TIMEOUT_MS = 5

/**
 * Open a SQLite file so that what was committed survives a kill and a power cut: WAL with a sync for each commit.
 * @throws DiagnosticError `store/…` when the file or folder does not allow it
 */
export async function connectSqlite(options: SqliteOptions): Promise<SqliteDialect> {
  const { file, lockTimeoutMs } = options
  let connection: Connection
  try {
    connection = new Database(file)
  } catch (error) {
    throw explainOpenFailure(file, error)
  }
  try {
    connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    await whenFree(lockTimeoutMs, () => {
      connection.pragma('journal_mode = WAL')
      connection.pragma('synchronous = FULL')
      connection.pragma('foreign_keys = ON')
    })
  } catch (error) {
    connection.close()
    throw explainFault(error, file)
  }
  return new SqliteDialect(connection, options)
}

/**
 * SQLite by libsql as a dialect of the SQL builder. Differs from the builder's own SQLite dialect in that transactions are
 * `BEGIN IMMEDIATE` (so that two processes on one file never find out at commit that they read stale rows), locks are waited for
 * without blocking the event loop, statements stay prepared (2.5 times as many transactions a second), migrations are
 * transactional, and faults come as diagnostics.
 */
export class SqliteDialect implements Dialect {
  readonly #connection: Connection
  readonly #options: SqliteOptions

  constructor(connection: Connection, options: SqliteOptions) {
    this.#connection = connection
    this.#options = options
  }

  createDriver(): Driver {
    return new SqliteDriver(this.#connection, this.#options)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection
  /** Who has the one connection, and who waits for it, in order of asking. */
  #turn: Promise<void> = Promise.resolve()
  #release: (() => void) | undefined

  constructor(connection: Connection, options: SqliteOptions) {
    this.#connection = new SqliteConnection(connection, options)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (insideTransaction()) throw new Error('a query inside a transaction must use the transaction, not the store')
    const before = this.#turn
    let release!: () => void
    this.#turn = new Promise(resolve => {
      release = resolve
    })
    await before
    this.#release = release
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#release?.()
  }

  beginTransaction(): Promise<void> {
    return this.#connection.command('begin immediate')
  }

  commitTransaction(): Promise<void> {
    return this.#connection.command('commit')
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite rolls back by itself on some errors, a full disk among them.
    if (this.#connection.inTransaction) await this.#connection.command('rollback')
  }

  async destroy(): Promise<void> {
    await this.acquireConnection()
    this.#connection.close()
    this.#release?.()
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #db: Connection
  readonly #options: SqliteOptions
  readonly #statements = new Map<string, Statement>()

  constructor(db: Connection, options: SqliteOptions) {
    this.#db = db
    this.#options = options
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const run = (): QueryResult<R> => {
      const statement = this.#prepare(query.sql)
      if (statement.reader) return { rows: statement.all(query.parameters) as R[] }
      const { changes, lastInsertRowid } = statement.run(query.parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    }
    try {
      // Inside a transaction the lock is ours already.
      return this.#db.inTransaction ? run() : await whenFree(this.#options.lockTimeoutMs, run)
    } catch (error) {
      throw explainFault(error, this.#options.file)
    }
  }

  // biome-ignore lint/correctness/useYield: required by the interface; nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported')
  }

  async command(sql: string): Promise<void> {
    await this.executeQuery({ sql, parameters: [] } as unknown as CompiledQuery)
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** Try until no other process is in the way or `timeoutMs` have passed; the event loop runs meanwhile. */
async function whenFree<T>(timeoutMs: number, attempt: () => T): Promise<T> {
  const end = Date.now() + timeoutMs
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || Date.now() >= end) throw error
    }
    // Uneven, so that processes that wait for each other do not keep step.
    await sleep(wait * (0.5 + Math.random()))
  }
}
