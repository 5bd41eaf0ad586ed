import { gatherValues, taskValue } from './context.ts'
import { ExpressionError, type Template, type Values } from './expressions.ts'
import type { Step, TaskPlan } from './graph.ts'
import { itemName, readName, token } from './names.ts'
import { clean, close, enqueue, isOpen, tryAgain, type Unit } from './queue.ts'
import { undone } from './rollback.ts'
import type { Ending, RetryDefinition, TaskResult } from './types.ts'
import { ITEMS_IN_ROW, newTask, type TaskRow } from './workspace.ts'

/*
 * The rules of an execution: what a start, a result, a cancel change. They work on the rows of one workspace; the engine makes each
 * one transaction. Nothing is decided anywhere else.
 *
 * - A task that fails for good and from which no transition is taken makes the execution fail: what runs is let finish and recorded,
 *   nothing new starts, a retry that was waiting is given up.
 * - An execution ends when nothing of it is queued or running. Tasks that were not reached by then are skipped: a branch not taken
 *   is not an error, and neither is a join that can no longer be complete.
 */

/** Items of one task that have a row at once, where the task sets no limit. */
const WINDOW = 1000

/** Queue the first tasks. */
export async function begin(unit: Unit): Promise<void> {
  unit.ws.event({ execution: unit.execution.id, kind: 'execution-started' })
  for (const name of unit.graph.first) {
    const row = newTask(unit.execution.id, name)
    unit.ws.add(row)
    await queue(unit, row)
  }
  await settle(unit)
}

/** One result. False: it is not awaited, and changes nothing. */
export async function complete(unit: Unit, name: string, attempt: number, result: TaskResult): Promise<boolean> {
  const { ws, execution } = unit
  const row = await ws.task(execution.id, name)
  if (!isOpen(execution) || row?.state !== 'running' || row.attempt !== attempt) return false
  const { task, undo } = readName(name)
  const plan = unit.graph.tasks.get(task)!
  await judge(unit, row, plan, undo ? plan.definition.compensation?.retry : plan.definition.retry, result)
  await settle(unit)
  return true
}

/** `wait-after` has passed: the task's result takes effect. */
export async function proceed(unit: Unit, name: string, attempt: number): Promise<void> {
  const row = await unit.ws.task(unit.execution.id, name)
  if (!isOpen(unit.execution) || row?.state !== 'waiting' || row.attempt !== attempt || row.outcome === null) return
  await finish(unit, row, row.outcome as 'success' | 'error')
  await settle(unit)
}

/** A task's items are known: give the first of them rows. False: they were known before, or the try is over. */
export async function expand(unit: Unit, name: string, attempt: number, items: readonly unknown[]): Promise<boolean> {
  const { ws, execution } = unit
  const row = await ws.task(execution.id, name)
  if (!isOpen(execution) || row?.state !== 'running' || row.attempt !== attempt || row.total !== null) return false
  letGo(row)
  Object.assign(row, { total: items.length, next: 0, done: 0, bad: 0 })
  ws.change(row)
  ws.event({ execution: execution.id, kind: 'task-expanded', task: name, attempt, data: { items: items.length } })
  await ws.addItems(execution.id, name, items)
  await refill(unit, row)
  await itemsDone(unit, row)
  await settle(unit)
  return true
}

/** Start nothing more: what is queued is given up, and what runs is waited for. */
export async function cancel(unit: Unit): Promise<void> {
  if (!isOpen(unit.execution) || unit.execution.state === 'rolling-back' || unit.execution.ending) return
  await stop(unit, 'cancelled')
  await settle(unit)
}

export async function pause(unit: Unit, before?: string): Promise<void> {
  const { ws, execution } = unit
  if (execution.state !== 'running') return
  execution.state = 'paused'
  ws.changeExecution(execution)
  ws.event({ execution: execution.id, kind: 'execution-paused', ...(before !== undefined && { task: before }) })
  await ws.moveQueue(execution.id, 'ready', 'held')
  await nudgeCallers(unit)
}

