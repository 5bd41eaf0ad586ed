import { describe, expect, test } from 'vitest'
import { begin, cancel, complete, type ExecutionSituation, type Situation, type TaskSituation } from './advance.ts'
import { checkWorkflow } from './check-workflow.ts'
import type { TaskDefinition, TaskResult } from './types.ts'

const going: ExecutionSituation = { state: 'running', ending: null, active: 1 }
const success: TaskResult = { outcome: 'success' }
const error: TaskResult = { outcome: 'error', error: 'no room' }

function situation(tasks: Record<string, TaskDefinition>, more: Partial<Situation> = {}): Situation {
  const graph = checkWorkflow({ name: 'w', tasks })
  return {
    graph,
    execution: going,
    task: { name: 'a', state: 'running', attempt: 1 },
    targets: new Map(),
    queued: [],
    ...more,
  }
}

/** Changes in short: `task:state/attempt`. */
function outcomeOf(s: Situation, result: TaskResult, attempt = 1) {
  const changes = complete(s, { task: 'a', attempt, result, now: 5000 })
  return (
    changes && {
      tasks: changes.tasks.map(t => `${t.name}:${t.state}/${t.attempt}${t.due === undefined ? '' : `@${t.due}`}`),
      execution: `${changes.execution.state} ${changes.execution.ending ?? 'on'} ${changes.execution.active}`,
      transitions: changes.transitions.map(t => `${t.source}>${t.target}`),
    }
  )
}

test('begin queues the tasks that nothing leads to', () => {
  const { graph } = situation({ a: { action: 'x', 'on-success': ['b'] }, b: { action: 'x' }, c: { action: 'x' } })
  const changes = begin(graph, 7)
  expect(changes.tasks.map(t => [t.name, t.state, t.due])).toEqual([
    ['a', 'ready', 7],
    ['c', 'ready', 7],
  ])
  expect(changes.execution.active).toBe(2)
})

test('a success takes on-success and on-complete, each follower once', () => {
  const s = situation({
    a: { action: 'x', 'on-success': ['b', 'c'], 'on-error': ['d'], 'on-complete': ['c'] },
    b: { action: 'x' },
    c: { action: 'x' },
    d: { action: 'x' },
  })
  expect(outcomeOf(s, success)).toEqual({
    tasks: ['a:succeeded/1', 'b:ready/1@5000', 'c:ready/1@5000'],
    execution: 'running on 2',
    transitions: ['a>b', 'a>c'],
  })
  expect(outcomeOf(s, error)).toMatchObject({ tasks: ['a:failed/1', 'd:ready/1@5000', 'c:ready/1@5000'] })
})

test('a join waits for all its sources; without join the first transition starts it, and only it', () => {
  const tasks = (join: 'all' | undefined): Record<string, TaskDefinition> => ({
    a: { action: 'x', 'on-success': ['j'] },
    b: { action: 'x', 'on-success': ['j'] },
    j: { action: 'x', ...(join && { join }) },
  })
  const twoActive = { execution: { ...going, active: 2 } }
  const seen = (reached: boolean, arrived: number) => ({
    ...twoActive,
    targets: new Map([['j', { reached, arrived }]]),
  })
  const joined = { tasks: ['a:succeeded/1', 'j:ready/1@5000'], execution: 'running on 2', transitions: ['a>j'] }
  const not = { tasks: ['a:succeeded/1'], execution: 'running on 1', transitions: ['a>j'] }
  expect(outcomeOf(situation(tasks('all'), seen(false, 0)), success)).toEqual(not)
  expect(outcomeOf(situation(tasks('all'), seen(false, 1)), success)).toEqual(joined)
  expect(outcomeOf(situation(tasks(undefined), seen(false, 0)), success)).toEqual(joined)
  expect(outcomeOf(situation(tasks(undefined), seen(true, 1)), success)).toEqual(not)
})

test('the last task ends the execution, though a join was never complete', () => {
  const s = situation({
    a: { action: 'x', 'on-success': ['j'] },
    b: { action: 'x', 'on-success': ['j'] },
    j: { action: 'x', join: 'all' },
  })
  expect(outcomeOf(s, success)).toMatchObject({ execution: 'succeeded on 0', transitions: ['a>j'] })
})

describe('an error', () => {
  const retried = situation({ a: { action: 'x', retry: { count: 2, delay: 1.5, backoff: 2 } } })
  const at = (attempt: number) => ({ ...retried, task: { name: 'a', state: 'running', attempt } as const })

  test('is retried with growing delays, and then final', () => {
    expect(outcomeOf(at(1), error)).toMatchObject({ tasks: ['a:waiting/2@6500'], execution: 'running on 1' })
    expect(outcomeOf(at(2), error, 2)).toMatchObject({ tasks: ['a:waiting/3@8000'], execution: 'running on 1' })
    expect(outcomeOf(at(3), error, 3)).toMatchObject({ tasks: ['a:failed/3'], execution: 'failed on 0' })
  })

  test('that a retry can not help is final', () => {
    expect(outcomeOf(at(1), { ...error, retryable: false })).toMatchObject({ tasks: ['a:failed/1'] })
  })

  test('of a task that nobody minds stops the execution: the queue is given up, what runs goes on', () => {
    const queued: TaskSituation[] = [
      { name: 'r', state: 'ready', attempt: 1 },
      { name: 'w', state: 'waiting', attempt: 3 },
    ]
    const s = situation({ a: { action: 'x' } }, { execution: { ...going, active: 4 }, queued })
    expect(outcomeOf(s, error)).toEqual({
      tasks: ['a:failed/1', 'r:skipped/1', 'w:failed/2'],
      execution: 'running failed 1',
      transitions: [],
    })
  })
})

describe('while an execution ends', () => {
  const ending = { execution: { state: 'paused', ending: 'cancelled', active: 2 } } as const
  const s = situation(
    { a: { action: 'x', retry: { count: 9, delay: 1 }, 'on-complete': ['b'] }, b: { action: 'x' } },
    ending,
  )

  test('results are recorded and lead nowhere', () => {
    expect(outcomeOf(s, success)).toEqual({
      tasks: ['a:succeeded/1'],
      execution: 'paused cancelled 1',
      transitions: [],
    })
    expect(outcomeOf(s, error)).toEqual({ tasks: ['a:failed/1'], execution: 'paused cancelled 1', transitions: [] })
  })

  test('the last one closes it', () => {
    const last = { ...s, execution: { ...ending.execution, active: 1 } }
    expect(outcomeOf(last, error)).toMatchObject({ execution: 'cancelled on 0' })
  })

  test('another cancel changes nothing', () => {
    expect(cancel(ending.execution, [])).toBeUndefined()
    expect(cancel({ ...going, state: 'succeeded' }, [])).toBeUndefined()
  })
})

test.each([
  ['another try', { task: { name: 'a', state: 'running', attempt: 2 } }],
  ['a task with a result', { task: { name: 'a', state: 'succeeded', attempt: 1 } }],
  ['a task that has not started', { task: { name: 'a', state: 'ready', attempt: 1 } }],
  ['a task that was not reached', { task: undefined }],
  ['an execution that has ended', { execution: { state: 'failed', ending: null, active: 0 } }],
] as const)('a result for %s changes nothing', (_, more) => {
  expect(outcomeOf(situation({ a: { action: 'x' } }, more), success)).toBeUndefined()
})
