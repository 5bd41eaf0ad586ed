/**
 * Completions per second through the engine, the latency from a completion to the start of the next task, and bytes in the database
 * for a finished task.
 *
 *     npx tsx bench/workflow/throughput.ts [--databases postgres,sqlite] [--processes 1,4,8] [--executions 200] [--tasks 50]
 *         [--concurrency 100] [--parallel-latency 20]
 *
 * Executions are chains of tasks that end at once. Throughput is measured with all executions under way; latency with few, because
 * under full load it is only the length of the queue.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { openStore, type Store } from '../../src/store/index.ts'
import { createEngine, type TaskDefinition } from '../../src/workflow/index.ts'
import { type BenchDatabase, benchDatabase } from './databases.ts'

const { values } = parseArgs({
  options: {
    databases: { type: 'string', default: 'postgres,sqlite' },
    processes: { type: 'string', default: '1,4,8' },
    executions: { type: 'string', default: '200' },
    tasks: { type: 'string', default: '50' },
    concurrency: { type: 'string', default: '100' },
    'parallel-latency': { type: 'string', default: '20' },
  },
})
const tasks = Number(values.tasks)

const chain: Record<string, TaskDefinition> = Object.fromEntries(
  Array.from({ length: tasks }, (_, i) => [
    `t${i}`,
    { action: 'work', ...(i + 1 < tasks && { 'on-success': [`t${i + 1}`] }) },
  ]),
)

interface Report {
  readonly done: number
  readonly p50: number
  readonly p99: number
}

async function measure(database: BenchDatabase, processes: number, executions: number, concurrency: number) {
  const store = await openStore(database.options)
  const engine = createEngine(store)
  const workers = await Promise.all(Array.from({ length: processes }, () => startWorker(database, concurrency)))
  const began = performance.now()
  const ids = await Promise.all(
    Array.from({ length: executions }, () => engine.start({ name: 'chain', tasks: chain }, {})),
  )
  await until(async () => {
    const { n } = await store.db
      .selectFrom('executions')
      .select(e => e.fn.countAll<number>().as('n'))
      .where('state', '=', 'running')
      .executeTakeFirstOrThrow()
    return Number(n) === 0
  })
  const seconds = (performance.now() - began) / 1000
  const reports = await Promise.all(workers.map(stopWorker))
  const finished = await store.db
    .selectFrom('tasks')
    .select(e => e.fn.countAll<number>().as('n'))
    .where('state', '=', 'succeeded')
    .executeTakeFirstOrThrow()
  const bytes = (await size(store)) / Number(finished.n)
  await store.close()
  const total = reports.reduce((n, r) => n + r.done, 0)
  if (total < ids.length * tasks) throw new Error('tasks were lost')
  const seen = reports.filter(r => r.done > 0 && Number.isFinite(r.p99))
  const p50 = seen.reduce((n, r) => n + r.p50 * r.done, 0) / seen.reduce((n, r) => n + r.done, 0)
  return { rate: total / seconds, p50, p99: Math.max(...seen.map(r => r.p99)), bytes }
}

/** Bytes of all tables and indexes of the workflow. */
async function size(store: Store): Promise<number> {
  if (store.dialect === 'sqlite') {
    const { rows } = await sql<{ n: number }>`select sum(pgsize) as n from dbstat`
      .execute(store.db)
      .catch(() =>
        sql<{ n: number }>`select page_count * page_size as n from pragma_page_count, pragma_page_size`.execute(
          store.db,
        ),
      )
    return Number(rows[0]!.n)
  }
  // What a vacuum gives back is not needed by the rows.
  await sql`vacuum full`.execute(store.db)
  const { rows } = await sql<{ n: number }>`select sum(pg_total_relation_size(oid)) as n from pg_class
    where relname in ('tasks', 'executions', 'events', 'variables', 'items')`.execute(store.db)
  return Number(rows[0]!.n)
}

async function startWorker(database: BenchDatabase, concurrency: number): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('worker.ts', import.meta.url))
  const settings = JSON.stringify({ store: database.options, concurrency })
  const child = spawn(process.execPath, ['--import', 'tsx', script, settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise(resolve => child.stdout!.once('data', resolve))
  return child
}

function stopWorker(child: ChildProcess): Promise<Report> {
  let text = ''
  child.stdout!.on('data', chunk => {
    text += String(chunk)
  })
  child.stdin!.write('stop\n')
  return new Promise(resolve => child.once('close', () => resolve(JSON.parse(text) as Report)))
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise(resolve => setTimeout(resolve, 50))
}

console.log('database     processes  completions/s  latency p50 / p99 (ms)  bytes/task')
for (const kind of values.databases.split(','))
  for (const processes of values.processes.split(',').map(Number)) {
    const one = await benchDatabase(kind)
    const busy = await measure(one, processes, Number(values.executions), Number(values.concurrency)).finally(() =>
      one.remove(),
    )
    const two = await benchDatabase(kind)
    const calm = await measure(two, processes, Number(values['parallel-latency']), 20).finally(() => two.remove())
    console.log(
      two.name.padEnd(12),
      String(processes).padStart(9),
      busy.rate.toFixed(0).padStart(14),
      `${calm.p50.toFixed(1)} / ${calm.p99.toFixed(1)}`.padStart(23),
      busy.bytes.toFixed(0).padStart(11),
    )
  }