export async function resume(unit: Unit): Promise<void> {
  const { ws, execution } = unit
  if (execution.state !== 'paused') return
  execution.state = 'running'
  ws.changeExecution(execution)
  ws.event({ execution: execution.id, kind: 'execution-resumed' })
  await ws.moveQueue(execution.id, 'held', 'ready')
  await nudgeCallers(unit)
}

/** What failed is tried again, what was given up is queued, what succeeded too late leads on. False: there is nothing of that. */
export async function retry(unit: Unit): Promise<boolean> {
  const { ws, execution } = unit
  if (execution.state !== 'failed' && execution.state !== 'cancelled') return false
  const rows = (await ws.tasksIn(execution.id, ['failed', 'skipped', 'succeeded'])).filter(
    row => !readName(row.name).undo && (row.state === 'skipped' || row.outcome !== null),
  )
  if (rows.length === 0) return false
  Object.assign(execution, { state: 'running', ending: null, error: null, ended_at: null, active: 0 })
  ws.changeExecution(execution)
  ws.event({ execution: execution.id, kind: 'execution-retried' })
  const again = new Map<string, { rows: TaskRow[]; bad: number }>()
  for (const row of rows) {
    const { task, index } = readName(row.name)
    if (index === undefined) continue
    const part = again.get(task) ?? { rows: [], bad: 0 }
    part.rows.push(row)
    if (row.state === 'failed') part.bad++
    again.set(task, part)
  }
  for (const row of rows) {
    if (readName(row.name).index !== undefined) continue
    const late = row.outcome === 'late'
    row.outcome = null
    ws.change(row)
    if (row.state === 'succeeded') {
      if (late) await follow(unit, row, 'success')
      continue
    }
    if (row.state === 'failed' && row.total !== null) {
      // Only the items that failed or were given up; those that succeeded stay.
      const part = again.get(row.name) ?? { rows: [], bad: 0 }
      Object.assign(row, {
        state: 'running',
        ended_at: null,
        done: row.done! - part.rows.length,
        bad: row.bad! - part.bad,
      })
      execution.active++
      for (const item of part.rows) tryAgain(unit, item)
      await refill(unit, row)
      await itemsDone(unit, row)
      continue
    }
    tryAgain(unit, row)
  }
  await settle(unit)
  return true
}

/** A result is there: is it the last word? */
async function judge(
  unit: Unit,
  row: TaskRow,
  plan: TaskPlan,
  retryRule: RetryDefinition | undefined,
  result: TaskResult,
): Promise<void> {
  const { ws, execution } = unit
  let { outcome } = result
  let error = outcome === 'error' ? errorText(result) : undefined
  let retryable = result.retryable !== false
  let again = false
  const expressions = plan.failOn ?? plan.continueOn ?? plan.breakOn
  if (expressions && !readName(row.name).undo) {
    const values = await endValues(unit, row, plan, { result: result.data ?? null, error: error ?? null })
    try {
      if (outcome === 'success' && plan.failOn?.fill(values)) {
        outcome = 'error'
        error = 'its `fail-on` is true'
      }
      if (outcome === 'success' && plan.continueOn?.fill(values)) again = true
      if (outcome === 'error' && plan.breakOn?.fill(values)) retryable = false
    } catch (thrown) {
      outcome = 'error'
      error = expressionText(thrown)
      retryable = false
    }
  }
  row.result = result.data === undefined ? row.result : (JSON.stringify(result.data) ?? 'null')
  if (plan.definition['keep-result'] === false) row.result = null
  if (error !== undefined) row.error = clean(error)
  const failed = { execution: execution.id, kind: 'task-failed', task: row.name, attempt: row.attempt } as const
  if ((again || (outcome === 'error' && retryable)) && retryRule && !execution.ending) {
    const tries = row.attempt - row.base
    if (tries < retryRule.count) {
      if (outcome === 'error') ws.event({ ...failed, data: { error: row.error } })
      const wait = delayOf(retryRule, tries)
      // An earlier one that is still in doubt was not sent again since.
      if (result.unsure) row.unsure ??= row.attempt
      letGo(row)
      Object.assign(row, { state: 'waiting', attempt: row.attempt + 1, due: ws.now + wait, wait, started_at: null })
      if (row.total !== null) Object.assign(row, { total: null, next: null, done: null, bad: null })
      ws.change(row)
      ws.event({
        execution: execution.id,
        kind: 'retry-scheduled',
        task: row.name,
        attempt: row.attempt,
        data: { due: row.due },
      })
      return
    }
    if (again) {
      outcome = 'error'
      row.error = 'its `continue-on` was still true after all retries'
    }
  }
  const after = plan.definition['wait-after']
  if (after && !execution.ending && execution.state !== 'rolling-back' && readName(row.name).index === undefined) {
    letGo(row)
    const wait = Math.round(after * 1000)
    Object.assign(row, { state: 'waiting', outcome, due: ws.now + wait, wait })
    ws.change(row)
    return
  }
  await finish(unit, row, outcome)
}

