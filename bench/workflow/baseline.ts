/**
 * What a queue costs at the least: one process of the bench that claims and completes rows of a plain table, each in a transaction of
 * its own, `baseline.ts SETTINGS`. No workflow, no history, nothing that follows. Speaks like `worker.ts`.
 */
import Database from 'libsql'
import pg from 'pg'
import type { StoreOptions } from '../../src/store/index.ts'

const { store } = JSON.parse(process.argv[2]!) as { readonly store: StoreOptions }

/** Connections to a server, each with one claim at a time. */
const CONNECTIONS = 8

const CLAIM = `update queue set state = 'running' where id =
  (select id from queue where state = 'ready' order by id limit 1 SKIPPING) returning id`
const COMPLETE = `update queue set state = 'done' where id = `

let done = 0

async function onServer(url: string): Promise<() => Promise<void>> {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new pg.Client(url)
      await client.connect()
      return client
    }),
  )
  const text = CLAIM.replace('SKIPPING', 'for update skip locked')
  const loop = async (client: pg.Client): Promise<void> => {
    for (;;) {
      const [row] = (await client.query({ name: 'claim', text })).rows as { id: number }[]
      if (!row) return client.end()
      await client.query({ name: 'complete', text: `${COMPLETE}$1`, values: [row.id] })
      done++
    }
  }
  return async () => void (await Promise.all(clients.map(loop)))
}

function inFile(file: string): () => Promise<void> {
  const db = new Database(file)
  db.pragma('busy_timeout = 60000')
  db.pragma('synchronous = FULL')
  const claim = db.prepare(CLAIM.replace('SKIPPING', ''))
  const complete = db.prepare(`${COMPLETE}?`)
  return async () => {
    for (;;) {
      const row = claim.get() as { id: number } | undefined
      if (!row) return
      complete.run(row.id)
      done++
    }
  }
}

const work = store.url === undefined ? inFile(store.file!) : await onServer(store.url)
console.log('ready')
const lines = process.stdin[Symbol.asyncIterator]()
await lines.next()
const idle = process.cpuUsage()
await work()
const { user, system } = process.cpuUsage(idle)
console.log(JSON.stringify({ done, cpuSeconds: (user + system) / 1e6 }))
process.exit()
