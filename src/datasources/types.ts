import type { Delta, Snapshot, TableSchema } from '../tables/index.ts'

/** Something that gives tables: a full reading first, then deltas where it can. */
export interface DataSource {
  readonly name: string
  /** Every table it has, with what is known of columns before any row is read. */
  schemas(): Promise<readonly TableSchema[]>
  /** A full reading of all tables. */
  read(): Promise<Snapshot>
  /** Deltas since the last `read`, in order, each batch one moment. Returns the way to stop. Absent: nothing is pushed. */
  subscribe?(listener: (batch: readonly Delta[]) => void): () => void
}

/** What became of an action that was asked for. */
export type ActionState = 'running' | 'succeeded' | 'failed'

export interface ActionStatus {
  readonly state: ActionState
  /** In words, for people; on `failed`, why. */
  readonly detail?: string
  /** On `failed`: whether trying the same again may help. */
  readonly retryable?: boolean
  /** On `failed`, where it is known: what may help. The same again, the same towards another host, or nothing that a program can do. */
  readonly remedy?: 'again' | 'elsewhere' | 'never'
}

/**
 * The acting side of a cloud. Actions are asynchronous: `submit` returns once the cloud accepted, `status` tells how it goes.
 * `token` identifies one wish: submitting the same token again is answered like the first time and never acts twice.
 */
export interface Cloud {
  /** For example `nova:live_migrate` with { vm, host }. Rejects with a `DiagnosticError` when the cloud refuses at once. */
  submit(action: string, input: Readonly<Record<string, unknown>>, token: string): Promise<void>
  /** Undefined: the cloud has never heard of this token. */
  status(token: string): Promise<ActionStatus | undefined>
  /** Tells of every action that ended, as soon as it is known. A hint: `status` is the truth. */
  onEnded?(listener: (token: string, status: ActionStatus) => void): () => void
}