/** The last word on a row: record it, and let it lead on. */
async function finish(unit: Unit, row: TaskRow, outcome: 'success' | 'error'): Promise<void> {
  const { ws, execution } = unit
  const { task, index, undo } = readName(row.name)
  letGo(row)
  Object.assign(row, {
    state: outcome === 'success' ? 'succeeded' : 'failed',
    outcome: null,
    ended_at: ws.now,
    unsure: null,
  })
  ws.change(row)
  // What was published is part of the task: when that fails, the task has.
  const plan = unit.graph.tasks.get(task)!
  if (index === undefined && !undo && !execution.ending) {
    try {
      const template = plan.publish[outcome]
      if (template)
        await ws.publish(execution.id, template.fill(await endValues(unit, row, plan)) as Record<string, unknown>)
    } catch (thrown) {
      outcome = 'error'
      row.state = 'failed'
      row.error = clean(expressionText(thrown))
    }
  }
  const event = { execution: execution.id, task: row.name, attempt: row.attempt }
  if (outcome === 'success') ws.event({ ...event, kind: 'task-succeeded' })
  else ws.event({ ...event, kind: 'task-failed', data: { error: row.error } })
  if (index !== undefined) {
    if (outcome === 'error') row.outcome = 'unhandled'
    const parent = (await ws.task(execution.id, task))!
    parent.done!++
    if (outcome === 'error') {
      parent.bad!++
      parent.error ??= row.error
    }
    ws.change(parent)
    if (!execution.ending) await refill(unit, parent)
    await itemsDone(unit, parent)
    return
  }
  execution.active--
  ws.changeExecution(execution)
  if (undo) return undone(unit, row, outcome)
  if (execution.ending) row.outcome = outcome === 'success' ? 'late' : 'unhandled'
  else await follow(unit, row, outcome)
}

/** Take the transitions of a task that ended. */
async function follow(unit: Unit, row: TaskRow, outcome: 'success' | 'error'): Promise<void> {
  const { ws, graph, execution } = unit
  const plan = graph.tasks.get(row.name)!
  let taken: Step[]
  try {
    const steps = plan.follow[outcome]
    const values = steps.some(step => step.guard) ? await endValues(unit, row, plan) : {}
    taken = steps.filter(step => !step.guard || step.guard.fill(values))
  } catch (thrown) {
    row.outcome = 'unhandled'
    return stop(unit, 'failed', `a guard of task \`${row.name}\` has no value: ${expressionText(thrown)}`)
  }
  if (outcome === 'error' && taken.length === 0) {
    row.outcome = 'unhandled'
    return stop(unit, 'failed', `task \`${row.name}\` failed: ${row.error}`)
  }
  // `on-success` and `on-complete` may name one task; it is reached once by this one all the same.
  const targets = new Set(taken.map(({ target }) => target))
  await ws.load([...targets].map(name => ({ execution: execution.id, name })))
  let pausing = false
  for (const target of targets) {
    if (target === 'noop') continue
    if (target === 'fail') return stop(unit, 'failed', `task \`${row.name}\` leads to \`fail\``)
    if (target === 'succeed') return stop(unit, 'succeeded')
    if (target === 'pause') pausing = true
    else await reach(unit, target)
  }
  if (pausing && execution.active > 0) await pause(unit)
}

