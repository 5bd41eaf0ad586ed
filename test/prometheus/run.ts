import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSources } from '../../src/datasources/index.ts'

/*
 * The data source `prometheus` against a real Prometheus, Debian's package: one that is installed, or downloaded and unpacked beside.
 * Two hosts are measured by an exporter of our own, which knows what the tables must show.
 */

/** CPU seconds a second, of 4 CPUs each. */
const BUSY = { cmp01: 1, cmp02: 3 }

const folder = mkdtempSync(join(tmpdir(), 'usher-prometheus-'))
const started = Date.now()

const exporter = createServer((_, response) => {
  const seconds = (Date.now() - started) / 1000
  const lines = Object.entries(BUSY).flatMap(([host, busy]) => [
    `node_cpu_seconds_total{host="${host}:9100",mode="busy"} ${busy * seconds}`,
    `node_cpu_seconds_total{host="${host}:9100",mode="idle"} ${(4 - busy) * seconds}`,
    `node_memory_MemTotal_bytes{host="${host}:9100"} 68719476736`,
  ])
  response.writeHead(200, { 'content-type': 'text/plain' }).end(`${lines.join('\n')}\n`)
})

let child: ChildProcess | undefined
try {
  const target = await listen(exporter)
  const port = await freePort()
  const config = join(folder, 'prometheus.yml')
  writeFileSync(
    config,
    `scrape_configs:\n  - { job_name: hosts, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }\n`,
  )
  const url = `http://127.0.0.1:${port}`
  child = spawn(
    program(),
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const [source] = await openSources(
    [
      {
        name: 'ceilometer',
        driver: 'prometheus',
        url,
        interval: '2s',
        window: '10s',
        step: '2s',
        meters: [
          {
            meter: 'cpu-util',
            unit: '%',
            query: '100 * (1 - sum by (host) (rate(node_cpu_seconds_total{mode="idle"}[5s])) / 4)',
            resource: 'host',
            match: '^([^:]+)',
          },
        ],
        tables: {
          memory: {
            query: 'node_memory_MemTotal_bytes / 2^30',
            columns: [
              { name: 'host', label: 'host', match: '^([^:]+)' },
              { name: 'gib', unit: 'GiB' },
            ],
          },
        },
      },
    ],
    { environment: {}, base: folder },
  )
  source!.want(new Set(source!.tables.map(({ table }) => table)))
  await source!.start()
  // The first scrapes make rates of very little; once a whole window is full, wait for another.
  const points = async () => Number((await source!.read()).get('ceilometer:statistics')!.rows[0]?.[3] ?? 0)
  for (let tries = 0; tries < 60 && (await points()) < 6; tries++) await sleep(1000)
  await sleep(15_000)
  const rows = (await source!.read()).get('ceilometer:average_utilization')!.rows
  const tables = await source!.read()
  console.log(tables.get('ceilometer:average_utilization')!.rows)
  console.log(tables.get('ceilometer:statistics')!.rows)
  console.log(tables.get('ceilometer:memory')!.rows)
  assert.deepEqual(source!.status().faults, [])
  for (const [host, busy] of Object.entries(BUSY)) {
    const row = rows.find(([resource]) => resource === host)
    assert.ok(row && Math.abs(Number(row[2]) - 25 * busy) < 3, `${host} shows ${row?.[2]} % instead of ${25 * busy} %`)
  }
  assert.deepEqual([...tables.get('ceilometer:memory')!.rows].sort(), [
    ['cmp01', 64],
    ['cmp02', 64],
  ])
  await source!.stop()
  console.log('as it should be')
} finally {
  child?.kill()
  exporter.close()
  rmSync(folder, { recursive: true, force: true })
}

/** The path of Prometheus. */
function program(): string {
  if (existsSync('/usr/bin/prometheus')) return '/usr/bin/prometheus'
  console.log("fetching Debian's package of Prometheus")
  execFileSync('apt-get', ['download', '-q', 'prometheus'], { cwd: folder, stdio: 'ignore' })
  const [archive] = readdirSync(folder).filter(name => name.endsWith('.deb'))
  execFileSync('dpkg', ['-x', archive!, 'package'], { cwd: folder })
  return join(folder, 'package/usr/bin/prometheus')
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise(resolve => server.close(resolve))
  return port
}
