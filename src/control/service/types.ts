import type { Derivation } from '../../datalog/index.ts'
import type { ActionDescription, LiveTable, SourceStatus } from '../../datasources/index.ts'
import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Row, Value } from '../../tables/index.ts'
import type { ExecutionView } from '../../workflow/index.ts'
import type { PlacementReport } from '../placement-report.ts'
import type { PlanReport } from '../plan-report.ts'

/** Who asks, for the audit log. Roles are checked before the service is called. */
export interface Actor {
  /** For example `token:ci`, `keystone:alice`, `system`. */
  readonly id: string
}

/** Opaque text that says where the next page begins. */
export type Cursor = string

export interface PageRequest {
  /** At most 1000; default 100. */
  readonly limit?: number
  readonly cursor?: Cursor
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Undefined: that was the last page. */
  readonly next?: Cursor
}

/**
 * `monitor`: violations are shown. `advise`: a plan is made and waits for a person. `enforce`: it is run. `shadow`: plans are
 * recorded, never run, and compared later with what happened.
 */
export type PolicyMode = 'monitor' | 'advise' | 'enforce' | 'shadow'

export interface PolicySummary {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly mode: PolicyMode
  readonly active: boolean
  /** Counts up from 1 with each change of text, mode or activity. */
  readonly version: number
  /** Strong, without quotes: changes with the version. */
  readonly etag: string
  readonly createdAt: string
  readonly changedAt: string
  readonly changedBy: string
  /** Set while the policy is not evaluated: it reached a limit, or its tables are gone. */
  readonly stopped?: Diagnostic
}

export interface PolicyDetail extends PolicySummary {
  readonly text: string
}

export interface PolicyRule {
  readonly id: string
  readonly name?: string
  readonly comment?: string
  /** The rule's own text. */
  readonly rule: string
}

export interface PolicyDraft {
  readonly name: string
  readonly text: string
  readonly description?: string
  /** Default `monitor`. */
  readonly mode?: PolicyMode
  /** Default true. */
  readonly active?: boolean
}

/** What must be true of the present version for a change to be made; otherwise `control/policy-changed-meanwhile`. */
export interface ChangeGuard {
  readonly etag?: string
}

export interface Policies {
  list(page: PageRequest): Promise<Page<PolicySummary>>
  /** By id or name. Undefined: there is none. */
  get(idOrName: string): Promise<PolicyDetail | undefined>
  create(draft: PolicyDraft, actor: Actor): Promise<PolicyDetail>
  /** Text, description, mode, activity: what is given is changed. A text that can not be evaluated is refused and the old one stays. */
  change(idOrName: string, change: Partial<PolicyDraft>, guard: ChangeGuard, actor: Actor): Promise<PolicyDetail>
  remove(idOrName: string, guard: ChangeGuard, actor: Actor): Promise<void>
  versions(idOrName: string, page: PageRequest): Promise<Page<PolicyDetail>>
  /** Makes an earlier version's text the present one, as a new version. */
  rollBack(idOrName: string, version: number, guard: ChangeGuard, actor: Actor): Promise<PolicyDetail>
  /** What is wrong with a text, as a whole policy among those that are active. Empty or warnings only: it may be activated. */
  validate(draft: PolicyDraft): Promise<readonly Diagnostic[]>
  preview(request: PreviewRequest): Promise<Preview>
  rules(idOrName: string): Promise<readonly PolicyRule[]>
  insertRule(idOrName: string, rule: Omit<PolicyRule, 'id'>, guard: ChangeGuard, actor: Actor): Promise<PolicyRule>
  removeRule(idOrName: string, rule: string, guard: ChangeGuard, actor: Actor): Promise<PolicyRule>
  /** Files of the policy library: may be read and created from, not changed. */
  library(): Promise<readonly { readonly name: string; readonly description: string; readonly text: string }[]>
}

/** A policy as it would be, over the live tables or a recorded snapshot. */
export interface PreviewRequest {
  /** Replaces the policy of the same name, or is added. */
  readonly draft: PolicyDraft
  readonly snapshot?: string
  /** Make the plan too (default true). */
  readonly plan?: boolean
  readonly seconds?: number
}

export interface Preview {
  readonly diagnostics: readonly Diagnostic[]
  readonly appear: readonly ViolationView[]
  readonly vanish: readonly ViolationView[]
  /** Of all active policies with the draft in place. Absent when not asked for, or when nothing could be placed. */
  readonly plan?: PlanReport
}

export interface ViolationView {
  /** Stable as long as the violation lasts. */
  readonly id: string
  readonly policy: string
  readonly table: string
  readonly role: 'error' | 'warning'
  readonly row: Row
  readonly text: string
  /** ISO 8601, UTC. */
  readonly since: string
  /** Set when it no longer holds. */
  readonly until?: string
  /** An exception that covers it now. */
  readonly exception?: ExceptionView
  /** Tables it rests on that are stale now. */
  readonly stale?: readonly string[]
  /** VMs in its row that the cloud refuses to move. */
  readonly held?: readonly HeldVm[]
}

