/**
 * A day of a service in minutes, with faults all the time: replicas are killed, the database is restarted as hard as a crash, the cloud
 * is slow or away. `npx tsx bench/service/day.ts [SECONDS] [SEED]` (600, 1). Says at the end what was lost, by count, and fails if
 * anything was.
 */
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Replica, serveCloud, startReplica } from '../../src/control/service/testing/index.ts'
import { createEvaluator } from '../../src/datalog/index.ts'
import { createSimulator } from '../../src/datasources/index.ts'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { openStore } from '../../src/store/index.ts'
import { startServer } from '../../test/postgres/server.ts'

const seconds = Number(process.argv[2] ?? 600)
let seed = Number(process.argv[3] ?? 1)

/** Numerical Recipes' generator: the same faults for the same seed. */
const random = (): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!

const ZONES = ['n', 'e', 's', 'w']
const HOSTS_IN_ZONE = 8
const VMS_ON_HOST = 5
const REPLICAS = 3
const SECRET = 'the secret of the receiver'

const CAPACITY = `
load(host, l) :- nova:location(v, host), l = sum x : { nova:location(vm, host), vm_cpu(vm, x) }
error(host) :- load(host, l), host_cpu(host, c), l > c
`
/** Each VM of this flavour is sent to the last host of its zone once, by a rule. */
const SENT = `
execute[nova:live_migrate(vm, "n8")] :- nova:location(vm, host), nova:servers(id=vm, flavor_id="sent")
`

const started = await startServer()
if (typeof started === 'string') throw new Error(started)
const server = started
await server.administer('create database day')
const store = await openStore({ url: server.url('day'), connections: 4, lockTimeoutMs: 3000 })
const folder = mkdtempSync(join(tmpdir(), 'usher-day-'))

const names = ZONES.flatMap(zone => Array.from({ length: HOSTS_IN_ZONE }, (_, i) => `${zone}${i + 1}`))
const vms = new Set<string>()
const simulator = await createSimulator({
  migrationSeconds: 0.4,
  failureRate: 0.02,
  seed: 7,
  cloud: {
    hosts: names.map(name => ({ name, cpu: 16 })),
    flavors: [
      { id: 'small', vcpus: 2, memoryGiB: 1 },
      { id: 'sent', vcpus: 1, memoryGiB: 1 },
    ],
    vms: names.flatMap(host =>
      Array.from({ length: VMS_ON_HOST }, (_, i) => {
        vms.add(`${host}-${i}`)
        return { id: `${host}-${i}`, host, flavor: 'small', load: 2 }
      }),
    ),
  },
})
const cloud = await serveCloud(simulator)

const received = new Map<string, number>()
let forged = 0
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', chunk => {
    body += chunk
  })
  request.on('end', () => {
    // Its sender was killed in the middle.
    if (Buffer.byteLength(body) !== Number(request.headers['content-length'])) return response.destroy()
    if (random() < 0.1) {
      response.statusCode = 503
      return response.end()
    }
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
    if (request.headers['x-usher-signature'] !== signature) forged++
    for (const { id } of (JSON.parse(body) as { events: { id: string }[] }).events)
      received.set(id, (received.get(id) ?? 0) + 1)
    response.end()
  })
})
await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))

const options = {
  database: server.url('day'),
  cloud: cloud.url,
  config: {
    control: {
      lease: 2,
      expiry: 60,
      domains: { hosts: Object.fromEntries(ZONES.map(zone => [zone, [`${zone}*`]])) },
      placement: { seconds: 2 },
      events: { settle: 0.2 },
      migrationTimeout: 30,
    },
  },
}
const replicas: (Replica | undefined)[] = []
const start = async (i: number) => {
  replicas[i] = await startReplica({ ...options, log: join(folder, `${i}.log`), clock: i * 5000 })
}
await Promise.all(Array.from({ length: REPLICAS }, (_, i) => start(i)))
const living = () => replicas.filter(replica => replica !== undefined)
const must = async (command: object) => {
  const answer = await living()[0]!.ask(command)
  if (answer !== 'done') throw new Error(`${JSON.stringify(command)}: ${answer}`)
}
await must({ do: 'create', draft: { name: 'capacity', text: CAPACITY, mode: 'enforce' } })
await must({ do: 'create', draft: { name: 'sent', text: SENT, mode: 'enforce' } })
await must({ do: 'hook', url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, secret: SECRET })
const hooked = Number((await store.db.selectFrom('webhooks').select('sent_up_to').executeTakeFirstOrThrow()).sent_up_to)

const faults: Record<string, number> = {}
const acknowledged: string[] = []
let refused = 0
let changes = 0
let sent = 0
const end = performance.now() + seconds * 1000
const goes = () => performance.now() < end

/** What tenants and operators do. */
async function churn(): Promise<void> {
  for (let n = 0; goes(); n++) {
    await sleep(150 + 300 * random())
    changes++
    const kind = random()
    if (kind < 0.5) {
      const vm = pick([...vms])
      simulator.setLoad(vm, pick([1, 1, 2, 2, 4]))
    } else if (kind < 0.725 && vms.size > 120) {
      const vm = pick([...vms])
      vms.delete(vm)
      simulator.deleteVm(vm)
    } else if (kind < 0.95) {
      const id = `vm-${n}`
      simulator.createVm({ id, host: pick(names), flavor: 'small', load: pick([1, 2, 3]) })
      vms.add(id)
    } else {
      simulator.createVm({
        id: `sent-${n}`,
        host: pick(names.filter(name => name.startsWith('n') && name !== 'n8')),
        flavor: 'sent',
        load: 0,
      })
      sent++
    }
  }
}

