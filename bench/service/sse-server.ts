/*
 * One process with the service and its API, for the benchmarks beside it: a cloud of so many VMs as tables in memory, policies over it,
 * and changes at a given rate when it is told so. Speaks JSON lines: says `{ port, token }` when it listens, takes
 * `{ rate, seconds }` and says `{ applied, late, cpuSeconds }` when it is done, ends at the end of its input.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { apiSettingsSchema, createApi, createToken } from '../../src/api/index.ts'
import { openTestService, tableSource } from '../../src/control/service/testing/index.ts'
import type { StoreOptions } from '../../src/store/index.ts'

export interface ServerSettings {
  readonly vms: number
  /** An empty one. */
  readonly database: StoreOptions
}

export interface ChangeReport {
  readonly applied: number
  /** Milliseconds that the slowest change was applied after its time. */
  readonly late: number
  readonly cpuSeconds: number
}

const settings = JSON.parse(process.argv[2]!) as ServerSettings
const hosts = Math.ceil(settings.vms / 25)
const vm = (i: number) => `vm-${i}`
const host = (i: number) => `host-${i % hosts}`

const source = tableSource('cloud', {
  'cloud:host': { columns: ['host', 'cpu'], rows: Array.from({ length: hosts }, (_, i) => [host(i), 100]) },
  'cloud:vm': { columns: ['vm', 'host'], rows: Array.from({ length: settings.vms }, (_, i) => [vm(i), host(i)]) },
  'cloud:cpu': { columns: ['vm', 'cpu'], rows: Array.from({ length: settings.vms }, (_, i) => [vm(i), 2]) },
  'cloud:failing': { columns: ['vm', 'since'], rows: [] },
})

/** Each change of a VM moves the load of its host, which is summed anew, and makes or ends one violation. */
const POLICY = `
load(h, l) :- cloud:vm(v, h), l = sum c : { cloud:vm(w, h), cloud:cpu(w, c) }
error(h, l) :- load(h, l), cloud:host(h, cap), l > cap
warning(v, h, t) :- cloud:failing(v, t), cloud:vm(v, h)
`

const running = await openTestService([source], { control: { lease: 15 } }, settings.database)
await running.service.policies.create({ name: 'bench', text: POLICY }, { id: 'bench' })
const api = await createApi(running.service, {
  store: running.store,
  settings: apiSettingsSchema.parse({
    port: 0,
    limits: { requestsPerMinute: 100_000_000, streams: 10_000, lagMilliseconds: 60_000 },
  }),
  version: 'bench',
  logger: pino({ level: 'silent' }),
})
await api.listen({ host: '127.0.0.1', port: 0 })
const token = await createToken(running.store, { name: 'bench', scopes: ['viewer'], lifetime: 3_600_000 })
say({ port: (api.server.address() as { port: number }).port, token })

/** VMs that fail, since when: the row says it, so that the receiver knows how old its event is. */
const since = new Map<string, number>()
let changed = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { rate, seconds } = JSON.parse(line) as { rate: number; seconds: number }
  say(await change(rate, seconds))
}
await api.close()
await running.stop()

/** Apply changes at an even pace; one that comes late is followed by the next at its own time. */
async function change(rate: number, seconds: number): Promise<ChangeReport> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const total = Math.round(rate * seconds)
  let late = 0
  for (let n = 0; n < total || performance.now() - began < seconds * 1000; ) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate) + 1)
    for (; n < due; n++) {
      late = Math.max(late, performance.now() - began - (n / rate) * 1000)
      changeOne()
    }
    await sleep(1)
  }
  const used = process.cpuUsage(cpu)
  return { applied: total, late, cpuSeconds: (used.user + used.system) / 1e6 }
}

/** VMs in turn begin to fail; one that failed before works again. */
function changeOne(): void {
  const name = vm((changed++ * 7919) % settings.vms)
  const before = since.get(name)
  const at = performance.timeOrigin + performance.now()
  const failing =
    before === undefined
      ? { table: 'cloud:failing', inserted: [[name, at]], removed: [] }
      : { table: 'cloud:failing', inserted: [], removed: [[name, before]] }
  if (before === undefined) since.set(name, at)
  else since.delete(name)
  const [from, to] = before === undefined ? [2, 3] : [3, 2]
  source.apply([failing, { table: 'cloud:cpu', inserted: [[name, to]], removed: [[name, from]] }])
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