/** A VM that plans leave where it is, because the cloud refuses to move it. */
export interface HeldVm {
  readonly vm: Value
  /** In the cloud's words. */
  readonly because: string
  /** ISO 8601: when it is tried again, if nothing about the VM and its host changes before. */
  readonly until: string
}

export interface ViolationFilter {
  readonly policy?: string
  readonly table?: string
  readonly role?: 'error' | 'warning'
  /** Some column equals this value. */
  readonly value?: Value
  /** ISO 8601: began at or after it. */
  readonly since?: string
  /** Past ones too. */
  readonly history?: boolean
}

export interface Violations {
  list(filter: ViolationFilter, page: PageRequest): Promise<Page<ViolationView>>
  get(id: string): Promise<ViolationView | undefined>
  /** Undefined: it no longer holds. */
  explain(id: string): Promise<Derivation | undefined>
}

export interface ExceptionView {
  readonly id: string
  readonly policy: string
  readonly table: string
  /** One entry for each column; null stands for any value. */
  readonly pattern: readonly (Value | null)[]
  readonly until: string
  readonly because: string
  readonly createdBy: string
  readonly createdAt: string
}

export interface Exceptions {
  list(page: PageRequest & { readonly expired?: boolean }): Promise<Page<ExceptionView>>
  create(exception: Omit<ExceptionView, 'id' | 'createdBy' | 'createdAt'>, actor: Actor): Promise<ExceptionView>
  remove(id: string, actor: Actor): Promise<void>
}

export interface TableView {
  readonly name: string
  readonly columns: readonly string[]
  readonly count: number
}

/** Rows with, where asked for, why they hold. */
export interface TracedRow {
  readonly row: Row
  readonly derivation?: Derivation
}

export interface SourceView {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly description: string
  readonly status: SourceStatus
  readonly tables: readonly LiveTable[]
  readonly actions: readonly ActionDescription[]
}

export interface Tables {
  /** Tables that a policy defines. */
  ofPolicy(idOrName: string): Promise<readonly TableView[]>
  sources(): Promise<readonly SourceView[]>
  source(idOrName: string): Promise<SourceView | undefined>
  /** Rows of a table by full name, in their order. Undefined: there is no such table. */
  rows(table: string, request: PageRequest & { readonly trace?: boolean }): Promise<Page<TracedRow> | undefined>
  /** Replace a pushed table's rows. */
  push(source: string, table: string, rows: readonly (readonly unknown[])[], actor: Actor): Promise<void>
  refresh(source: string, actor: Actor): Promise<void>
  /** Carry out an action through the workflow engine; gives the execution's id. */
  execute(source: string, action: string, input: Readonly<Record<string, unknown>>, actor: Actor): Promise<string>
  /** Rows of a query under a sequence of changes, or the difference they make; leaves no trace. Text as `usher simulate` reads it. */
  simulate(request: {
    readonly policy: string
    readonly query: string
    readonly sequence: string
    /** The policy that describes actions. */
    readonly actionPolicy?: string
    readonly delta?: boolean
    readonly trace?: boolean
  }): Promise<{ readonly result: readonly string[]; readonly trace?: string }>
}

export type PlanState =
  | 'waiting'
  | 'approved'
  | 'rejected'
  | 'expired'
  | 'superseded'
  | 'running'
  | 'done'
  | 'failed'
  | 'shadow'

export interface PlanSummary {
  readonly id: string
  readonly domain: string
  /** Of the policies for which it was made. */
  readonly mode: PolicyMode
  readonly state: PlanState
  readonly createdAt: string
  /** When a waiting plan can no longer be approved. */
  readonly expiresAt?: string
  readonly decidedBy?: string
  readonly reason?: string
  /** The workflow execution that carries it out. */
  readonly execution?: string
  readonly moves: number
  readonly errorsBefore: number
  readonly errorsAfter: number
  readonly cost: number
}

export interface PlanDetail extends PlanSummary {
  readonly report: PlanReport
  /** Shadow plans: what happened to the same VMs since, once known. */
  readonly compared?: { readonly moved: number; readonly same: number; readonly other: number }
}

export interface Plans {
  list(filter: { readonly state?: PlanState; readonly domain?: string }, page: PageRequest): Promise<Page<PlanSummary>>
  get(id: string): Promise<PlanDetail | undefined>
  /** Refused with `control/plan-outdated` when the world has changed so that it no longer holds. */
  approve(id: string, actor: Actor): Promise<PlanDetail>
  reject(id: string, reason: string, actor: Actor): Promise<PlanDetail>
  /** Moves only in one, and VMs that go elsewhere. */
  diff(from: string, to: string): Promise<readonly { readonly vm: Value; readonly from?: Value; readonly to?: Value }[]>
}

