import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { StoreOptions } from '../open-store.ts'

/** A new, empty database with our tables, that any number of stores can be opened on. */
export interface TestDatabase {
  readonly options: StoreOptions
  remove(): Promise<void>
}

export interface TestDialect {
  readonly dialect: 'sqlite' | 'postgres'
  /** Why the tests on it are skipped. */
  readonly skip?: string
  create(): Promise<TestDatabase>
  /** One that nobody has opened yet: it has no tables. */
  createEmpty(): Promise<TestDatabase>
}

/** Memory will do: what dies in these tests is never the machine. */
const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const sqlite: TestDialect = {
  dialect: 'sqlite',
  create: createFile,
  createEmpty: createFile,
}

async function createFile(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(fast, 'usher-test-'))
  return {
    options: { file: join(folder, 'usher.db') },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Both kinds of database, for `describe.each`. */
export function testDialects(): readonly TestDialect[] {
  const server = inject('postgres')
  if (typeof server === 'string') {
    const create = (): Promise<never> => Promise.reject(new Error(server))
    return [sqlite, { dialect: 'postgres', skip: server, create, createEmpty: create }]
  }
  const options = (name: string) => ({ url: server.admin.replace('/postgres?', `/${name}?`), connections: 4 })
  return [
    sqlite,
    {
      dialect: 'postgres',
      async create() {
        const name = emptied.pop() ?? (await makeDatabase(server))
        return {
          options: options(name),
          async remove() {
            await administer(options(name).url, TABLES.map(table => `delete from ${table}`).join(';'))
            emptied.push(name)
          },
        }
      },
      async createEmpty() {
        const name = await makeDatabase({ ...server, template: 'template0' })
        return {
          options: options(name),
          remove: () => administer(server.admin, `drop database ${name} with (force)`),
        }
      },
    },
  ]
}

/** Databases of this process whose test is over: emptying one takes a twentieth of making one. */
const emptied: string[] = []

const TABLES = [
  ...['events', 'variables', 'items', 'tasks', 'executions', 'definitions', 'workers', 'counters', 'policies'],
  ...['policy_versions', 'service_events', 'violations', 'exceptions', 'audit', 'leases', 'cycles', 'plans'],
  ...['cron_ticks', 'requests', 'firings', 'vm_moves', 'pushes', 'snapshots', 'snapshot_parts', 'webhooks'],
  ...['refusals', 'tokens', 'answers'],
]

async function makeDatabase(server: { readonly admin: string; readonly template: string }): Promise<string> {
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2)}`
  await administer(server.admin, `create database ${name} template ${server.template}`)
  return name
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
