/**
 * Memory of a service over a million VMs on 30,000 hosts with the policy library loaded.
 *   npx tsx bench/service/memory.ts [VMS HOSTS]      default 1000000 30000
 * The service is a process of its own with a folder of tables as its source. Its resident memory at most and at rest is what the system
 * says; the aim is less than 4 GiB. Exits with 1 above it.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Row } from '../../src/tables/index.ts'
import { cloud } from '../datalog/workloads.ts'

const AIM_GIB = 4
const top = join(dirname(fileURLToPath(import.meta.url)), '../..')

if (process.argv[2] === 'service') await service(process.argv[3]!)
else await measure(Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 30_000))

/** The service, in the process that is measured. */
async function service(folder: string): Promise<void> {
  const { pino } = await import('pino')
  const { createService } = await import('../../src/control/index.ts')
  const { configSchema } = await import('../../src/control/service/config.ts')
  const config = configSchema.parse({
    datasources: [{ driver: 'folder', name: 'cloud', path: join(folder, 'tables'), watch: false, interval: '1d' }],
    database: { file: join(folder, 'usher.db') },
    policies: { folder: join(top, 'policies/nfv-poc') },
    limits: { milliseconds: 300_000, megabytes: 8192 },
  })
  const running = await createService(config, { log: pino({ level: 'warn' }, pino.destination(2)) })
  while (!(await running.health()).ready) await sleep(500)
  const count = async (): Promise<number> => {
    const readings = running.readings().find(({ name }) => name === 'usher_violations')
    return (readings?.samples ?? []).reduce((sum, { value }) => sum + value, 0)
  }
  const policies = (await running.policies.list({})).items
  console.log(
    JSON.stringify({
      violations: await count(),
      policies: policies.map(({ name, stopped }) => (stopped ? `${name} (stopped)` : name)),
    }),
  )
  await new Promise(() => {})
}

async function measure(vms: number, hosts: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-memory-'))
  try {
    await writeTables(join(folder, 'tables'), vms, hosts)
    const heap = '--max-old-space-size=8192'
    const script = fileURLToPath(import.meta.url)
    const child = spawn(process.execPath, [heap, '--import', 'tsx', script, 'service', folder], {
      cwd: top,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const began = performance.now()
    const answer = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', code => reject(new Error(`the service ended with code ${code}`)))
    })
    const seconds = (performance.now() - began) / 1000
    await sleep(20_000)
    const { most, now, cpu } = memoryOf(child.pid!)
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
    const gib = (kib: number) => Math.round((kib / 1024 / 1024) * 100) / 100
    console.log(
      JSON.stringify(
        {
          vms,
          hosts,
          ...JSON.parse(answer),
          'seconds until ready': Math.round(seconds),
          'CPU seconds': cpu,
          'GiB at most': gib(most),
          'GiB at rest': gib(now),
        },
        null,
        2,
      ),
    )
    if (gib(most) > AIM_GIB) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** KiB that were resident at most and are now, and CPU seconds, as Linux tells. */
function memoryOf(pid: number): { most: number; now: number; cpu: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0)
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { most: kib('VmHWM'), now: kib('VmRSS'), cpu: Math.round((Number(fields[11]) + Number(fields[12])) / 100) }
}

async function writeTables(folder: string, vms: number, hosts: number): Promise<void> {
  const { tables } = cloud(vms, hosts)
  const [location, cpu, capacity, pairs] = tables.map(table => table.rows)
  mkdirSync(join(folder, 'nova'), { recursive: true })
  mkdirSync(join(folder, 'ceilometer'), { recursive: true })
  await write(join(folder, 'nova/location.csv'), 'vm,host', location!)
  await write(join(folder, 'vm_cpu.csv'), 'vm,load', cpu!)
  await write(join(folder, 'host_cpu.csv'), 'server,capacity', capacity!)
  await write(join(folder, 'same_ha_group.csv'), 'vm1,vm2', pairs!)
  await write(
    join(folder, 'type1_server.csv'),
    'server',
    capacity!.map(([host]): Row => [host!]),
  )
  const measured = capacity!.map(([host], i): Row => [host!, 'cpu-util', 50 + ((i * 7919) % 4000) / 100])
  await write(join(folder, 'ceilometer/average_utilization.csv'), 'resource,meter,value', measured)
}

async function write(path: string, header: string, rows: readonly Row[]): Promise<void> {
  const stream = createWriteStream(path)
  stream.write(`${header}\n`)
  for (let i = 0; i < rows.length; i += 10_000) {
    const text = rows
      .slice(i, i + 10_000)
      .map(row => row.map(cell => (typeof cell === 'string' ? JSON.stringify(cell) : String(cell))).join(','))
      .join('\n')
    if (!stream.write(`${text}\n`)) await new Promise<void>(resolve => stream.once('drain', () => resolve()))
  }
  stream.end()
  await finished(stream)
}
