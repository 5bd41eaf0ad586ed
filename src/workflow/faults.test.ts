import { describe, expect, test } from 'vitest'
import { testDialects } from '../store/testing/databases.ts'
import { type Action, createRunner, readHistory, showExecution, type TaskDefinition } from './index.ts'
import { Bed } from './testing/bed.ts'
import { FakeClock } from './testing/fake-clock.ts'

const w = (tasks: Record<string, TaskDefinition>) => ({ name: 'w', tasks })
const HOUR = 3_600_000

describe.each(testDialects())('on $dialect $skip', dialect => {
  if (dialect.skip) return test.skip(dialect.skip)
  const bed = new Bed(dialect)

  test('a clock that is an hour ahead takes nothing from a runner that lives', async () => {
    const tokens: string[] = []
    const slow: Action = {
      async run(_, { token }) {
        tokens.push(token)
        await new Promise<void>(resolve => void bed.clock.after(60_000, resolve))
        return { outcome: 'success' }
      },
    }
    const id = await bed.engine.start(w({ a: { action: 'slow' } }), {})
    const done = bed.runner({ slow }, { leaseMs: 9000 }).runUntilDone(id)
    await bed.clock.pass(10)
    const ahead = new FakeClock(bed.clock.now() + HOUR)
    const other = createRunner(bed.store, bed.engine, { slow }, { clock: ahead, leaseMs: 9000 })
    for (let i = 0; i < 10; i++) {
      await bed.clock.pass(1000)
      await ahead.pass(1000)
    }
    expect(tokens).toHaveLength(1)
    await other.stop()
    expect((await bed.clock.until(done)).state).toBe('succeeded')
    expect(await bed.kinds(id)).not.toContain('task-taken-over a')
  })

  test('a clock that was set back does not stretch waits, polls and deadlines beyond their length', async () => {
    let polls = 0
    const polled: Action = {
      run: async () => 'later',
      poll: async () => (++polls < 3 ? 'running' : { outcome: 'success' }),
    }
    const id = await bed.engine.start(
      w({
        a: { action: 'polled' },
        b: { action: 'std.fail', retry: { count: 1, delay: 20 }, 'on-error': ['noop'] },
        c: { action: 'std.wait', timeout: 50, 'on-error': ['noop'] },
      }),
      {},
    )
    const ahead = new FakeClock(bed.clock.now() + HOUR)
    const { standardActions } = await import('./standard-actions.ts')
    const first = createRunner(bed.store, bed.engine, { ...standardActions(ahead), polled }, { clock: ahead })
    await ahead.pass(10)
    await first.stop()
    const view = await bed.clock.until(bed.runner({ polled }).runUntilDone(id))
    expect(view.state).toBe('succeeded')
    expect(view.endedAt! - view.createdAt).toBeLessThan(120_000)
  })

  test('a task that fails for ever ends in error, with its history', async () => {
    const poisoned: Action = {
      run: async (_, { attempt }) => {
        throw new Error(`poison ${attempt}`)
      },
    }
    const view = await bed.run(
      w({ a: { action: 'poisoned', retry: { count: 3, delay: 1, backoff: 2 } } }),
      {},
      { poisoned },
    )
    expect(view).toMatchObject({ state: 'failed', error: 'task `a` failed: poison 4', tasks: [{ attempt: 4 }] })
    const failures = (await readHistory(bed.store, view.id)).filter(e => e.kind === 'task-failed')
    expect(failures.map(e => e.data)).toEqual([1, 2, 3, 4].map(n => ({ error: `poison ${n}` })))
  })

  test('100,000 items are given rows as they are needed, and can be cancelled at once', async () => {
    const list = Array.from({ length: 100_000 }, (_, i) => ({ vm: `vm-${i}` }))
    const id = await bed.engine.start(
      w({
        a: {
          'with-items': 'x in <% vms %>',
          action: 'std.sleep',
          input: { seconds: 100, vm: '<% x.vm %>' },
          'keep-result': false,
        },
      }),
      { vms: list },
    )
    const runner = bed.runner({}, { concurrency: 5 })
    const done = runner.runUntilDone(id)
    await bed.clock.pass(10)
    const rows = async () => {
      const { n } = await bed.store.db
        .selectFrom('tasks')
        .select(e => e.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
      return Number(n)
    }
    expect(await rows()).toBeLessThanOrEqual(1001)
    expect((await showExecution(bed.store, id)).tasks[0]!.items).toEqual({ total: 100_000, done: 0, failed: 0 })
    await bed.engine.cancel(id)
    expect((await bed.clock.until(done)).state).toBe('cancelled')
  })

  test('many results that arrive together are recorded each once', async () => {
    const tasks = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`t${i}`, { action: 'std.wait', 'on-success': ['j'] }]),
    )
    const id = await bed.engine.start(w({ ...tasks, j: { join: 'all' } }), {})
    const done = bed.runner({}, { concurrency: 100 }).runUntilDone(id)
    await bed.clock.pass(10)
    const answers = await Promise.all(
      [...Object.keys(tasks), ...Object.keys(tasks)].map(t =>
        bed.engine.taskComplete(id, t, 1, { outcome: 'success' }),
      ),
    )
    expect(answers.filter(a => a === 'recorded')).toHaveLength(50)
    // One that is wrong harms none of the others.
    const mixed = await Promise.allSettled([
      bed.engine.taskComplete('nobody', 'a', 1, { outcome: 'success' }),
      bed.engine.taskComplete(id, 't0', 1, { outcome: 'success' }),
    ])
    expect(mixed.map(m => m.status)).toEqual(['rejected', 'fulfilled'])
    expect((await bed.clock.until(done)).state).toBe('succeeded')
  })
})
