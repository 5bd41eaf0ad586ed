import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type TestDatabase, testDialects } from '../store/testing/databases.ts'
import {
  type Action,
  createEngine,
  createRunner,
  type Runner,
  type RunnerOptions,
  readHistory,
  showExecution,
  type TaskResult,
  type WorkflowDefinition,
  type WorkflowEngine,
} from './index.ts'
import { FakeClock } from './testing/fake-clock.ts'

describe.each(testDialects())('on $dialect $skip', ({ skip, dialect, create }) => {
  let database: TestDatabase
  let store: Store
  let clock: FakeClock
  let engine: WorkflowEngine
  const runners: Runner[] = []

  if (skip) return test.skip(skip)

  beforeEach(async () => {
    database = await create()
    store = await openStore(database.options)
    clock = new FakeClock()
    engine = createEngine(store, { clock })
  })
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop()
    await store.close()
    await database.remove()
  })

  function runs(actions: Record<string, Action>, options: RunnerOptions = {}): Runner {
    const runner = createRunner(store, engine, actions, { clock, ...options })
    runners.push(runner)
    return runner
  }

  const ok: Action = { run: async () => ({ outcome: 'success' }) }

  function workflow(tasks: WorkflowDefinition['tasks']): WorkflowDefinition {
    return { name: 'w', tasks }
  }

  async function states(id: string): Promise<Record<string, string>> {
    return Object.fromEntries((await showExecution(store, id)).tasks.map(t => [t.name, t.state]))
  }

  async function kinds(id: string): Promise<string[]> {
    return (await readHistory(store, id)).map(e => [e.kind, e.task].filter(Boolean).join(' '))
  }

  test('a diamond runs in order, and the join once', async () => {
    const order: string[] = []
    const note: Action = {
      run: async (input, { task, token, executionInput }) => {
        order.push(task)
        return { outcome: 'success', data: { input, sent: token, executionInput } }
      },
    }
    const id = await engine.start(
      workflow({
        a: { action: 'note', input: { x: 1 }, 'on-success': ['b', 'c'] },
        b: { action: 'note', 'on-success': ['d'] },
        c: { action: 'note', 'on-complete': ['d'] },
        d: { action: 'note', join: 'all' },
      }),
      { who: 'me' },
      'e1',
    )
    const view = await clock.until(runs({ note }).runUntilDone(id))
    expect(view.state).toBe('succeeded')
    expect(order).toEqual(['a', 'b', 'c', 'd'])
    expect(view.tasks[0]!.result).toEqual({ input: { x: 1 }, sent: 'e1/a/1', executionInput: { who: 'me' } })
  })

  test('an unhandled failure lets finish what runs, and starts nothing', async () => {
    let finish!: (r: TaskResult) => void
    const slow: Action = { run: () => new Promise(resolve => (finish = resolve)) }
    const bad: Action = { run: async () => ({ outcome: 'error', error: 'no room' }) }
    const id = await engine.start(
      workflow({
        slow: { action: 'slow', 'on-success': ['after'] },
        after: { action: 'ok' },
        bad: { action: 'bad', 'on-success': ['never'] },
        never: { action: 'ok' },
      }),
      {},
    )
    const runner = runs({ slow, bad, ok })
    const done = runner.runUntilDone(id)
    await clock.pass(100)
    expect(await showExecution(store, id)).toMatchObject({ state: 'running', ending: 'failed' })
    finish({ outcome: 'success' })
    const view = await clock.until(done)
    expect(view.state).toBe('failed')
    expect(await states(id)).toEqual({ slow: 'succeeded', after: 'skipped', bad: 'failed', never: 'skipped' })
    expect(view.tasks[2]!.error).toBe('no room')
  })

  test('a handled failure is not one, and an action that throws or does not exist fails its task', async () => {
    const id = await engine.start(
      workflow({
        bad: { action: 'throws', 'on-error': ['mend'], 'on-success': ['never'] },
        mend: { action: 'nonesuch', 'on-complete': ['end'] },
        end: { action: 'ok' },
        never: { action: 'ok' },
      }),
      {},
    )
    const throws: Action = {
      run: async () => {
        throw new DiagnosticError([{ code: 'x/y', severity: 'error', message: 'the host is gone' }])
      },
    }
    const view = await clock.until(runs({ throws, ok }).runUntilDone(id))
    expect(view.state).toBe('succeeded')
    expect(view.tasks.map(t => t.error)).toEqual([
      'the host is gone',
      'no action is registered under `nonesuch`',
      undefined,
      undefined,
    ])
    expect(await states(id)).toEqual({ bad: 'failed', mend: 'failed', end: 'succeeded', never: 'skipped' })
  })

  describe('retry', () => {
    test('with back-off, by the clock, each try with its own token', async () => {
      const tries: [number, string][] = []
      const flaky: Action = {
        run: async (_, { token, attempt }) => {
          tries.push([clock.now() - 1_000_000, token])
          return attempt < 4 ? { outcome: 'error', error: `try ${attempt}` } : { outcome: 'success' }
        },
      }
      const id = await engine.start(
        workflow({ a: { action: 'flaky', retry: { count: 5, delay: 10, backoff: 3 } } }),
        {},
        'e',
      )
      const view = await clock.until(runs({ flaky }).runUntilDone(id))
      expect(view).toMatchObject({ state: 'succeeded', tasks: [{ state: 'succeeded', attempt: 4, error: 'try 3' }] })
      expect(tries).toEqual([
        [0, 'e/a/1'],
        [10_000, 'e/a/2'],
        [40_000, 'e/a/3'],
        [130_000, 'e/a/4'],
      ])
    })

    test('ends after its count, or at once when it can not help', async () => {
      let calls = 0
      const bad: Action = { run: async () => ({ outcome: 'error', data: ++calls }) }
      const hopeless: Action = { run: async () => ({ outcome: 'error', retryable: false }) }
      const runner = runs({ bad, hopeless })
      const retry = { count: 2, delay: 1 }
      const first = await clock.until(
        runner.runUntilDone(await engine.start(workflow({ a: { action: 'bad', retry } }), {})),
      )
      expect(first).toMatchObject({ state: 'failed', tasks: [{ attempt: 3, result: 3 }] })
      const second = await clock.until(
        runner.runUntilDone(await engine.start(workflow({ a: { action: 'hopeless', retry } }), {})),
      )
      expect(second).toMatchObject({ state: 'failed', tasks: [{ attempt: 1 }] })
    })

    test('that waits when the execution fails is given up, with the try that failed as the result', async () => {
      const first: Action = { run: async () => ({ outcome: 'error', error: 'busy' }) }
      const later: Action = { run: async () => 'later' }
      const id = await engine.start(
        workflow({ a: { action: 'first', retry: { count: 1, delay: 1000 } }, b: { action: 'later' } }),
        {},
      )
      const done = runs({ first, later }).runUntilDone(id)
      await clock.pass(10)
      expect(await states(id)).toEqual({ a: 'waiting', b: 'running' })
      await engine.taskComplete(id, 'b', 1, { outcome: 'error' })
      expect(await clock.until(done, 10)).toMatchObject({
        state: 'failed',
        tasks: [{ state: 'failed', attempt: 1, error: 'busy' }, { state: 'failed' }],
      })
    })
  })

  describe('delegate', () => {
    const later: Action = { run: async () => 'later' }

    test('completed from outside; duplicates and strangers change nothing and are recorded', async () => {
      const id = await engine.start(
        workflow({ a: { action: 'later', 'on-success': ['b'] }, b: { action: 'later' } }),
        {},
      )
      const done = runs({ later }).runUntilDone(id)
      await clock.pass(5000)
      expect(await engine.taskComplete(id, 'b', 1, { outcome: 'success' })).toBe('ignored')
      expect(await engine.taskComplete(id, 'a', 2, { outcome: 'success' })).toBe('ignored')
      expect(await engine.taskComplete(id, 'a', 1, { outcome: 'success', data: 1 })).toBe('recorded')
      expect(await engine.taskComplete(id, 'a', 1, { outcome: 'error', data: 2 })).toBe('ignored')
      await clock.pass(1)
      expect(await engine.taskComplete(id, 'b', 1, { outcome: 'success' })).toBe('recorded')
      const view = await clock.until(done)
      expect(view).toMatchObject({ state: 'succeeded', tasks: [{ result: 1 }, {}] })
      expect(await engine.taskComplete(id, 'b', 1, { outcome: 'error' })).toBe('ignored')
      const ignored = (await readHistory(store, id)).filter(e => e.kind === 'completion-ignored')
      expect(ignored.map(e => [e.task, e.attempt])).toEqual([
        ['b', 1],
        ['a', 2],
        ['a', 1],
        ['b', 1],
      ])
    })

    test('polled, through faults of the poll', async () => {
      let polls = 0
      const faults: unknown[] = []
      const polled: Action = {
        run: async () => 'later',
        poll: async token => {
          if (++polls === 1) throw new Error('cloud away')
          return polls < 4 ? undefined : { outcome: 'success', data: token }
        },
      }
      const id = await engine.start(workflow({ a: { action: 'polled' } }), {}, 'e')
      const runner = runs({ polled }, { pollMs: 700, onFault: e => faults.push(e) })
      const view = await clock.until(runner.runUntilDone(id))
      expect(view).toMatchObject({ state: 'succeeded', endedAt: 1_000_000 + 5 * 700, tasks: [{ result: 'e/a/1' }] })
      expect(faults).toHaveLength(1)
    })

    test('times out by the database, even under a runner that never sent it', async () => {
      const id = await engine.start(
        workflow({ a: { action: 'later', timeout: 60, retry: { count: 1, delay: 5 } } }),
        {},
      )
      const first = runs({ later })
      await clock.pass(20_000)
      await first.stop()
      const done = runs({ later }).runUntilDone(id)
      await clock.pass(45_000)
      expect(await engine.taskComplete(id, 'a', 1, { outcome: 'success' })).toBe('ignored')
      const view = await clock.until(done)
      expect(view).toMatchObject({
        state: 'failed',
        endedAt: 1_000_000 + 125_000,
        tasks: [{ attempt: 2, error: 'timed out after 60 s' }],
      })
    })
  })

  test('an action that hangs times out, frees its place, and its late answer changes nothing', async () => {
    let answer!: (r: TaskResult) => void
    const hangs: Action = { run: () => new Promise(resolve => (answer = resolve)) }
    const id = await engine.start(
      workflow({ a: { action: 'hangs', timeout: 7, 'on-error': ['b'] }, b: { action: 'ok' } }),
      {},
    )
    const view = await clock.until(runs({ hangs, ok }, { concurrency: 1 }).runUntilDone(id))
    expect(view).toMatchObject({ state: 'succeeded', endedAt: 1_007_000 })
    answer({ outcome: 'success' })
    await clock.pass(1)
    expect((await kinds(id)).at(-1)).toBe('completion-ignored a')
    expect(await states(id)).toEqual({ a: 'failed', b: 'succeeded' })
  })

  test('no more actions at once than allowed', async () => {
    let now = 0
    let most = 0
    const busy: Action = {
      run: async () => {
        most = Math.max(most, ++now)
        await new Promise<void>(resolve => void clock.after(100, resolve))
        now--
        return { outcome: 'success' }
      },
    }
    const tasks = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, { action: 'busy' }]))
    const view = await clock.until(
      runs({ busy }, { concurrency: 3 }).runUntilDone(await engine.start(workflow(tasks), {})),
    )
    expect(view).toMatchObject({ state: 'succeeded', endedAt: 1_000_400 })
    expect(most).toBe(3)
  })

  describe('claims', () => {
    test('of a silent runner are taken over after the lease, with the same token; the first answer counts', async () => {
      const tokens: string[] = []
      const answers: ((r: TaskResult) => void)[] = []
      const slow: Action = {
        run: (_, { token }) => {
          tokens.push(token)
          return new Promise(resolve => answers.push(resolve))
        },
      }
      const id = await engine.start(workflow({ a: { action: 'slow' } }), {}, 'e')
      // A runner whose clock stops renews nothing: as good as dead, but it may wake up again.
      const frozen = new FakeClock(clock.now())
      runs({ slow }, { leaseMs: 9000, clock: frozen })
      await clock.pass(100)
      const done = runs({ slow }, { leaseMs: 9000 }).runUntilDone(id)
      await clock.pass(8000)
      expect(tokens).toEqual(['e/a/1'])
      await clock.pass(2000)
      expect(tokens).toEqual(['e/a/1', 'e/a/1'])
      answers[0]!({ outcome: 'success', data: 'first' })
      answers[1]!({ outcome: 'success', data: 'second' })
      expect(await clock.until(done)).toMatchObject({ state: 'succeeded', tasks: [{ attempt: 1, result: 'first' }] })
      expect(await kinds(id)).toEqual([
        'execution-started',
        'task-started a',
        'task-taken-over a',
        'task-succeeded a',
        'execution-ended',
        'completion-ignored a',
      ])
    })

    test('are renewed as long as the runner lives', async () => {
      let calls = 0
      const slow: Action = {
        run: async () => {
          calls++
          await new Promise<void>(resolve => void clock.after(100_000, resolve))
          return { outcome: 'success' }
        },
      }
      const id = await engine.start(workflow({ a: { action: 'slow' } }), {})
      runs({ slow }, { leaseMs: 9000 })
      await clock.until(runs({ slow }, { leaseMs: 9000 }).runUntilDone(id))
      expect(calls).toBe(1)
    })
  })

  describe('pause, resume, cancel', () => {
    test('a paused execution starts nothing and records what runs', async () => {
      const later: Action = { run: async () => 'later' }
      const id = await engine.start(workflow({ a: { action: 'later', 'on-success': ['b'] }, b: { action: 'ok' } }), {})
      const runner = runs({ later, ok })
      await clock.pass(10)
      await engine.pause(id)
      await engine.taskComplete(id, 'a', 1, { outcome: 'success' })
      const paused = await clock.until(runner.runUntilDone(id))
      expect(paused.state).toBe('paused')
      await clock.pass(100_000)
      expect(await states(id)).toEqual({ a: 'succeeded', b: 'ready' })
      await engine.resume(id)
      expect((await clock.until(runner.runUntilDone(id))).state).toBe('succeeded')
      expect((await kinds(id)).filter(k => /pause|resume/.test(k))).toEqual(['execution-paused', 'execution-resumed'])
    })

    test('a cancelled execution ends when what runs has ended', async () => {
      const later: Action = { run: async () => 'later' }
      const id = await engine.start(
        workflow({ a: { action: 'later', 'on-success': ['b'] }, b: { action: 'ok' }, c: { action: 'later' } }),
        {},
      )
      const done = runs({ later, ok }, { concurrency: 1 }).runUntilDone(id)
      await clock.pass(10)
      await engine.cancel(id)
      await engine.cancel(id)
      await engine.taskComplete(id, 'a', 1, { outcome: 'success' })
      expect(await showExecution(store, id)).toMatchObject({ state: 'running', ending: 'cancelled' })
      await engine.taskComplete(id, 'c', 1, { outcome: 'success' })
      expect((await clock.until(done)).state).toBe('cancelled')
      expect(await states(id)).toEqual({ a: 'succeeded', b: 'skipped', c: 'succeeded' })
      await engine.resume(id)
      expect((await showExecution(store, id)).state).toBe('cancelled')
    })

    test('cancelled before anything started, it ends at once', async () => {
      const id = await engine.start(workflow({ a: { action: 'ok', 'on-success': ['b'] }, b: { action: 'ok' } }), {})
      await engine.cancel(id)
      expect(await states(id)).toEqual({ a: 'skipped', b: 'skipped' })
      expect((await clock.until(runs({ ok }).runUntilDone(id))).state).toBe('cancelled')
    })
  })

  test('start given the same id twice makes one execution', async () => {
    const definition = workflow({ a: { action: 'ok' } })
    await engine.start(definition, 1, 'same')
    await engine.start(definition, 2, 'same')
    await engine.start({ name: 'other', tasks: { b: { action: 'ok' } } }, 3, 'same')
    expect(await showExecution(store, 'same')).toMatchObject({ input: 1, tasks: [{ state: 'ready' }] })
    expect(await kinds('same')).toEqual(['execution-started'])
  })

  test('what is unknown or can not be stored is said plainly', async () => {
    const id = await engine.start(workflow({ migrate: { action: 'loop' } }), {})
    await expect(engine.taskComplete('nope', 'a', 1, { outcome: 'success' })).rejects.toThrow(
      'there is no execution `nope`',
    )
    await expect(engine.taskComplete(id, 'migrat', 1, { outcome: 'success' })).rejects.toThrow(
      'the workflow `w` has no task `migrat`',
    )
    await expect(engine.start(workflow({ a: { action: 'x' } }), 1n)).rejects.toThrow(
      "the input can't be written as JSON",
    )
    await expect(engine.start(workflow({ a: { action: 'x' } }), {}, 'a/b')).rejects.toThrow("`a/b` can't be the id")
    const circle: { self?: unknown } = {}
    circle.self = circle
    const loop: Action = { run: async () => ({ outcome: 'success', data: circle }) }
    const runner = runs({ loop })
    expect(await clock.until(runner.runUntilDone(id))).toMatchObject({ state: 'failed' })
    await expect(clock.until(runner.runUntilDone('nope'))).rejects.toThrow('there is no execution `nope`')
  })

  test('a runner that stops waits for its actions, and says so to those who wait for more', async () => {
    let finish!: (r: TaskResult) => void
    const slow: Action = { run: () => new Promise(resolve => (finish = resolve)) }
    const id = await engine.start(workflow({ a: { action: 'slow', 'on-success': ['b'] }, b: { action: 'ok' } }), {})
    const runner = createRunner(store, engine, { slow, ok }, { clock })
    const waiting = expect(runner.runUntilDone(id)).rejects.toThrow('the runner was stopped')
    await clock.pass(10)
    const end = runner.stop()
    finish({ outcome: 'success' })
    await end
    await waiting
    expect(await states(id)).toEqual({ a: 'succeeded', b: 'ready' })
  })

  describe('a store in trouble', () => {
    test.skipIf(dialect === 'postgres')(
      'a full disk is told to those who wait, loses nothing, and is survived',
      async () => {
        const pages = async (limit: number) => sql.raw(`pragma max_page_count = ${limit}`).execute(store.db)
        const big: Action = { run: async () => ({ outcome: 'success', data: 'x'.repeat(100_000) }) }
        const faults: unknown[] = []
        const id = await engine.start(workflow({ a: { action: 'big', 'on-success': ['b'] }, b: { action: 'ok' } }), {})
        const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db)
        await pages(rows[0]!.page_count + 8)
        const runner = runs({ big, ok }, { onFault: e => faults.push(e) })
        await expect(clock.until(runner.runUntilDone(id))).rejects.toThrow('no room left')
        expect(await states(id)).toEqual({ a: 'running', b: 'waiting' })
        await pages(100_000)
        expect((await clock.until(runner.runUntilDone(id))).state).toBe('succeeded')
        expect((await kinds(id)).filter(k => k.startsWith('task-started'))).toEqual([
          'task-started a',
          'task-started b',
        ])
        expect(faults.length).toBeGreaterThan(0)
      },
    )

    test('a database that is locked for a while is waited for', async () => {
      let locked = 3
      const flaky: Store = {
        ...store,
        transaction: work =>
          locked-- > 0
            ? Promise.reject(new DiagnosticError([{ code: 'store/locked', severity: 'error', message: 'locked' }]))
            : store.transaction(work),
      }
      const id = await engine.start(workflow({ a: { action: 'ok' } }), {})
      const runner = createRunner(flaky, createEngine(flaky, { clock }), { ok }, { clock })
      runners.push(runner)
      expect((await clock.until(runner.runUntilDone(id))).state).toBe('succeeded')
    })
  })

  test('nothing is looked at more often than needed while a delegate is awaited', async () => {
    const later: Action = { run: async () => 'later' }
    const id = await engine.start(workflow({ a: { action: 'later' } }), {})
    let transactions = 0
    const counted: Store = {
      ...store,
      transaction(work) {
        transactions++
        return store.transaction(work)
      },
    }
    const runner = createRunner(counted, engine, { later }, { clock, idleMs: 1000 })
    runners.push(runner)
    await clock.pass(600_000)
    // The claim, and the note that it was delegated; looking needs none.
    expect(transactions).toBe(2)
    expect(await states(id)).toEqual({ a: 'running' })
  })
})
