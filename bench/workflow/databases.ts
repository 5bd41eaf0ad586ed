import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOptions } from '../../src/store/index.ts'
import { startServer } from '../../test/postgres/server.ts'

export interface BenchDatabase {
  readonly name: string
  readonly options: StoreOptions
  remove(): Promise<void>
}

/** A new database, as durable as in use: each commit is synced to disk. */
export async function benchDatabase(kind: string): Promise<BenchDatabase> {
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'))
    return {
      name: 'SQLite',
      options: { file: join(folder, 'usher.db') },
      remove: async () => rmSync(folder, { recursive: true }),
    }
  }
  const server = await startServer({ durable: true })
  if (typeof server === 'string') throw new Error(server)
  await server.administer('create database bench')
  return { name: 'PostgreSQL', options: { url: server.url('bench') }, remove: () => server.remove() }
}
