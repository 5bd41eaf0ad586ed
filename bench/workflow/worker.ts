/**
 * One engine process of a bench: `worker.ts SETTINGS`, a JSON text. Says `ready`, runs tasks that end at once from the first line on
 * standard input until the second, then prints what it did.
 */
import { openStore, type StoreOptions } from '../../src/store/index.ts'
import { createEngine, createRunner } from '../../src/workflow/index.ts'

const {
  store: options,
  concurrency,
  later,
} = JSON.parse(process.argv[2]!) as {
  readonly store: StoreOptions
  readonly concurrency: number
  /** Milliseconds after which a task that is a delegate is completed from outside; absent: it answers at once. */
  readonly later?: number
}

/** Milliseconds from the end of an action to the start of the next one of its execution, where both were here. */
const latencies: number[] = []
const ended = new Map<string, number>()
let done = 0

const store = await openStore({ ...options, connections: 4, lockTimeoutMs: 60_000 })
const engine = createEngine(store)

async function work(): Promise<void> {
  const runner = createRunner(
    store,
    engine,
    {
      work: {
        async run(_, { execution, task, attempt }) {
          const before = ended.get(execution)
          if (before !== undefined) latencies.push(performance.now() - before)
          done++
          const end = (): number => performance.now()
          if (later === undefined) {
            // The time the result is handed over: everything after it is the engine's.
            ended.set(execution, end())
            return { outcome: 'success' }
          }
          setTimeout(() => {
            ended.set(execution, end())
            void engine.taskComplete(execution, task, attempt, { outcome: 'success' })
          }, later)
          return 'later'
        },
      },
    },
    { concurrency, leaseMs: 3000, idleMs: 200 },
  )
  await lines.next()
  await runner.stop()
}

const lines = process.stdin[Symbol.asyncIterator]()
console.log('ready')
await lines.next()
/** Starting costs nothing that counts here. */
const idle = process.cpuUsage()
await work()
await store.close()
latencies.sort((a, b) => a - b)
const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? Number.NaN
const { user, system } = process.cpuUsage(idle)
console.log(JSON.stringify({ done, p50: at(0.5), p99: at(0.99), cpuSeconds: (user + system) / 1e6 }))
process.exit()
