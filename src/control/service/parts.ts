import type { Logger } from 'pino'
import { DiagnosticError } from '../../diagnostic/index.ts'
import type { Store } from '../../store/index.ts'
import type { Clock } from '../../workflow/index.ts'
import type { ServiceConfig } from './config.ts'

/** What every part of the service is made with. */
export interface Parts {
  readonly config: ServiceConfig
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** This process among those that share the database. */
  readonly replica: string
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}

/** ISO 8601, UTC. */
export const moment = (ms: number): string => new Date(ms).toISOString()

/** The database's own troubles: they pass, or somebody mends them; nothing is wrong with what was asked. */
export function isStoreFault(error: unknown): boolean {
  return error instanceof DiagnosticError && error.diagnostics.every(d => d.code.startsWith('store/'))
}

/** A thrown value for a log line: what a person can act on, or the stack of a fault of ours. */
export function forLog(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof DiagnosticError)
    return { diagnostics: error.diagnostics.map(({ code, message, help }) => ({ code, message, help })) }
  return error instanceof Error ? { fault: error.message, stack: error.stack } : { fault: String(error) }
}
