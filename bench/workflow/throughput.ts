/**
 * Completions per second through the engine, beside those of a plain queue on the same database in the same run; the CPU they cost;
 * the latency from a completion to the start of the next task; bytes in the database for a finished task.
 *
 *     npx tsx bench/workflow/throughput.ts [--databases postgres,sqlite] [--processes 1,4,8] [--executions 400] [--tasks 50]
 *         [--concurrency 100] [--parallel-latency 20]
 *
 * - `queue`: a table of as many rows; each is claimed (`SKIP LOCKED`) and completed, two transactions, eight connections a process.
 * - `tasks`: executions that are chains of tasks which end at once, all under way.
 * - `delegates`: the same, but each task answers "later" and is completed from outside 10 ms afterwards.
 *
 * CPU is that of all processes and the server together, from the beginning of work to its end: a busy machine stretches seconds, CPU
 * hardly. Latency is measured with few executions under way, because under full load it is only the length of the queue.
 */
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { openStore, type Store } from '../../src/store/index.ts'
import { createEngine, type TaskDefinition } from '../../src/workflow/index.ts'
import { type BenchDatabase, benchDatabase } from './databases.ts'
import { startProcess } from './processes.ts'

const { values } = parseArgs({
  options: {
    databases: { type: 'string', default: 'postgres,sqlite' },
    processes: { type: 'string', default: '1,4,8' },
    executions: { type: 'string', default: '400' },
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

interface Measured {
  readonly rate: number
  /** CPU seconds for 1,000 completions, of the processes and of the server. */
  readonly cpu: number
  readonly serverCpu: number | undefined
  readonly p50?: number
  readonly p99?: number
  readonly bytes?: number
}

async function measureTasks(
  database: BenchDatabase,
  processes: number,
  executions: number,
  settings: { readonly concurrency: number; readonly later?: number },
): Promise<Measured> {
  interface Report {
    readonly done: number
    readonly p50: number
    readonly p99: number
    readonly cpuSeconds: number
  }
  const store = await openStore(database.options)
  const engine = createEngine(store)
  for (let i = 0; i < executions; i += 8)
    await Promise.all(
      Array.from({ length: Math.min(8, executions - i) }, () => engine.start({ name: 'chain', tasks: chain }, {})),
    )
  const workers = await startAll<Report>('worker.ts', processes, { store: database.options, ...settings })
  const clock = startClock(database)
  for (const worker of workers) worker.begin()
  const running = store.db.selectFrom('executions').select(e => e.fn.countAll<number>().as('n'))
  while (Number((await running.where('ended_at', 'is', null).executeTakeFirstOrThrow()).n) > 0)
    await new Promise(resolve => setTimeout(resolve, 25))
  const { seconds, serverCpu } = clock()
  for (const worker of workers) worker.stop()
  const reports = await Promise.all(workers.map(worker => worker.report))
  const total = executions * tasks
  const { n } = await store.db
    .selectFrom('tasks')
    .select(e => e.fn.countAll<number>().as('n'))
    .where('state', '=', 'succeeded')
    .executeTakeFirstOrThrow()
  if (Number(n) !== total) throw new Error(`${n} of ${total} tasks were completed`)
  const bytes = (await size(store)) / total
  await store.close()
  const seen = reports.filter(r => r.done > 0 && Number.isFinite(r.p99))
  const p50 = seen.reduce((sum, r) => sum + r.p50 * r.done, 0) / seen.reduce((sum, r) => sum + r.done, 0)
  const cpu = reports.reduce((sum, r) => sum + r.cpuSeconds, 0)
  return { ...perThousand(total, seconds, cpu, serverCpu), p50, p99: Math.max(...seen.map(r => r.p99)), bytes }
}

async function measureQueue(database: BenchDatabase, processes: number, rows: number): Promise<Measured> {
  const store = await openStore(database.options)
  await sql`create table queue (id integer primary key, state text not null)`.execute(store.db)
  await sql`create index queue_ready on queue (id) where state = 'ready'`.execute(store.db)
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(rows)})
    insert into queue select i, 'ready' from n`.execute(store.db)
  if (store.dialect === 'postgres') await sql`vacuum analyze queue`.execute(store.db)
  const workers = await startAll<{ done: number; cpuSeconds: number }>('baseline.ts', processes, {
    store: database.options,
  })
  const clock = startClock(database)
  for (const worker of workers) worker.begin()
  const reports = await Promise.all(workers.map(worker => worker.report))
  const { seconds, serverCpu } = clock()
  await store.close()
  if (reports.reduce((sum, r) => sum + r.done, 0) !== rows) throw new Error('rows of the plain queue were lost')
  return perThousand(
    rows,
    seconds,
    reports.reduce((sum, r) => sum + r.cpuSeconds, 0),
    serverCpu,
  )
}

function startAll<Report>(script: string, processes: number, settings: unknown) {
  return Promise.all(Array.from({ length: processes }, () => startProcess<Report>(script, settings)))
}

function startClock(database: BenchDatabase): () => { seconds: number; serverCpu: number | undefined } {
  const began = performance.now()
  const cpu = database.cpuSeconds()
  return () => {
    const now = database.cpuSeconds()
    return {
      seconds: (performance.now() - began) / 1000,
      serverCpu: cpu === undefined || now === undefined ? undefined : now - cpu,
    }
  }
}

function perThousand(total: number, seconds: number, cpu: number, serverCpu: number | undefined): Measured {
  const part = 1000 / total
  return {
    rate: total / seconds,
    cpu: cpu * part,
    serverCpu: serverCpu === undefined ? undefined : serverCpu * part,
  }
}

/** Bytes of all tables and indexes of the workflow. */
async function size(store: Store): Promise<number> {
  if (store.dialect === 'sqlite') {
    const { rows } = await sql<{
      n: number
    }>`select page_count * page_size as n from pragma_page_count, pragma_page_size`.execute(store.db)
    return Number(rows[0]!.n)
  }
  // What a vacuum gives back is not needed by the rows.
  await sql`vacuum full`.execute(store.db)
  const { rows } = await sql<{ n: number }>`select sum(pg_total_relation_size(oid)) as n from pg_class
    where relname in ('tasks', 'executions', 'events', 'variables', 'items')`.execute(store.db)
  return Number(rows[0]!.n)
}

/** In a new database. */
async function inNew(kind: string, measure: (database: BenchDatabase) => Promise<Measured>): Promise<Measured> {
  const database = await benchDatabase(kind)
  return measure(database).finally(() => database.remove())
}

const executions = Number(values.executions)
const concurrency = Number(values.concurrency)
const load = loadavg()[0]!.toFixed(1)
console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores, load ${load} before the run; each commit is synced to disk`,
)
console.log(`${executions * tasks} completions for each line: ${executions} executions of ${tasks} tasks`)
console.log()
const widths = [10, 10, 9, 14, 9, 9, 8, 23, 10]
const line = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' '))
line([
  ...['database', 'work', 'processes', 'completions/s', 'of queue', 'CPU s/1k', 'server', 'p50 / p99 latency (ms)'],
  'bytes/task',
])
for (const kind of values.databases.split(','))
  for (const processes of values.processes.split(',').map(Number)) {
    const print = (work: string, m: Measured, calm?: Measured): void =>
      line([
        kind,
        work,
        String(processes),
        m.rate.toFixed(0),
        (m.rate / queue.rate).toFixed(2),
        (m.cpu + (m.serverCpu ?? 0)).toFixed(3),
        m.serverCpu?.toFixed(3) ?? '',
        calm ? `${calm.p50!.toFixed(1)} / ${calm.p99!.toFixed(1)}` : '',
        m.bytes?.toFixed(0) ?? '',
      ])
    const queue = await inNew(kind, database => measureQueue(database, processes, executions * tasks))
    print('queue', queue)
    for (const [work, later] of [
      ['tasks', undefined],
      ['delegates', 10],
    ] as const) {
      const settings = { concurrency, ...(later !== undefined && { later }) }
      const busy = await inNew(kind, database => measureTasks(database, processes, executions, settings))
      const few = Number(values['parallel-latency'])
      const calm = await inNew(kind, database => measureTasks(database, processes, few, settings))
      print(work, busy, calm)
    }
  }
