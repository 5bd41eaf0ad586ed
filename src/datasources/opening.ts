import type { Span } from '../diagnostic/index.ts'
import type { Environment } from './config/index.ts'
import type { ActionJournal } from './openstack/actions/index.ts'

/** What opening a data source needs beside its settings. */
export interface OpenOptions {
  /** Variables such as `OS_CLOUD`. */
  readonly environment: Environment
  /** The folder that paths in the settings are relative to. */
  readonly base: string
  /** Where the settings stand. */
  readonly span?: Span | undefined
  /** Where actions on clouds are remembered. Default: in memory, so that another process can not go on with them. */
  readonly journal?: ActionJournal
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
}
