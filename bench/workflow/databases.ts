import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOptions } from '../../src/store/index.ts'
import { startServer } from '../../test/postgres/server.ts'

export interface BenchDatabase {
  readonly name: string
  readonly options: StoreOptions
  /** CPU seconds its server has used; undefined when it has none, or the system does not tell. */
  cpuSeconds(): number | undefined
  remove(): Promise<void>
}

/** A new database, as durable as in use: each commit is synced to disk. */
export async function benchDatabase(kind: string): Promise<BenchDatabase> {
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'))
    return {
      name: 'SQLite',
      options: { file: join(folder, 'usher.db') },
      cpuSeconds: () => undefined,
      remove: async () => rmSync(folder, { recursive: true }),
    }
  }
  const server = await startServer({ durable: true })
  if (typeof server === 'string') throw new Error(server)
  await server.administer('create database bench')
  return {
    name: 'PostgreSQL',
    options: { url: server.url('bench') },
    cpuSeconds: server.cpuSeconds,
    remove: () => server.remove(),
  }
}