/** A transition to a task was taken. */
async function reach(unit: Unit, target: string): Promise<void> {
  const { ws, graph, execution } = unit
  const { join } = graph.tasks.get(target)!.definition
  const needed = join === 'all' ? graph.sources.get(target)!.length : typeof join === 'number' ? join : 1
  let row = await ws.task(execution.id, target)
  if (!row) {
    row = newTask(execution.id, target)
    ws.add(row)
  }
  row.arrived++
  ws.change(row)
  if (row.attempt === 0 && row.state === 'waiting' && row.arrived >= needed) await queue(unit, row)
}

/** Put a task that was reached into the queue, at once or after its `wait-before`. */
async function queue(unit: Unit, row: TaskRow): Promise<void> {
  const { ws, graph, execution } = unit
  const plan = graph.tasks.get(row.name)!
  row.attempt = 1
  execution.active++
  ws.changeExecution(execution)
  enqueue(unit, row)
  const before = plan.definition['wait-before']
  if (before) {
    const wait = Math.round(before * 1000)
    Object.assign(row, { state: 'waiting', due: ws.now + wait, wait })
  }
  if (plan.pauseBefore && execution.state === 'running') {
    let pausing = true
    try {
      pausing = plan.pauseBefore.fill(await startValues(unit, plan.pauseBefore)) === true
    } catch {
      // In doubt, somebody should look.
    }
    if (pausing) await pause(unit, row.name)
  }
}

/** Give further items rows, as many as may go on at once. */
async function refill(unit: Unit, parent: TaskRow): Promise<void> {
  const { ws, graph, execution } = unit
  const { concurrency } = graph.tasks.get(parent.name)!.definition
  const going = parent.next! - parent.done!
  // Where there is no limit, rows are made many at a time.
  if (concurrency === undefined && going > WINDOW / 2) return
  const count = Math.min(parent.total! - parent.next!, (concurrency ?? WINDOW) - going, 4 * ITEMS_IN_ROW)
  if (count <= 0) return
  const values = await ws.items(execution.id, parent.name, parent.next!, count)
  for (const value of values) {
    const row = newTask(execution.id, itemName(parent.name, parent.next!++))
    row.item = JSON.stringify(value) ?? 'null'
    row.attempt = 1
    ws.add(row)
    enqueue(unit, row)
  }
  ws.change(parent)
}

/** When all items have ended, so has their task. */
async function itemsDone(unit: Unit, parent: TaskRow): Promise<void> {
  const { graph, execution } = unit
  const last = execution.ending ? parent.next! : parent.total!
  if (parent.done! < last) return
  const plan = graph.tasks.get(parent.name)!
  const results = plan.definition['keep-result'] === false ? [] : await itemResults(unit, parent)
  const bad = parent.bad! > 0 || last < parent.total!
  const error =
    parent.bad! > 0 ? `${parent.bad} of ${parent.total} items failed: ${parent.error}` : 'not all items were begun'
  const result: TaskResult = bad ? { outcome: 'error', data: results, error } : { outcome: 'success', data: results }
  await judge(unit, parent, plan, undefined, result)
}

async function itemResults({ ws, execution }: Unit, parent: TaskRow): Promise<unknown[]> {
  await ws.flush()
  const rows = await ws.tx
    .selectFrom('tasks')
    .select(['name', 'result'])
    .where('execution', '=', execution.id)
    .where('item', 'is not', null)
    .execute()
  const results: unknown[] = Array.from({ length: parent.next! }, () => null)
  for (const { name, result } of rows) {
    const { task, index } = readName(name)
    if (task === parent.name && index !== undefined && result !== null)
      results[index] = JSON.parse(ws.opened(execution.id, result))
  }
  return results
}

