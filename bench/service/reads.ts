/**
 * Reads per second and their times, while many clients follow the stream of events and the tables change.
 *
 *     npx tsx bench/service/reads.ts [--vms 100000] [--streams 0,1000] [--changes 50] [--seconds 10] [--connections 32] [--database sqlite|postgres]
 *
 * Three processes: the service, one with all the streams, and this one, which asks as fast as it is answered over so many connections.
 */
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { renderTable } from '../../src/cli/table.ts'
import { benchDatabase } from '../workflow/databases.ts'
import { quantile, startProcess, startServer } from './sse-client.ts'
import type { ChangeReport } from './sse-server.ts'

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '100000' },
    streams: { type: 'string', default: '0,1000' },
    changes: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '32' },
    database: { type: 'string', default: 'sqlite' },
  },
})
const seconds = Number(values.seconds)
const connections = Number(values.connections)
const changes = Number(values.changes)

const READS = [
  '/v2/policies/bench',
  '/v2/violations?limit=20',
  '/v2/tables/cloud:vm/rows?limit=100',
  '/v2/placements?limit=100',
  '/v2/sources',
]

const database = await benchDatabase(values.database)
const server = await startServer({
  vms: Number(values.vms),
  database: database.options,
})
const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections, pipelining: 1 })
const rows: string[][] = []
for (const streams of values.streams.split(',').map(Number)) {
  const followers = await startProcess<{ open: number }>('reads-streams.ts', {
    port: server.port,
    token: server.token,
    streams,
  })
  await measure(1)
  const before = await followers.tell<{ events: number }>({})
  const changing = server.tell<ChangeReport>({ rate: changes, seconds })
  const times = await measure(seconds)
  const { applied, cpuSeconds } = await changing
  const after = await followers.tell<{ events: number }>({})
  await followers.stop()
  const all = [...times.values()].flat()
  for (const [path, list] of [...times, ['all', all] as const]) {
    const sorted = [...list].sort((a, b) => a - b)
    rows.push([
      database.name,
      ...[streams, path, Math.round(list.length / seconds)].map(cell => cell.toLocaleString('en')),
      ...[0.5, 0.99, 1].map(share => quantile(sorted, share).toFixed(1)),
      path === 'all' ? `${((1000 * cpuSeconds) / all.length).toFixed(2)}` : '',
      path === 'all' ? (after.events - before.events).toLocaleString('en') : '',
    ])
  }
  if (streams > 0 && after.events - before.events < applied * streams * 0.5)
    process.stderr.write('the streams did not keep up with the changes\n')
}
await pool.close()
await server.stop()
await database.remove()
const titles = ['database', 'streams', 'read', 'reads/s', 'p50 ms', 'p99 ms', 'max ms', 'CPU ms/read', 'events sent']
process.stdout.write(
  renderTable(
    titles.map((title, i) => ({ title, align: i === 0 || i === 2 ? ('left' as const) : ('right' as const) })),
    rows,
    { columns: 140, isTerminal: false, write() {} },
  ),
)

/** Milliseconds of each read, by path. */
async function measure(length: number): Promise<ReadonlyMap<string, number[]>> {
  const times = new Map(READS.map(path => [path, [] as number[]]))
  const end = performance.now() + length * 1000
  const ask = async (offset: number): Promise<void> => {
    for (let n = offset; performance.now() < end; n++) {
      const path = READS[n % READS.length]!
      const began = performance.now()
      const { statusCode, body } = await pool.request({
        path,
        method: 'GET',
        headers: { 'x-auth-token': server.token },
      })
      if (statusCode !== 200) throw new Error(`${path} answers ${statusCode}: ${await body.text()}`)
      await body.dump()
      times.get(path)!.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, i) => ask(i)))
  return times
}
