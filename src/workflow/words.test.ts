import { describe, expect, test } from 'vitest'
import { testDialects } from '../store/testing/databases.ts'
import { type Action, readWorkflow, showExecution, type TaskDefinition } from './index.ts'
import { Bed } from './testing/bed.ts'

const w = (tasks: Record<string, TaskDefinition>, more: object = {}) => ({ name: 'w', tasks, ...more })

describe.each(testDialects())('on $dialect $skip', dialect => {
  if (dialect.skip) return test.skip(dialect.skip)
  const bed = new Bed(dialect)

  test('input, vars, publish, guards, results of others and output', async () => {
    const definition = readWorkflow(
      `
version: '2.0'
move:
  input: [vm, { host: server-b }]
  vars: { label: 'move <% vm %>' }
  output: { vm: <% vm %>, to: <% target %>, both: <% tasks.find.result.hosts %> }
  tasks:
    find:
      action: std.echo
      input: { output: { hosts: [server-a, '<% host %>'], free: 3 } }
      publish: { target: '<% result.hosts[1] %>', free: <% result.free + 1 %> }
      on-success:
        - enough: <% free > 3 %>
        - short: <% free <= 3 %>
    enough: { action: std.echo, input: { output: '<% label %> to <% target %>' } }
    short: { action: std.fail }
`,
      'move.yaml',
    )
    const view = await bed.run(definition, { vm: 'vm-1' })
    expect(view).toMatchObject({
      state: 'succeeded',
      output: { vm: 'vm-1', to: 'server-b', both: ['server-a', 'server-b'] },
      variables: { target: 'server-b', free: 4 },
    })
    expect(view.tasks.map(t => [t.state, t.result])).toEqual([
      ['succeeded', { hosts: ['server-a', 'server-b'], free: 3 }],
      ['succeeded', 'move vm-1 to server-b'],
      ['skipped', undefined],
    ])
    await expect(bed.engine.start(definition, { mv: 1 })).rejects.toThrow(/needs the input `vm`; .*has no input `mv`/)
  })

  test('an expression without a value fails its task, a guard without one its execution', async () => {
    const bad = await bed.run(w({ a: { action: 'std.echo', input: { output: '<% nowhere %>' } } }))
    expect(bad).toMatchObject({
      state: 'failed',
      tasks: [{ error: 'an expression has no value: unknown variable: nowhere' }],
    })
    const publish = await bed.run(w({ a: { publish: { x: '<% result.y %>' } } }))
    expect(publish).toMatchObject({ state: 'failed', tasks: [{ state: 'failed' }] })
    const guard = await bed.run(w({ a: { 'on-success': [{ b: '<% nope %>' }] }, b: {} }))
    expect(guard).toMatchObject({ state: 'failed', error: expect.stringContaining('a guard of task `a`') })
  })

  test('fail, succeed and pause are commands', async () => {
    expect(await bed.run(w({ a: { 'on-success': ['fail'] } }))).toMatchObject({
      state: 'failed',
      error: 'task `a` leads to `fail`',
      tasks: [{ state: 'succeeded' }],
    })
    const early = await bed.run(
      w({ a: { 'on-success': ['succeed'] }, b: { 'wait-before': 100, 'on-success': ['c'] }, c: {} }),
    )
    expect(early).toMatchObject({ state: 'succeeded', tasks: [{}, { state: 'skipped' }, { state: 'skipped' }] })
    const handled = await bed.run(w({ a: { action: 'std.fail', 'on-error': ['noop'] } }))
    expect(handled).toMatchObject({ state: 'succeeded', tasks: [{ state: 'failed' }] })
    const paused = await bed.run(w({ a: { 'on-success': ['b', 'pause'] }, b: {} }))
    expect(paused).toMatchObject({ state: 'paused', tasks: [{ state: 'succeeded' }, { state: 'ready' }] })
    await bed.engine.resume(paused.id)
    expect(await bed.clock.until(bed.runner().runUntilDone(paused.id))).toMatchObject({ state: 'succeeded' })
  })

  test('join by one and by number', async () => {
    const from = (n: number, to: string) =>
      Object.fromEntries(
        Array.from({ length: n }, (_, i) => [`${to}${i}`, { 'wait-before': i * 10, 'on-success': [to] }]),
      )
    const view = await bed.run(
      w({ ...from(3, 'j'), j: { join: 2, action: 'std.noop' }, ...from(2, 'k'), k: { join: 'one' } }),
    )
    const at = Object.fromEntries(view.tasks.map(t => [t.name, t.startedAt! - view.createdAt]))
    expect(at).toMatchObject({ j: 10_000, k: 0 })
    expect(view.state).toBe('succeeded')
  })

  test('waits before and after, and a pause before', async () => {
    const view = await bed.run(w({ a: { 'wait-before': 5, 'wait-after': 7, 'on-success': ['b'] }, b: {} }))
    expect(view.tasks.map(t => t.startedAt! - view.createdAt)).toEqual([5000, 12_000])
    const id = await bed.engine.start(
      w({ a: { 'on-success': ['b'] }, b: { 'pause-before': true }, c: { 'wait-before': 3 } }),
      {},
    )
    const runner = bed.runner()
    expect((await bed.clock.until(runner.runUntilDone(id))).state).toBe('paused')
    await bed.clock.pass(10_000)
    expect(await bed.states(id)).toEqual({ a: 'succeeded', b: 'ready', c: 'ready' })
    await bed.engine.resume(id)
    expect((await bed.clock.until(runner.runUntilDone(id))).state).toBe('succeeded')
  })

  test('retry goes on while `continue-on` is true, stops at `break-on`; `fail-on` fails a success', async () => {
    let n = 0
    const count: Action = { run: async () => ({ outcome: 'success', data: ++n }) }
    const view = await bed.run(
      w({ a: { action: 'count', retry: { count: 9, delay: 1, 'continue-on': '<% result < 4 %>' } } }),
      {},
      { count },
    )
    expect(view).toMatchObject({ state: 'succeeded', tasks: [{ attempt: 4, result: 4 }] })
    const bad: Action = { run: async () => ({ outcome: 'error', error: 'no such host' }) }
    const broken = await bed.run(
      w({ a: { action: 'bad', retry: { count: 9, delay: 1, 'break-on': '<% error.contains("no such") %>' } } }),
      {},
      { bad },
    )
    expect(broken).toMatchObject({ state: 'failed', tasks: [{ attempt: 1 }] })
    const failed = await bed.run(w({ a: { action: 'std.echo', input: { output: 3 }, 'fail-on': '<% result > 2 %>' } }))
    expect(failed).toMatchObject({ state: 'failed', tasks: [{ error: 'its `fail-on` is true' }] })
    const capped = await bed.run(
      w({ a: { action: 'std.fail', retry: { count: 3, delay: 4, backoff: 10, 'max-delay': 6 } } }),
    )
    expect(capped.endedAt! - capped.createdAt).toBe(16_000)
  })

  test('task-defaults are for all tasks that say nothing else', async () => {
    const definition = readWorkflow(
      `name: w
task-defaults: { on-error: [mend], retry: { count: 1 } }
tasks:
  a: { action: std.fail }
  mend: { action: std.noop }
`,
      'w.yaml',
    )
    expect(await bed.run(definition)).toMatchObject({
      state: 'succeeded',
      tasks: [{ attempt: 2 }, { state: 'succeeded' }],
    })
  })

  describe('with-items', () => {
    test('runs for each, keeps the order, no more at once than allowed, retries each for itself', async () => {
      let now = 0
      let most = 0
      const work: Action = {
        async run(input, { attempt }) {
          most = Math.max(most, ++now)
          await new Promise<void>(resolve => void bed.clock.after(100, resolve))
          now--
          if (input['vm'] === 'vm-3' && attempt === 1) return { outcome: 'error', error: 'busy' }
          return { outcome: 'success', data: `${input['vm']}>${input['host']} ${input['n']}` }
        },
      }
      const view = await bed.run(
        w({
          a: {
            'with-items': ['vm in <% vms %>', 'host in <% hosts %>'],
            concurrency: 2,
            action: 'work',
            input: { vm: '<% vm %>', host: '<% host %>', n: '<% index %>' },
            retry: { count: 1, delay: 1 },
            publish: { last: '<% result[4] %>' },
          },
        }),
        { vms: ['vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5'], hosts: ['a', 'b', 'c', 'd', 'e'] },
        { work },
      )
      expect(view).toMatchObject({ state: 'succeeded', variables: { last: 'vm-5>e 4' } })
      expect(view.tasks[0]).toMatchObject({
        items: { total: 5, done: 5, failed: 0 },
        result: ['vm-1>a 0', 'vm-2>b 1', 'vm-3>c 2', 'vm-4>d 3', 'vm-5>e 4'],
      })
      expect(most).toBe(2)
    })

    test('of nothing, of what is no list, of some that fail', async () => {
      const each = (list: string): TaskDefinition => ({
        'with-items': `x in ${list}`,
        action: 'std.fail',
        input: { error: '<% x %>' },
      })
      expect(await bed.run(w({ a: each('<% [] %>') }))).toMatchObject({ state: 'succeeded', tasks: [{ result: [] }] })
      expect(await bed.run(w({ a: each('<% 3 %>') }))).toMatchObject({ state: 'failed' })
      expect(await bed.run(w({ a: each('<% ["p", "q"] %>') }))).toMatchObject({
        state: 'failed',
        tasks: [{ error: '2 of 2 items failed: p', items: { total: 2, done: 2, failed: 2 } }],
      })
    })

    test('cancelled in the middle, it ends when what runs has; retried, it goes on where it was', async () => {
      const id = await bed.engine.start(
        w({ a: { 'with-items': 'x in <% [0,1,2,3,4,5] %>', concurrency: 2, action: 'std.wait' } }),
        {},
      )
      const runner = bed.runner()
      await bed.clock.pass(10)
      await bed.engine.taskComplete(id, 'a[0]', 1, { outcome: 'success', data: 0 })
      await bed.clock.pass(10)
      await bed.engine.cancel(id)
      for (const i of [1, 2]) await bed.engine.completeByToken(`${id}/a[${i}]/1`, { outcome: 'success', data: i })
      expect(await showExecution(bed.store, id)).toMatchObject({ state: 'cancelled', tasks: [{ state: 'failed' }] })
      await bed.engine.retry(id)
      const done = runner.runUntilDone(id)
      for (const i of [3, 4, 5]) {
        await bed.clock.pass(10)
        await bed.engine.taskComplete(id, `a[${i}]`, 1, { outcome: 'success', data: i })
      }
      expect(await bed.clock.until(done)).toMatchObject({ state: 'succeeded', tasks: [{ result: [0, 1, 2, 3, 4, 5] }] })
    })
  })

  describe('sub-workflows', () => {
    const caller = (more: object = {}) =>
      w(
        { call: { workflow: 'child', input: { x: '<% y + 1 %>' }, 'on-success': ['after'] }, after: {} },
        {
          workflows: {
            child: {
              name: 'child',
              input: ['x'],
              output: { got: '<% x %>' },
              tasks: { t: { action: 'std.noop', ...more } },
            },
          },
        },
      )

    test('give their output to the task that calls them, or fail it', async () => {
      expect(await bed.run(caller(), { y: 4 })).toMatchObject({
        state: 'succeeded',
        tasks: [{ result: { got: 5 } }, {}],
      })
      expect(await bed.run(caller({ action: 'std.fail' }), { y: 4 })).toMatchObject({
        state: 'failed',
        tasks: [{ error: expect.stringContaining('failed: task `t` failed') }, { state: 'skipped' }],
      })
    })

    test('are paused, resumed and cancelled with their parent', async () => {
      const id = await bed.engine.start(caller({ action: 'std.wait' }), { y: 1 }, 'p')
      const runner = bed.runner()
      await bed.clock.pass(100)
      const child = 'p.call.1'
      const state = async () => (await showExecution(bed.store, child)).state
      expect(await state()).toBe('running')
      await bed.engine.pause(id)
      await bed.clock.pass(100)
      expect(await state()).toBe('paused')
      await bed.engine.resume(id)
      await bed.clock.pass(100)
      expect(await state()).toBe('running')
      const done = runner.runUntilDone(id)
      await bed.engine.cancel(id)
      await bed.clock.pass(100)
      expect((await showExecution(bed.store, child)).ending).toBe('cancelled')
      await bed.engine.taskComplete(child, 't', 1, { outcome: 'success' })
      expect((await bed.clock.until(done)).state).toBe('cancelled')
      expect(await state()).toBe('cancelled')
    })
  })

  test('a failed execution is rolled back in reverse order, and goes on undoing where that failed', async () => {
    const undone: unknown[] = []
    let stuck = true
    const undo: Action = {
      async run(input, { token }) {
        if (input['what'] === 'B' && stuck) return { outcome: 'error', error: 'stuck' }
        undone.push([input['what'], token])
        return { outcome: 'success' }
      },
    }
    const step = (what: string, ...next: string[]): TaskDefinition => ({
      action: 'std.echo',
      input: { output: what },
      'on-success': next,
      compensation: { action: 'undo', input: { what: '<% result %>' } },
    })
    const id = await bed.engine.start(
      w({ a: step('A', 'b'), b: step('B', 'c'), c: step('C', 'd'), d: { action: 'std.fail' } }),
      {},
      'e',
    )
    const runner = bed.runner({ undo })
    const done = async () => bed.clock.until(runner.runUntilDone(id))
    expect((await done()).state).toBe('failed')
    await bed.engine.rollback(id)
    expect(await done()).toMatchObject({ state: 'failed', error: 'the rollback stopped at task `b`: stuck' })
    stuck = false
    await bed.engine.rollback(id)
    expect((await done()).state).toBe('rolled-back')
    expect(undone).toEqual([
      ['C', 'e/~c/1'],
      ['B', 'e/~b/2'],
      ['A', 'e/~a/1'],
    ])
    await expect(bed.engine.rollback(id)).rejects.toThrow("can't be rolled back: it is rolled-back")
  })

  test('a failed execution goes on where it failed', async () => {
    let broken = true
    const flaky: Action = { run: async () => (broken ? { outcome: 'error', error: 'down' } : { outcome: 'success' }) }
    const id = await bed.engine.start(
      w({
        a: { 'on-success': ['b'] },
        b: { action: 'flaky', retry: { count: 1 }, 'on-success': ['c'] },
        c: {},
        late: { action: 'std.sleep', input: { seconds: 9 }, 'on-success': ['d'] },
        d: {},
      }),
      {},
    )
    const runner = bed.runner({ flaky })
    expect(await bed.clock.until(runner.runUntilDone(id))).toMatchObject({
      state: 'failed',
      error: 'task `b` failed: down',
    })
    broken = false
    await bed.engine.retry(id)
    expect((await bed.clock.until(runner.runUntilDone(id))).state).toBe('succeeded')
    expect((await showExecution(bed.store, id)).tasks.map(t => [t.name, t.state, t.attempt])).toEqual([
      ['a', 'succeeded', 1],
      ['b', 'succeeded', 3],
      ['c', 'succeeded', 1],
      ['late', 'succeeded', 1],
      ['d', 'succeeded', 1],
    ])
    await expect(bed.engine.retry(id)).rejects.toThrow('can be tried again')
  })

  describe('an action that may have been sent', () => {
    test('is asked about before it is sent again', async () => {
      const sent: string[] = []
      const asked: string[] = []
      const action: Action = {
        run: (_, { token }) => {
          sent.push(token)
          return new Promise(() => {})
        },
        poll: async token => {
          asked.push(token)
          return asked.length < 3 ? 'running' : { outcome: 'success', data: 'found' }
        },
      }
      const id = await bed.engine.start(w({ a: { action: 'move' } }), {}, 'e')
      const { FakeClock } = await import('./testing/fake-clock.ts')
      const { createRunner } = await import('./index.ts')
      // Sent by a runner whose clock stands still from then on.
      const dead = createRunner(
        bed.store,
        bed.engine,
        { move: action },
        { clock: new FakeClock(bed.clock.now()), leaseMs: 9000 },
      )
      await bed.clock.pass(100)
      expect(sent).toEqual(['e/a/1'])
      const view = await bed.clock.until(bed.runner({ move: action }, { leaseMs: 9000 }).runUntilDone(id))
      expect(view).toMatchObject({ state: 'succeeded', tasks: [{ result: 'found', attempt: 1 }] })
      expect(sent).toEqual(['e/a/1'])
      void dead
    })

    test('and timed out, is not sent again while it still goes on', async () => {
      const sent: string[] = []
      const action: Action = {
        run: async (_, { token }) => {
          sent.push(token)
          return 'later'
        },
        poll: async token => {
          expect(token).toBe('e/a/1')
          return bed.clock.now() < 1_000_000 + 30_000 ? 'running' : { outcome: 'success', data: 'in the end' }
        },
      }
      const id = await bed.engine.start(
        w({ a: { action: 'move', timeout: 10, retry: { count: 5, delay: 1 } } }),
        {},
        'e',
      )
      const view = await bed.clock.until(bed.runner({ move: action }).runUntilDone(id))
      expect(view).toMatchObject({ state: 'succeeded', tasks: [{ result: 'in the end' }] })
      expect(sent).toEqual(['e/a/1'])
    })
  })

  test('a delegate whose poll throws for ever fails in the end, and is asked ever more rarely', async () => {
    let polls = 0
    const action: Action = {
      run: async () => 'later',
      poll: async () => {
        polls++
        throw new Error('401')
      },
    }
    const view = await bed.run(w({ a: { action: 'move' } }), {}, { move: action }, { pollMs: 1000, pollFaults: 6 })
    expect(view).toMatchObject({ state: 'failed', tasks: [{ error: "can't be asked for its result: 401" }] })
    expect(polls).toBe(6)
    expect(view.endedAt! - view.createdAt).toBeGreaterThan(15_000)
  })

  test('an execution with much to do does not hold up one with little', async () => {
    const order: string[] = []
    const note: Action = {
      run: async (_, { execution }) => {
        order.push(execution)
        await new Promise<void>(resolve => void bed.clock.after(10, resolve))
        return { outcome: 'success' }
      },
    }
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`t${i}`, { action: 'note' }]))
    await bed.engine.start(w(many), {}, 'big')
    const runner = bed.runner({ note }, { concurrency: 2 })
    await bed.clock.pass(50)
    await bed.engine.start(w({ a: { action: 'note' } }), {}, 'small')
    await bed.clock.until(runner.runUntilDone('small'))
    expect(order.length).toBeLessThan(20)
    expect((await bed.clock.until(runner.runUntilDone('big'))).state).toBe('succeeded')
  })
})
