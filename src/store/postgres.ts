import { createHash } from 'node:crypto'
import { type Dialect, PostgresDialect, type PostgresPoolClient, type PostgresQueryResult } from 'kysely'
import pg from 'pg'
import { insideTransaction } from './guarded.ts'
import { explainServerFault } from './server-faults.ts'

export interface PostgresOptions {
  readonly url: string
  /** Connections at once. */
  readonly connections: number
  /** Milliseconds to wait for a connection, and for a lock, before giving up. */
  readonly lockTimeoutMs: number
}

/** Names of prepared statements by their text; the product's number of different statements is small. */
const names = new Map<string, string>()
const NAMES_KEPT = 1000

/** Bigint columns hold milliseconds and counts, all well below 2^53. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

/**
 * Every statement here finds its rows by key. The planner would rather read whole tables, going by statistics from when they were
 * empty a minute ago: it is told not to, and to plan a prepared statement once.
 */
const PLANNING = `set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set plan_cache_mode = force_generic_plan`

/** Settings for a connection of any kind to the same server. */
export function clientSettings({ url, lockTimeoutMs }: PostgresOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'usher',
    connectionTimeoutMillis: lockTimeoutMs,
    lock_timeout: lockTimeoutMs,
    // A server that is away must not leave a promise open for ever.
    query_timeout: lockTimeoutMs * 3,
    keepAlive: true,
    types,
  }
}

/**
 * PostgreSQL as a dialect of the SQL builder: a pool of connections, prepared statements, faults as diagnostics. Connections that the
 * server ended are replaced when they are needed next.
 */
export function postgresDialect(options: PostgresOptions): Dialect {
  const pool = new pg.Pool({
    ...clientSettings(options),
    pipeline: true,
    max: options.connections,
    idleTimeoutMillis: 30_000,
  })
  // An idle connection that breaks is no news: the next query makes another.
  pool.on('error', () => {})
  pool.on('connect', client => void client.query(PLANNING).catch(ignore))
  return new PostgresDialect({
    pool: {
      async connect() {
        if (insideTransaction()) throw new Error('a query inside a transaction must use the transaction, not the store')
        try {
          const client = await pool.connect()
          client.on('error', ignore)
          return new PreparingClient(client, options.url)
        } catch (error) {
          throw explainServerFault(error, options.url)
        }
      },
      end: () => pool.end(),
    },
  })
}

const ignore = (): void => {}

const NOTHING: PostgresQueryResult<never> = { command: 'SELECT', rowCount: 0, rows: [] }

/**
 * A connection that prepares each statement the first time and asks by name from then on, and does not wait for the answer to `begin`:
 * it travels with the first statement.
 */
class PreparingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #url: string
  #broken = false
  #begun: Promise<unknown> | undefined

  constructor(client: pg.PoolClient, url: string) {
    this.#client = client
    this.#url = url
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query(cursor: never): never
  async query<R>(text: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    try {
      if (text === 'begin') {
        this.#begun = this.#client.query(text)
        this.#begun.catch(ignore)
        return NOTHING
      }
      const begun = this.#begun
      this.#begun = undefined
      const answer = this.#client.query(
        parameters.length > 0 ? { name: nameOf(text), text, values: [...parameters] } : { text },
      )
      const [result] = await Promise.all([answer, begun])
      return result as unknown as PostgresQueryResult<R>
    } catch (error) {
      const explained = explainServerFault(error, this.#url)
      if (explained !== error) this.#broken = true
      throw explained
    }
  }

  release(): void {
    this.#client.off('error', ignore)
    // A connection that failed in a way of the server's is not used again.
    this.#client.release(this.#broken)
  }
}

function nameOf(sql: string): string {
  let name = names.get(sql)
  if (name === undefined) {
    name = createHash('sha1').update(sql).digest('hex').slice(0, 20)
    if (names.size >= NAMES_KEPT) names.clear()
    names.set(sql, name)
  }
  return name
}
