import { describe, expect, test } from 'vitest'
import { testDialects } from '../store/testing/databases.ts'
import { type Action, showExecution, type TaskDefinition, type WorkflowDefinition } from './index.ts'
import { Bed } from './testing/bed.ts'

describe.each(testDialects())('on $dialect $skip', dialect => {
  if (dialect.skip) return test.skip(dialect.skip)
  const bed = new Bed(dialect)

  /** A task that takes so many seconds and says what undoes it. */
  const step = (seconds: number, more: TaskDefinition = {}): TaskDefinition => ({
    action: 'std.sleep',
    input: { seconds },
    compensation: { action: 'undo', input: { whose: '<% who %>' } },
    ...more,
  })

  /** Two of its tasks at the same time as its sub-workflow's, which calls another; then it fails. */
  const nested: WorkflowDefinition = {
    name: 'outer',
    input: [{ who: 'outer' }],
    tasks: {
      call: {
        workflow: 'middle',
        input: { who: 'middle' },
        'on-success': ['end'],
        compensation: { action: 'undo', input: { whose: '<% who %>' } },
      },
      first: step(2, { 'on-success': ['second'] }),
      second: step(4, { 'on-success': ['end'] }),
      end: { join: 'all', action: 'std.fail' },
    },
    workflows: {
      middle: {
        name: 'middle',
        input: ['who'],
        tasks: {
          before: step(1, { 'on-success': ['deep'] }),
          deep: { workflow: 'inner', input: { who: 'inner' }, 'on-success': ['after'] },
          after: step(1),
        },
      },
      inner: { name: 'inner', input: ['who'], tasks: { only: step(3) } },
    },
  }

  test('a rollback goes through sub-workflows in the reverse order of all that ended', async () => {
    const undone: string[] = []
    const undo: Action = {
      async run(input, { task }) {
        undone.push(`${input['whose']}${task}`)
        return { outcome: 'success' }
      },
    }
    const view = await bed.run(nested, {}, { undo })
    expect(view.state).toBe('failed')
    await bed.engine.rollback(view.id)
    expect((await bed.clock.until(bed.runner({ undo }).runUntilDone(view.id))).state).toBe('rolled-back')
    // Ended after 1, 2, 4, 5, 6 and 6 seconds; the last two in either order, and the calling task after its sub-workflow.
    expect(undone.slice(3)).toEqual(['inner~only', 'outer~first', 'middle~before'])
    expect(undone.slice(0, 3).sort()).toEqual(['middle~after', 'outer~call', 'outer~second'])
    expect(undone.indexOf('outer~call')).toBeLessThan(undone.indexOf('middle~after'))
    for (const id of [`${view.id}.call.1`, `${view.id}.call.1.deep.1`])
      expect((await showExecution(bed.store, id)).state).toBe('rolled-back')
  })

  test('one that fails in a sub-workflow stops it all, and it goes on there', async () => {
    const undone: string[] = []
    let stuck = true
    const undo: Action = {
      async run(input, { task, token }) {
        if (stuck && input['whose'] === 'inner') return { outcome: 'error', error: 'stuck' }
        undone.push(`${input['whose']}${task} ${token.split('/').at(-1)}`)
        return { outcome: 'success' }
      },
    }
    const { id } = await bed.run(nested, {}, { undo })
    await bed.engine.rollback(id)
    const runner = bed.runner({ undo })
    const child = `${id}.call.1.deep.1`
    expect(await bed.clock.until(runner.runUntilDone(id))).toMatchObject({
      state: 'failed',
      error: `the rollback stopped at task \`only\` of \`${child}\`: stuck`,
    })
    expect((await showExecution(bed.store, child)).state).toBe('failed')
    stuck = false
    await bed.engine.rollback(id)
    expect((await bed.clock.until(runner.runUntilDone(id))).state).toBe('rolled-back')
    expect(new Set(undone).size).toBe(6)
    expect(undone.slice(3)).toEqual(['inner~only 2', 'outer~first 1', 'middle~before 1'])
  })

  test('sub-workflows of all tries and all items are rolled back; one that still runs holds the rollback up', async () => {
    const undone: unknown[] = []
    const undo: Action = {
      async run(input) {
        undone.push(input['whose'])
        return { outcome: 'success' }
      },
    }
    const definition: WorkflowDefinition = {
      name: 'w',
      tasks: {
        each: { 'with-items': 'x in <% [1, 2] %>', workflow: 'sub', input: { who: '<% x %>' }, retry: { count: 1 } },
      },
      workflows: {
        sub: {
          name: 'sub',
          input: ['who'],
          tasks: { a: step(1, { 'on-success': ['b'] }), b: { action: 'std.fail' } },
        },
      },
    }
    const { id } = await bed.run(definition, {}, { undo })
    await bed.engine.rollback(id)
    expect((await bed.clock.until(bed.runner({ undo }).runUntilDone(id))).state).toBe('rolled-back')
    expect(undone.sort()).toEqual([1, 1, 2, 2])

    const waiting: WorkflowDefinition = {
      name: 'w',
      tasks: { call: { workflow: 'sub' } },
      workflows: { sub: { name: 'sub', tasks: { a: { action: 'std.wait' } } } },
    }
    const open = await bed.engine.start(waiting, {})
    await bed.clock.pass(100)
    await bed.engine.taskComplete(open, 'call', 1, { outcome: 'error' })
    await expect(bed.engine.rollback(open)).rejects.toThrow(`the sub-workflow \`${open}.call.1\` has not ended yet`)
    await bed.engine.cancel(`${open}.call.1`)
    await bed.engine.taskComplete(`${open}.call.1`, 'a', 1, { outcome: 'success' })
    await bed.engine.rollback(open)
    expect((await showExecution(bed.store, open)).state).toBe('rolled-back')
  })

  test('a sub-workflow whose task timed out is cancelled', async () => {
    const definition: WorkflowDefinition = {
      name: 'w',
      tasks: { call: { workflow: 'sub', timeout: 5 } },
      workflows: { sub: { name: 'sub', tasks: { a: { action: 'std.sleep', input: { seconds: 60 } } } } },
    }
    const view = await bed.run(definition)
    expect(view).toMatchObject({ state: 'failed', tasks: [{ error: 'timed out after 5 s' }] })
    await bed.clock.pass(60_000)
    expect((await showExecution(bed.store, `${view.id}.call.1`)).state).toBe('cancelled')
  })
})
