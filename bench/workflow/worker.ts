/**
 * One engine process of a bench: `worker.ts SETTINGS`, a JSON text. Runs tasks that end at once until it is told to stop by a line on
 * standard input, then prints what it did.
 */
import { openStore, type StoreOptions } from '../../src/store/index.ts'
import { createEngine, createRunner } from '../../src/workflow/index.ts'

const { store: options, concurrency } = JSON.parse(process.argv[2]!) as {
  readonly store: StoreOptions
  readonly concurrency: number
}

/** Milliseconds from the end of an action to the start of the next one of its execution, where both were here. */
const latencies: number[] = []
const ended = new Map<string, number>()
let done = 0

const store = await openStore({ ...options, connections: 4, lockTimeoutMs: 60_000 })
const engine = createEngine(store)
const runner = createRunner(
  store,
  engine,
  {
    work: {
      async run(_, { execution }) {
        const before = ended.get(execution)
        if (before !== undefined) latencies.push(performance.now() - before)
        done++
        // The time the result is handed over: everything after it is the engine's.
        ended.set(execution, performance.now())
        return { outcome: 'success' }
      },
    },
  },
  { concurrency, leaseMs: 3000, idleMs: 200 },
)
/** Starting costs nothing that counts here. */
const idle = process.cpuUsage()
console.log('ready')
process.stdin.once('data', async () => {
  await runner.stop()
  await store.close()
  latencies.sort((a, b) => a - b)
  const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? Number.NaN
  const { user, system } = process.cpuUsage(idle)
  console.log(JSON.stringify({ done, p50: at(0.5), p99: at(0.99), cpuSeconds: (user + system) / 1e6 }))
  process.exit()
})