async function stop(unit: Unit, as: Ending, error?: string): Promise<void> {
  const { ws, execution } = unit
  if (execution.ending) return
  execution.ending = as
  if (error !== undefined) execution.error = clean(error)
  ws.changeExecution(execution)
  ws.event({ execution: execution.id, kind: 'execution-ending', data: { as } })
  const parents = new Set<string>()
  for (const row of await ws.tasksIn(execution.id, ['ready', 'held', 'waiting'])) {
    // A join that was not complete was not reached.
    if (row.attempt === 0) continue
    const { task, index } = readName(row.name)
    // The end of a try that waits for its retry was recorded; that of a task in its `wait-after` was not.
    const failedBefore = row.outcome === null
    giveUp(row, ws.now)
    ws.change(row)
    const event = { execution: execution.id, task: row.name, attempt: row.attempt }
    if (row.state === 'succeeded') ws.event({ ...event, kind: 'task-succeeded' })
    else if (row.state === 'failed' && !failedBefore)
      ws.event({ ...event, kind: 'task-failed', data: { error: row.error } })
    if (index === undefined) execution.active--
    else {
      const parent = (await ws.task(execution.id, task))!
      parent.done!++
      if (row.state === 'failed') parent.bad!++
      ws.change(parent)
      parents.add(task)
    }
  }
  for (const name of parents) await itemsDone(unit, (await ws.task(execution.id, name))!)
  await nudgeCallers(unit)
}

/** What was queued ends: a try that never started is skipped; a task that waits for a retry has failed before. */
function giveUp(row: TaskRow, now: number): void {
  if (row.state === 'waiting' && row.outcome !== null)
    Object.assign(row, {
      state: row.outcome === 'success' ? 'succeeded' : 'failed',
      outcome: row.outcome === 'success' ? 'late' : 'unhandled',
    })
  else if (row.state === 'waiting' && row.attempt > row.base)
    Object.assign(row, { state: 'failed', attempt: row.attempt - 1, outcome: 'unhandled' })
  else row.state = 'skipped'
  letGo(row)
  row.ended_at = now
}

/** An execution of which nothing is queued or running has ended. A rollback ends by its own rules. */
async function settle(unit: Unit): Promise<void> {
  const { graph, execution } = unit
  if (execution.active > 0 || !isOpen(execution) || execution.state === 'rolling-back') return
  let state = execution.ending ?? 'succeeded'
  if (state === 'succeeded' && graph.output) {
    try {
      execution.output = JSON.stringify(graph.output.fill(await startValues(unit, graph.output))) ?? 'null'
    } catch (thrown) {
      state = 'failed'
      execution.error = clean(`the output has no value: ${expressionText(thrown)}`)
    }
  }
  close(unit, state)
}

/** Sub-workflows follow their parent; a runner tells them. */
async function nudgeCallers({ ws, graph, execution }: Unit): Promise<void> {
  if (graph.callers.length === 0) return
  for (const row of await ws.tasksIn(execution.id, ['running']))
    if (graph.callers.includes(readName(row.name).task)) ws.nudge(token(execution.id, row.name, row.attempt))
}

/** Nobody holds it, nothing is due. */
function letGo(row: TaskRow): void {
  Object.assign(row, { claimed_by: null, delegated: 0, due: null, wait: 0, deadline: null, faults: 0 })
}

function delayOf(rule: RetryDefinition, tries: number): number {
  const delay = (rule.delay ?? 0) * (rule.backoff ?? 1) ** tries
  return Math.round(1000 * Math.min(delay, rule['max-delay'] ?? Number.POSITIVE_INFINITY, 10 ** 9))
}

function endValues(unit: Unit, row: TaskRow, plan: TaskPlan, own?: Values): Promise<Values> {
  return gatherValues(unit.graph, plan.endNames, sourcesOf(unit), {
    ...taskValue(row),
    ...own,
    ...(row.item !== null && { item: JSON.parse(row.item) as unknown }),
  })
}

function startValues(unit: Unit, template: Template): Promise<Values> {
  return gatherValues(unit.graph, template.names, sourcesOf(unit))
}

function sourcesOf({ ws, execution }: Unit) {
  return {
    execution: execution.id,
    input: () => ws.input(execution.id),
    variables: () => ws.variables(execution.id),
    async tasks(names: readonly string[]): Promise<TaskRow[]> {
      await ws.load(names.map(name => ({ execution: execution.id, name })))
      const rows = await Promise.all(names.map(name => ws.task(execution.id, name)))
      return rows.flatMap(row => (row?.ended_at ? [row] : []))
    },
  }
}

export function expressionText(thrown: unknown): string {
  if (thrown instanceof ExpressionError) return `an expression has no value: ${thrown.message}`
  throw thrown
}

function errorText(result: TaskResult): string {
  if (result.error) return result.error
  return typeof result.data === 'string' ? result.data : 'the action failed'
}