/** One run of evaluate ▶ decide ▶ place ▶ plan ▶ approve ▶ run ▶ verify. */
export interface CycleView {
  readonly id: string
  readonly domain: string
  readonly trigger: 'cron' | 'event' | 'demand'
  readonly stage: 'evaluate' | 'decide' | 'place' | 'plan' | 'approve' | 'run' | 'verify' | 'ended'
  /** Once ended: what came of it, in words (`nothing to mend`, `cooling down`, `plan 17 done`). */
  readonly outcome?: string
  readonly plan?: string
  readonly startedAt: string
  readonly endedAt?: string
}

export interface Placements {
  /** VM → host now. */
  list(page: PageRequest & { readonly host?: string }): Promise<Page<{ readonly vm: Value; readonly host: Value }>>
  /** Start a cycle now. */
  run(domain: string | undefined, actor: Actor): Promise<CycleView>
  cycles(page: PageRequest): Promise<Page<CycleView>>
  /** Hosts for new VMs, given as rows of the tables that describe them. */
  recommend(request: RecommendRequest): Promise<Recommendation>
}

export interface RecommendRequest {
  /** New VMs: an id each, and the rows that describe them in data tables. */
  readonly vms: readonly string[]
  readonly rows: readonly { readonly table: string; readonly row: Row }[]
  /** Present VMs may move too. */
  readonly moveOthers?: boolean
  readonly seconds?: number
}

export type Recommendation = PlacementReport

export interface Snapshots {
  list(page: PageRequest): Promise<Page<{ readonly id: string; readonly createdAt: string; readonly rows: number }>>
  record(actor: Actor): Promise<{ readonly id: string }>
  /** All tables as text, one JSON line for each row, to be stored or replayed elsewhere. */
  read(id: string): Promise<AsyncIterable<string> | undefined>
  /** Violations of the active policies over a snapshot. */
  replay(id: string): Promise<readonly ViolationView[]>
  remove(id: string, actor: Actor): Promise<void>
}

export interface Workflows {
  executions(page: PageRequest): Promise<Page<ExecutionView>>
  execution(id: string): Promise<ExecutionView | undefined>
  pause(id: string, actor: Actor): Promise<void>
  resume(id: string, actor: Actor): Promise<void>
  cancel(id: string, actor: Actor): Promise<void>
  /** `token` is the delegate's own; it works once. */
  complete(token: string, result: unknown): Promise<'completed' | 'already' | 'unknown'>
}

/** Something that happened, in the order of ids. */
export interface ServiceEvent {
  /** Grows; the same over all replicas. */
  readonly id: string
  readonly at: string
  readonly kind: 'violation' | 'cost' | 'placement' | 'plan' | 'workflow' | 'policy' | 'freshness'
  readonly data: Readonly<Record<string, unknown>>
}

export interface Events {
  /**
   * Events after `after` (default: from now on), then new ones as they come. Events that are no longer kept: one of kind `policy` with
   * data { missed: true } comes first. Returns the way to stop.
   */
  follow(
    after: string | undefined,
    kinds: ReadonlySet<ServiceEvent['kind']> | undefined,
    listener: (event: ServiceEvent) => void,
  ): () => void
}

export interface WebhookView {
  readonly id: string
  readonly url: string
  readonly kinds: readonly ServiceEvent['kind'][]
  readonly createdBy: string
}

export interface Webhooks {
  list(page: PageRequest): Promise<Page<WebhookView>>
  /** The secret signs every request (HMAC-SHA256 of the body); it is never shown again. */
  create(
    hook: { readonly url: string; readonly kinds: WebhookView['kinds']; readonly secret: string },
    actor: Actor,
  ): Promise<WebhookView>
  remove(id: string, actor: Actor): Promise<void>
}

export interface AuditEntry {
  readonly id: string
  readonly at: string
  readonly actor: string
  /** For example `policy.change`. */
  readonly action: string
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

/** Ready to answer, and why not. */
export interface Health {
  readonly ready: boolean
  /** `database`, `tables`, `evaluator`, `workers`: what is wrong, in words; empty when well. */
  readonly reasons: readonly { readonly part: string; readonly message: string }[]
}

/** A figure for monitoring, in the words of Prometheus. */
export interface Reading {
  /** For example `usher_evaluation_seconds_max`. */
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[]
}

/**
 * All that faces show and ask for. Reads answer from memory where they can and go on while the database is away; writes then throw
 * `store/…` diagnostics. User mistakes throw a `DiagnosticError`.
 */
export interface Service {
  readonly policies: Policies
  readonly violations: Violations
  readonly exceptions: Exceptions
  readonly tables: Tables
  readonly plans: Plans
  readonly placements: Placements
  readonly snapshots: Snapshots
  readonly workflows: Workflows
  readonly events: Events
  readonly webhooks: Webhooks
  audit(page: PageRequest & { readonly subject?: string }): Promise<Page<AuditEntry>>
  health(): Promise<Health>
  /**
   * Figures that say whether it is current, quick, stuck, and whether it helped; cheap to read. Freshness of tables and readiness are
   * read from `tables.sources` and `health`.
   */
  readings(): readonly Reading[]
  /** Finish what runs up to the next safe point, give leases back, close. */
  stop(): Promise<void>
}
