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
  const pool = new pg.Pool({ ...clientSettings(options), max: options.connections, idleTimeoutMillis: 30_000 })
  // An idle connection that breaks is no news: the next query makes another.
  pool.on('error', () => {})
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

/** A connection that prepares each statement the first time and asks by name from then on. */
class PreparingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #url: string
  #broken = false

  constructor(client: pg.PoolClient, url: string) {
    this.#client = client
    this.#url = url
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query(cursor: never): never
  async query<R>(text: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    try {
      const values = [...parameters]
      const result = await this.#client.query(values.length > 0 ? { name: nameOf(text), text, values } : { text })
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
