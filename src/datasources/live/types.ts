import type { Diagnostic } from '../../diagnostic/index.ts'
import type { ColumnSchema, Delta, TableSchema } from '../../tables/index.ts'
import type { Cloud, DataSource } from '../types.ts'

/** A table of a live source, as `usher tables` and the API list it. */
export interface LiveTable extends TableSchema {
  /** Columns with types, units and what they hold. */
  readonly columns: readonly (ColumnSchema & { readonly description?: string })[]
  readonly description: string
  /** Read only while some policy reads it. */
  readonly lazy: boolean
  /** Seconds between two full readings of it; undefined: rows are only pushed. */
  readonly interval?: number
}

/** How far a table can be trusted. `rightAt` is when its contents last were the source's own. */
export interface Freshness {
  readonly table: string
  /** `unread`: not yet, or lazy and not wanted. `stale`: its last reading is older than allowed, or failed. */
  readonly state: 'unread' | 'fresh' | 'stale'
  /** ISO 8601, UTC. */
  readonly rightAt?: string
  /** Why it is stale. */
  readonly because?: Diagnostic
}

/** What a source can be asked to do, for example `nova:live_migrate` with vm and host. */
export interface ActionDescription {
  readonly name: string
  readonly description: string
  readonly inputs: readonly { readonly name: string; readonly description: string; readonly required: boolean }[]
}

export interface SourceStatus {
  /** `starting` until the first reading of every wanted table has ended, well or badly. */
  readonly state: 'starting' | 'running' | 'failing' | 'stopped'
  /** What is wrong now, one for each cause. */
  readonly faults: readonly Diagnostic[]
  readonly tables: readonly Freshness[]
  /** ISO 8601, UTC: the last successful reading or notification. */
  readonly lastRead?: string
}

/**
 * A data source that keeps its tables current by itself, by polling and notifications. `read` gives the contents at hand as one moment;
 * each batch after it is one moment's change, already the difference. A table that can not be read keeps its last rows and turns stale;
 * other tables go on.
 */
export interface LiveSource extends DataSource {
  /** For example `openstack.nova`, `prometheus`, `push`, `folder`. */
  readonly driver: string
  readonly description: string
  readonly tables: readonly LiveTable[]
  readonly actions: readonly ActionDescription[]
  /** Read for the first time and go on. Never rejects because the cloud is away: `status` tells. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Name the tables that policies read now: lazy ones among them are read from here on, others no longer. */
  want(tables: ReadonlySet<string>): void
  /** Read again now: all wanted tables, or these. Resolves when done; faults are in `status`. */
  refresh(tables?: readonly string[]): Promise<void>
  /**
   * Tell that something changed, as notifications do: the rows that come from the thing with this key (a server's id) are read again
   * at once, or all of the table where no key is given. Many in a short time are read together and become one batch.
   */
  touch?(table: string, key?: string): void
  subscribe(listener: (batch: readonly Delta[]) => void): () => void
  /** Calls back when a table turns fresh or stale. */
  onFreshness(listener: (freshness: Freshness) => void): () => void
  status(): SourceStatus
  /** The acting side, where there is one. */
  readonly cloud?: Cloud
  /** Rows pushed from outside replace the table's; only sources of driver `push` have it. */
  push?(table: string, rows: readonly (readonly unknown[])[]): void
}
