/**
 * Time from a changed row to the server-sent event of the violation that it makes or ends, the database's transaction included.
 *
 *     npx tsx bench/service/sse.ts [--vms 100000] [--rates 100,1000] [--seconds 20] [--clients 1] [--database sqlite|postgres]
 *
 * The service runs in a process of its own; the clients are here. A row tells when it was changed, on the clock both share. Events that
 * end a violation tell so too: the moment that they name is that of the row's beginning, so only beginnings are timed.
 */
import { parseArgs } from 'node:util'
import { renderTable } from '../../src/cli/table.ts'
import { benchDatabase } from '../workflow/databases.ts'
import { follow, quantile, startServer } from './sse-client.ts'
import type { ChangeReport } from './sse-server.ts'

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '100000' },
    rates: { type: 'string', default: '100,1000' },
    seconds: { type: 'string', default: '20' },
    clients: { type: 'string', default: '1' },
    database: { type: 'string', default: 'sqlite' },
  },
})
const vms = Number(values.vms)
const clients = Number(values.clients)
const seconds = Number(values.seconds)
const database = await benchDatabase(values.database)
const server = await startServer({ vms, database: database.options })

let ages: number[] = []
let events = 0
const streams = []
for (let i = 0; i < clients; i++) {
  let rest = ''
  streams.push(
    await follow(server, '/v2/events?kinds=violation', text => {
      const now = performance.timeOrigin + performance.now()
      rest += text
      const end = rest.lastIndexOf('\n\n')
      if (end < 0) return
      for (const [, json] of rest.slice(0, end).matchAll(/^data: (.*)$/gm)) {
        const { data } = JSON.parse(json!) as { data: { row?: readonly unknown[]; until?: string } }
        events++
        if (data.until === undefined && typeof data.row?.[2] === 'number') ages.push(now - data.row[2])
      }
      rest = rest.slice(end + 2)
    }),
  )
}
const rows: string[][] = []
for (const rate of values.rates.split(',').map(Number)) {
  // What was never run is slow: not what is asked for here.
  events = 0
  const warm = await server.tell<ChangeReport>({ rate: Math.min(rate, 500), seconds: 3 })
  await settle(warm.applied * clients)
  ages = []
  events = 0
  const { applied, late, cpuSeconds } = await server.tell<ChangeReport>({ rate, seconds })
  await settle(applied * clients)
  ages.sort((a, b) => a - b)
  const ms = (value: number) => value.toFixed(1)
  rows.push([
    database.name,
    ...[vms, clients, rate, applied].map(n => n.toLocaleString('en')),
    ...[0.5, 0.9, 0.99, 1].map(share => ms(quantile(ages, share))),
    ms(late),
    ((1000 * cpuSeconds) / applied).toFixed(2),
  ])
}
for (const stream of streams) stream.close()
await server.stop()
await database.remove()
const titles = [
  'database',
  'VMs',
  'clients',
  'changes/s',
  'changes',
  'p50 ms',
  'p90 ms',
  'p99 ms',
  'max ms',
  'applied late ms',
  'CPU ms/change',
]
process.stdout.write(
  renderTable(
    titles.map(title => ({ title, align: title === 'database' ? ('left' as const) : ('right' as const) })),
    rows,
    { columns: 140, isTerminal: false, write() {} },
  ),
)

/** Until all events have come. */
async function settle(wanted: number): Promise<void> {
  const patience = performance.now() + 120_000
  while (events < wanted) {
    if (performance.now() > patience) throw new Error(`${wanted} events were to come, and ${events} have`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
