import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionStatus, Freshness, LiveSource, LiveTable, SourceStatus } from '../../../datasources/index.ts'
import { type Diagnostic, DiagnosticError } from '../../../diagnostic/index.ts'
import type { Delta, Row, Snapshot, TableData } from '../../../tables/index.ts'
import type { CloudAnswer } from './cloud-server.ts'

/** Milliseconds between two readings. */
const INTERVAL_MS = 50

/** A live source over a `CloudServer`: polls it, keeps its last rows while it is away. */
export async function remoteCloud(url: string, name = 'cloud'): Promise<LiveSource> {
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(5000) })
    const answer = (await response.json()) as { diagnostics?: Diagnostic[] }
    if (response.status === 409) throw new DiagnosticError(answer.diagnostics ?? [])
    return answer as T
  }
  let { position, tables: first = [] } = await ask<CloudAnswer>('/state')
  const schemas = first.map(({ schema }) => schema)
  const live: LiveTable[] = schemas.map(schema => ({ ...schema, description: '', lazy: false }))
  const rows = new Map<string, Map<string, Row>>()
  const key = (row: Row) => JSON.stringify(row)
  const keep = (all: readonly TableData[]) => {
    for (const { schema, rows: list } of all) rows.set(schema.table, new Map(list.map(row => [key(row), row])))
  }
  keep(first)
  const listeners = new Set<(batch: readonly Delta[]) => void>()
  const freshListeners = new Set<(freshness: Freshness) => void>()
  let rightAt = new Date().toISOString()
  let fault: Diagnostic | undefined
  let stopped = false
  const freshness = (table: string): Freshness => ({
    ...{ table, state: fault ? 'stale' : 'fresh', rightAt },
    ...(fault && { because: fault }),
  })
  const tell = (batch: readonly Delta[]) => {
    for (const { table, inserted, removed } of batch) {
      for (const row of removed) rows.get(table)!.delete(key(row))
      for (const row of inserted) rows.get(table)!.set(key(row), row)
    }
    for (const listener of listeners) listener(batch)
  }
  const replace = (all: readonly TableData[]) => {
    const before = new Map([...rows].map(([table, kept]) => [table, new Map(kept)]))
    keep(all)
    const batch = all.map(({ schema: { table } }) => {
      const [old, now] = [before.get(table)!, rows.get(table)!]
      const inserted = [...now].flatMap(([k, row]) => (old.has(k) ? [] : [row]))
      const removed = [...old].flatMap(([k, row]) => (now.has(k) ? [] : [row]))
      return { table, inserted, removed }
    })
    for (const listener of listeners) listener(batch)
  }
  const look = async () => {
    const wasStale = fault !== undefined
    try {
      const answer = await ask<CloudAnswer>(`/state?after=${position}`)
      position = answer.position
      fault = undefined
      rightAt = new Date().toISOString()
      if (answer.tables) replace(answer.tables)
      for (const batch of answer.batches ?? []) tell(batch)
    } catch (error) {
      fault = {
        code: 'source/unreachable',
        severity: 'error',
        message: `the cloud does not answer: ${(error as Error).message}`,
      }
    }
    if (wasStale !== (fault !== undefined))
      for (const { table } of live) for (const listener of freshListeners) listener(freshness(table))
  }
  const follow = async () => {
    while (!stopped) {
      await look()
      await sleep(INTERVAL_MS)
    }
  }
  first = []
  const inputs = ['vm', 'host'].map(input => ({ name: input, description: '', required: true }))
  return {
    ...{ name, driver: 'remote', description: 'a simulated cloud of another process', tables: live },
    actions: [{ name: 'nova:live_migrate', description: '', inputs }],
    schemas: async () => schemas,
    async start() {
      void follow()
    },
    async stop() {
      stopped = true
    },
    want() {},
    refresh: look,
    async read(): Promise<Snapshot> {
      const provenance = { source: name, readAt: rightAt }
      return new Map(
        schemas.map(schema => [schema.table, { schema, rows: [...rows.get(schema.table)!.values()], provenance }]),
      )
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onFreshness(listener) {
      freshListeners.add(listener)
      return () => freshListeners.delete(listener)
    },
    status: (): SourceStatus => ({
      state: fault ? 'failing' : 'running',
      faults: fault ? [fault] : [],
      tables: live.map(({ table }) => freshness(table)),
      lastRead: rightAt,
    }),
    cloud: {
      submit: (action, input, token) => ask('/submit', { action, input, token }),
      async status(token) {
        const { status } = await ask<{ status?: ActionStatus }>(`/status?token=${encodeURIComponent(token)}`)
        return status
      },
    },
  }
}