/** What authors do. */
async function author(): Promise<void> {
  for (let n = 0; goes(); n++) {
    await sleep(500 + 2000 * random())
    const replica = pick(living())
    if (!replica) continue
    const answer = await replica.ask({ do: 'change', name: 'capacity', change: { description: `change ${n}` } })
    if (answer === 'done') acknowledged.push(`change ${n}`)
    else refused++
  }
}

async function harm(): Promise<void> {
  const count = (fault: string) => {
    faults[fault] = (faults[fault] ?? 0) + 1
  }
  while (goes()) {
    await sleep(4000 + 12_000 * random())
    if (!goes()) return
    const kind = random()
    if (kind < 0.4) {
      count('replica killed')
      const i = Math.floor(random() * REPLICAS)
      const victim = replicas[i]
      replicas[i] = undefined
      await victim?.kill()
      await sleep(1000 * random())
      await start(i)
    } else if (kind < 0.7) {
      count('database crashed')
      await server.kill()
      await sleep(500 + 5000 * random())
      await server.start()
    } else if (kind < 0.85) {
      count('cloud slow')
      cloud.slow = 700
      await sleep(4000)
      cloud.slow = 0
    } else {
      count('cloud away')
      cloud.away = true
      await sleep(3000)
      cloud.away = false
    }
  }
}

const progress = setInterval(() => {
  const left = Math.max(0, Math.round((end - performance.now()) / 1000))
  console.error(`${left} s left: ${changes} changes, ${simulator.issued.length} moves, ${JSON.stringify(faults)}`)
}, 60_000)
await Promise.all([churn(), author(), harm()])
clearInterval(progress)

/** What is wrong with the cloud now, by the policy's own text. */
function truth(): string[] {
  const tables = simulator.snapshot()
  const { program } = checkPolicies([parsePolicy(CAPACITY, 'capacity.dl').policy], {
    schemas: [...tables.values()].map(({ schema }) => schema),
  })
  const evaluator = createEvaluator(program)
  evaluator.load(tables.values())
  return evaluator.view
    .rows('capacity:error')
    .map(([host]) => String(host))
    .sort()
}

interface Found {
  readonly open: string[]
  readonly events: number[]
  readonly stuck: number
  readonly sends: number
  readonly running: number
}
async function look(): Promise<Found> {
  const { db } = store
  const open = await db.selectFrom('violations').select('row').where('until', 'is', null).execute()
  const events = await db
    .selectFrom('service_events')
    .select('id')
    .where('kind', '=', 'violation')
    .where('id', '>', hooked)
    .execute()
  const plans = await db.selectFrom('plans').select('id').where('state', 'in', ['approved', 'running']).execute()
  const executions = await db.selectFrom('executions').select(['id', 'state', 'workflow']).execute()
  return {
    open: open.map(({ row }) => String((JSON.parse(row) as unknown[])[0])).sort(),
    events: events.map(({ id }) => id),
    stuck: plans.length,
    sends: executions.filter(({ id }) => id.startsWith('execute-')).length,
    running: executions.filter(({ state, workflow }) => state === 'running' && workflow !== 'webhook').length,
  }
}

// Until nothing more happens: what can be mended is mended, what is to be sent is sent.
let found = await look()
const patience = performance.now() + 180_000
for (let calm = 0; calm < 5 && performance.now() < patience; ) {
  await sleep(2000)
  found = await look()
  const isCalm =
    JSON.stringify(found.open) === JSON.stringify(truth()) &&
    found.stuck === 0 &&
    found.running === 0 &&
    found.events.every(id => received.has(String(id))) &&
    found.sends >= sent
  calm = isCalm ? calm + 1 : 0
}

const versions = await store.db.selectFrom('policy_versions').select('description').execute()
const written = new Set(versions.map(({ description }) => description))
const now = truth()
const tokens = simulator.issued.map(({ token }) => token)
const sendsByVm = await store.db.selectFrom('firings').select(['row', 'generation']).execute()
const planStates = await store.db
  .selectFrom('plans')
  .select(eb => ['state', eb.fn.countAll<number>().as('n')])
  .groupBy('state')
  .execute()
const lost = {
  'violations that the history misses or has too many': JSON.stringify(now) === JSON.stringify(found.open) ? 0 : 1,
  'events that no webhook brought': found.events.filter(id => !received.has(String(id))).length,
  'acknowledged changes of policies that are not there': acknowledged.filter(text => !written.has(text)).length,
  'rows of execute rules without a workflow': Math.max(0, sent - found.sends),
  'rows of execute rules with two workflows': sendsByVm.filter(({ generation }) => generation > 1).length,
  'plans that never ended': found.stuck,
  'workflows that never ended': found.running,
  'moves asked for twice under one token': tokens.length - new Set(tokens).size,
  'requests with a wrong signature': forged,
}
console.log(
  JSON.stringify(
    {
      seconds,
      machine: { cpus: cpus().length, load: loadavg()[0] },
      faults,
      changes,
      moves: simulator.issued.length,
      plans: Object.fromEntries(planStates.map(({ state, n }) => [state, Number(n)])),
      'violations in history': (await store.db.selectFrom('violations').select('id').execute()).length,
      'violations left': now,
      events: found.events.length,
      'events brought twice': [...received.values()].filter(n => n > 1).length,
      'policy changes': { acknowledged: acknowledged.length, refused },
      executes: sent,
      lost,
    },
    null,
    2,
  ),
)
await Promise.all(living().map(replica => replica.kill()))
await cloud.close()
simulator.close()
await new Promise(resolve => receiver.close(resolve))
await store.close()
await server.remove()
const anything = Object.values(lost).some(n => n > 0)
if (anything) console.error(`logs of the replicas are in ${folder}`)
else rmSync(folder, { recursive: true, force: true })
process.exit(anything ? 1 : 0)
