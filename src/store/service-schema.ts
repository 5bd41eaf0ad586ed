import type { Generated } from 'kysely'

/*
 * Tables of the service, in the types of schema.ts: moments are milliseconds since 1970, booleans 0 and 1, JSON is text.
 */
export interface ServiceSchema {
  counters: CountersTable
  policies: PoliciesTable
  policy_versions: PolicyVersionsTable
  service_events: ServiceEventsTable
  violations: ViolationsTable
  exceptions: ExceptionsTable
  audit: AuditTable
  leases: LeasesTable
  cycles: CyclesTable
  plans: PlansTable
  cron_ticks: CronTicksTable
  requests: RequestsTable
  firings: FiringsTable
  vm_moves: VmMovesTable
  refusals: RefusalsTable
  pushes: PushesTable
  snapshots: SnapshotsTable
  snapshot_parts: SnapshotPartsTable
  webhooks: WebhooksTable
}

/** Numbers that grow in the order in which transactions commit: a transaction that counts one up holds it until its end. */
export interface CountersTable {
  /** `events`: the last event's id. `policies`: grows with each change of any policy. */
  name: string
  value: number
}

export interface PoliciesTable {
  id: string
  name: string
  description: string
  mode: string
  active: number
  text: string
  version: number
  created_at: number
  changed_at: number
  changed_by: string
}

/** Every version there was, the present one included. */
export interface PolicyVersionsTable extends Omit<PoliciesTable, 'id' | 'created_at'> {
  policy: string
}

/** What faces are told of; rows are only added, and cut off by age. */
export interface ServiceEventsTable {
  id: number
  at: number
  kind: string
  /** JSON. */
  data: string
}

/** One row for each time a violation was there. */
export interface ViolationsTable {
  /** Made of table and row: the same violation has the same id whenever it comes. */
  id: string
  since: number
  /** Null: it is there. */
  until: number | null
  policy: string
  /** Of the table. */
  name: string
  role: string
  /** JSON list. */
  row: string
  text: string
}

export interface ExceptionsTable {
  id: string
  policy: string
  /** Of the table. */
  name: string
  /** JSON list; null is any value. */
  pattern: string
  until: number
  because: string
  created_by: string
  created_at: number
}

export interface AuditTable {
  id: Generated<number>
  at: number
  actor: string
  action: string
  subject: string
  /** JSON. */
  before: string | null
  after: string | null
}

/** Who may do what only one may do. A beat that stands still for the length of a lease frees it. */
export interface LeasesTable {
  name: string
  /** Empty: given back. */
  holder: string
  /** Counts holders. */
  epoch: number
  beat: number
}

export interface CyclesTable {
  id: string
  domain: string
  /** `cron`, `event` or `demand`. */
  cause: string
  stage: string
  /** The replica that works on it. */
  holder: string
  outcome: string | null
  plan: string | null
  started_at: number
  ended_at: number | null
}

export interface PlansTable {
  id: string
  domain: string
  mode: string
  state: string
  /** JSON: the plan as `usher plan --json` gives it. */
  report: string
  /** JSON list: violations it takes into account. */
  tolerated: string
  moves: number
  errors_before: number
  errors_after: number
  /** A number as text: it need not be whole. */
  cost: string
  created_at: number
  expires_at: number | null
  decided_by: string | null
  reason: string | null
  execution: string | null
  /** JSON. */
  compared: string | null
  ended_at: number | null
}

/** One row for each firing of a schedule: who inserts it, fires. */
export interface CronTicksTable {
  schedule: string
  tick: number
  fired_by: string
}

/** Cycles that were asked for and have not begun. */
export interface RequestsTable {
  id: string
  domain: string
  cause: string
  at: number
  actor: string
}

/** Rows of `execute[…]` tables that were seen. */
export interface FiringsTable {
  /** Made of table and row. */
  id: string
  name: string
  /** JSON list. */
  row: string
  /** How often the row has come. */
  generation: number
  /** `starting`: its workflow may not have been started. `present`: it has. `gone`: the row is no longer there. */
  state: string
  at: number
}

/** Moves that were made, for the rest after a move and the number in an hour. */
export interface VmMovesTable {
  id: string
  vm: string
  domain: string
  at: number
}

/** What clouds would not do: plans do without it for a while. */
export interface RefusalsTable {
  /** Made of the VM and, where only that is refused, the host. */
  id: string
  domain: string
  /** JSON. */
  body: string
  until: number
}

/** Rows that were pushed, for all replicas and for the next start. */
export interface PushesTable {
  source: string
  /** Of the table. */
  name: string
  /** JSON list of rows. */
  rows: string
  revision: number
  at: number
}

export interface SnapshotsTable {
  id: string
  created_at: number
  created_by: string
  rows: number
}

export interface SnapshotPartsTable {
  snapshot: string
  part: number
  /** JSON lines. */
  body: string
}

export interface WebhooksTable {
  id: string
  url: string
  /** JSON list. */
  kinds: string
  secret: string
  created_by: string
  created_at: number
  /** The last event that was looked at for it. */
  sent_up_to: number
}
