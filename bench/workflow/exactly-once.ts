/**
 * Executions over several processes, one of which is killed every second and replaced: every task must be completed exactly once, by
 * count. Killed is the one that has worked longest, and only while another works: on a busy machine a new process takes longer than a
 * second to start, and nothing would ever be done.
 *
 *     npx tsx bench/workflow/exactly-once.ts [--database postgres] [--executions 100] [--tasks 20] [--processes 4] [--kill-every 1]
 *
 * The full size is `--executions 1000 --tasks 100`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStore } from '../../src/store/index.ts'
import { createEngine, type TaskDefinition } from '../../src/workflow/index.ts'
import { benchDatabase } from './databases.ts'

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'postgres' },
    executions: { type: 'string', default: '100' },
    tasks: { type: 'string', default: '20' },
    processes: { type: 'string', default: '4' },
    'kill-every': { type: 'string', default: '1' },
  },
})
const [executions, tasks, processes] = [values.executions, values.tasks, values.processes].map(Number) as [
  number,
  number,
  number,
]

const database = await benchDatabase(values.database)
const store = await openStore(database.options)
const engine = createEngine(store)
const chain: Record<string, TaskDefinition> = Object.fromEntries(
  Array.from({ length: tasks }, (_, i) => [
    `t${i}`,
    { action: 'work', ...(i + 1 < tasks && { 'on-success': [`t${i + 1}`] }) },
  ]),
)
const script = fileURLToPath(new URL('worker.ts', import.meta.url))
const settings = JSON.stringify({ store: database.options, concurrency: 50 })
const started = new Set<ChildProcess>()
/** Those that work, in the order in which they began. */
const working: ChildProcess[] = []
const start = (): void => {
  const child = spawn(process.execPath, ['--import', 'tsx', script, settings], { stdio: ['pipe', 'pipe', 'inherit'] })
  started.add(child)
  child.stdout.once('data', () => {
    working.push(child)
    child.stdin.write('begin\n')
  })
}

const began = performance.now()
for (let i = 0; i < executions; i++) await engine.start({ name: 'chain', tasks: chain }, {}, `e${i}`)
for (let i = 0; i < processes; i++) start()
let kills = 0
let spared = 0
const killing = setInterval(() => {
  if (working.length < 2) {
    spared++
    return
  }
  const oldest = working.shift()!
  oldest.kill('SIGKILL')
  started.delete(oldest)
  kills++
  start()
}, Number(values['kill-every']) * 1000)

const count = async (kind: string): Promise<number> => {
  const query = store.db.selectFrom('events').select(e => e.fn.countAll<number>().as('n'))
  return Number((await query.where('kind', '=', kind).executeTakeFirstOrThrow()).n)
}
const left = async (): Promise<number> => {
  const query = store.db.selectFrom('executions').select(e => e.fn.countAll<number>().as('n'))
  return Number((await query.where('ended_at', 'is', null).executeTakeFirstOrThrow()).n)
}
while ((await left()) > 0) await new Promise(resolve => setTimeout(resolve, 200))
clearInterval(killing)
const seconds = (performance.now() - began) / 1000
for (const worker of started) worker.kill('SIGKILL')

const wrong = await store.db
  .selectFrom('events')
  .select(['execution', 'task', e => e.fn.countAll<number>().as('n')])
  .where('kind', '=', 'task-succeeded')
  .groupBy(['execution', 'task'])
  .having(e => e.fn.countAll(), '<>', 1)
  .execute()
const recorded = await count('task-succeeded')
console.log(
  `${database.name}: ${executions} executions of ${tasks} tasks, ${processes} processes, ${kills} kills (${spared} left out), ${seconds.toFixed(1)} s`,
)
console.log(
  `completed ${recorded} of ${executions * tasks}, twice ${wrong.length}, failed ${await count('task-failed')}`,
)
console.log(`taken over ${await count('task-taken-over')}, late results ignored ${await count('completion-ignored')}`)
await store.close()
await database.remove()
if (recorded !== executions * tasks || wrong.length > 0) process.exitCode = 1
