/**
 * A process of its own that carries a plan of twelve moves out: `plan-process.ts FILE_OR_URL JOURNAL [DIES_AT]`. Started again after
 * whatever happened to it, it goes on. With DIES_AT it kills itself, as hard as from outside, at that step of its work.
 */
import { openStore } from '../../store/index.ts'
import { createEngine, createRunner, type TaskDefinition } from '../index.ts'
import { crashingStore } from './crashing-store.ts'
import { journalCloud } from './journal-cloud.ts'

const [file, journal, diesAt] = process.argv.slice(2) as [string, string, string?]

/** Three lanes of four moves, then one task that joins them. */
const move = (i: number): [string, TaskDefinition] => [
  `m${i}`,
  {
    action: 'move',
    input: { vm: `vm-${i}`, takes: 20 + 7 * i },
    retry: { count: 2, delay: 0.05 },
    timeout: 120,
    'on-success': [i + 3 <= 12 ? `m${i + 3}` : 'confirm'],
  },
]
const tasks: Record<string, TaskDefinition> = {
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => move(i + 1))),
  confirm: { action: 'confirm', join: 'all' },
}

const { store, step } = crashingStore(
  await openStore(file.includes('://') ? { url: file } : { file }),
  diesAt ? Number(diesAt) : Number.POSITIVE_INFINITY,
  () => process.kill(process.pid, 'SIGKILL'),
)
const engine = createEngine(store)
const cloud = journalCloud(journal)
const actions = {
  move: {
    ...cloud,
    run: async (...args: Parameters<typeof cloud.run>) => {
      step()
      const answer = await cloud.run(...args)
      step()
      return answer
    },
  },
  confirm: { run: async () => ({ outcome: 'success' }) as const },
}
const id = await engine.start({ name: 'plan', tasks }, {}, 'the-plan')
console.log('started')
const runner = createRunner(store, engine, actions, { pollMs: 15, idleMs: 50, leaseMs: 5000 })
const view = await runner.runUntilDone(id)
await runner.stop()
await store.close()
console.log(view.state)
