import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest'
import { type CloudServer, type Replica, serveCloud, startReplica } from '../../src/control/service/testing/index.ts'
import type { Simulator } from '../../src/datasources/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { type TestDatabase, testDialects } from '../../src/store/testing/databases.ts'
import { CAPACITY, cloudOf, until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

const postgres = testDialects().find(({ dialect }) => dialect === 'postgres')!
const missing = typeof inject('postgres') === 'string'

let database: TestDatabase
let store: Store
let folder: string
let simulator: Simulator
let cloud: CloudServer
let replicas: Replica[] = []

beforeEach(async () => {
  if (missing) return
  database = await postgres.create()
  store = await openStore(database.options)
  folder = mkdtempSync(join(tmpdir(), 'usher-replicas-'))
})
afterEach(async ({ task }) => {
  await Promise.all(replicas.map(replica => replica.kill()))
  replicas = []
  await cloud?.close()
  simulator?.close()
  await store?.close()
  await database?.remove()
  if (task.result?.state === 'fail' && folder) console.error(`what the replicas logged is in ${folder}`)
  else if (folder) rmSync(folder, { recursive: true, force: true })
})

async function open(zones: readonly string[], clocks: readonly number[], migrationSeconds: number): Promise<void> {
  simulator = await cloudOf(zones, migrationSeconds)
  cloud = await serveCloud(simulator)
  const config = {
    control: { lease: 1, domains: { hosts: Object.fromEntries(zones.map(zone => [zone, [`${zone}*`]])) } },
  }
  const shared = { database: database.options.url!, cloud: cloud.url, config }
  replicas = await Promise.all(
    clocks.map((clock, i) => startReplica({ ...shared, clock, log: join(folder, `${i}.log`) })),
  )
}

const doneDomains = async () =>
  (await store.db.selectFrom('plans').select('domain').where('state', '=', 'done').execute()).map(row => row.domain)

test.skipIf(missing)(
  'clocks are hours apart, a replica is killed while it moves VMs: another carries its plans on, no VM is moved twice',
  async () => {
    await open(['x', 'y'], [0, 7_200_000], 1.5)
    expect(await replicas[0]!.ask({ do: 'create', draft: { name: 'capacity', text: CAPACITY, mode: 'enforce' } })).toBe(
      'done',
    )
    await until(() => simulator.issued.length > 0, 'a VM begins to move')
    // Each lease is with the first who took it, whatever the other's clock says.
    expect(await store.db.selectFrom('leases').select('name').where('epoch', '>', 1).execute()).toEqual([])
    const holders = await store.db.selectFrom('leases').select(['holder']).where('name', 'like', 'domain:%').execute()
    const victim = replicas.find(({ process }) => holders.some(({ holder }) => holder.includes(`-${process.pid}-`)))!
    await victim.kill()
    await until(async () => (await doneDomains()).length >= 2, 'both domains are mended', 90)
    expect(simulator.issued).toHaveLength(2)
    expect((await doneDomains()).sort()).toEqual(['x', 'y'])
    await until(
      async () =>
        (await store.db.selectFrom('violations').selectAll().where('until', 'is', null).execute()).length === 0,
      'the end of every violation is recorded',
    )
  },
)
