import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { createEngine, createRunner, readHistory } from '../../src/workflow/index.ts'
import { noServer, ownServer } from '../postgres/own-server.ts'

const own = ownServer(!noServer, server => server.administer('create database away'))

/** Milliseconds; the longer run sets 30,000. */
const AWAY_MS = Number(process.env['USHER_TEST_AWAY_MS'] ?? 1500)

test.skipIf(noServer)(
  'the database goes away in the middle and comes back: what runs goes on, every action acts once',
  async () => {
    const server = own()
    const store = await openStore({ url: server.url('away'), lockTimeoutMs: 2000 })
    const engine = createEngine(store)
    const acted: string[] = []
    const faults: string[] = []
    const runner = createRunner(
      store,
      engine,
      {
        act: {
          async run(_, { token }) {
            acted.push(token)
            await sleep(60)
            return { outcome: 'success' }
          },
        },
      },
      { idleMs: 200, leaseMs: 60_000, onFault: error => faults.push((error as Error).message) },
    )
    const chain = (lane: string) =>
      Object.fromEntries(
        Array.from({ length: 6 }, (_, i) => [
          `${lane}${i}`,
          { action: 'act', ...(i < 5 && { 'on-success': [`${lane}${i + 1}`] }) },
        ]),
      )
    const id = await engine.start({ name: 'w', tasks: { ...chain('a'), ...chain('b') } }, {})
    const done = runner.runUntilDone(id)
    while (acted.length < 4) await sleep(10)
    await server.kill()
    await sleep(AWAY_MS)
    await server.start()
    const view = await done
    expect(view.state).toBe('succeeded')
    expect(acted).toHaveLength(12)
    expect(new Set(acted).size).toBe(12)
    expect(faults.join()).toContain('does not answer')
    expect((await readHistory(store, id)).filter(e => e.kind === 'task-succeeded')).toHaveLength(12)
    await runner.stop()
    await store.close()
  },
  120_000,
)
