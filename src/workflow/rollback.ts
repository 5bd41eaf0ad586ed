import { fail } from '../diagnostic/index.ts'
import { type StoreTransaction, textsIn } from '../store/index.ts'
import type { WorkflowGraph } from './graph.ts'
import { childId, readName, readToken, undoName } from './names.ts'
import { clean, close, enqueue, isOpen, tryAgain, type Unit } from './queue.ts'
import { endedTasks, newTask, type TaskRow, type Workspace } from './workspace.ts'

/*
 * Rolling back an execution together with all its sub-workflows, theirs, and so on: its family. Compensations run one at a time, of
 * all tasks of the family, what ended last first, whatever execution it belongs to. A task that calls a sub-workflow ended after the
 * sub-workflow's tasks, so its own compensation comes before theirs.
 *
 * Each compensation is a task `~NAME` of the execution its task belongs to. Whichever of them ends, the execution at the top is
 * locked with it, and says what is next.
 */

/** An execution of a family, as it was read without a lock; what is read here never changes. */
interface Member {
  readonly id: string
  readonly graph: WorkflowGraph
}

/** Begin, or go on, to undo. False: the execution is not one that can be. */
export async function rollBack(top: Unit): Promise<boolean> {
  const { ws, execution } = top
  if (execution.state !== 'failed' && execution.state !== 'cancelled') return false
  const family = await familyOf(top)
  await ws.lock(family.map(({ id }) => id))
  for (const member of units(top, family)) {
    if (isOpen(member.execution))
      fail('workflow/no-rollback', `the sub-workflow \`${member.execution.id}\` has not ended yet`, {
        help: 'cancel it, or wait until it has ended; then roll back',
      })
    Object.assign(member.execution, { state: 'rolling-back', ending: null, ended_at: null, active: 0, error: null })
    ws.changeExecution(member.execution)
    ws.event({ execution: member.execution.id, kind: 'rollback-started' })
  }
  await undoNext(top, family)
  return true
}

/** A compensation has ended: go on with the next, or stop. */
export async function undone(unit: Unit, row: TaskRow, outcome: 'success' | 'error'): Promise<void> {
  const { ws } = unit
  const execution = ws.execution(await topOf(ws.tx, unit.execution.id))!
  const top = { ws, execution, graph: await ws.graph(execution) }
  const family = await familyOf(top)
  if (outcome === 'success') return undoNext(top, family)
  row.outcome = 'unhandled'
  const where = execution === unit.execution ? '' : ` of \`${unit.execution.id}\``
  execution.error = clean(`the rollback stopped at task \`${readName(row.name).task}\`${where}: ${row.error}`)
  await end(top, family, 'failed')
}

/** Executions to lock before results of compensations are recorded: those at the top of what is rolled back. */
export async function topsOf(
  tx: StoreTransaction,
  results: readonly { readonly execution: string; readonly task: string }[],
): Promise<string[]> {
  const undoing = new Set(results.filter(({ task }) => readName(task).undo).map(({ execution }) => execution))
  const tops: string[] = []
  for (const id of undoing) tops.push(await topOf(tx, id))
  return tops
}

/** The highest execution that is rolled back together with this one. */
async function topOf(tx: StoreTransaction, id: string): Promise<string> {
  const query = tx.selectFrom('executions').select('parent').where('id', '=', id)
  const parent = readToken((await query.executeTakeFirst())?.parent ?? '')?.execution
  if (parent === undefined) return id
  const above = tx.selectFrom('executions').select('state').where('id', '=', parent)
  return (await above.executeTakeFirst())?.state === 'rolling-back' ? topOf(tx, parent) : id
}

/** The execution at the top and all below it, level by level. */
async function familyOf({ ws, graph, execution }: Unit): Promise<Member[]> {
  const family: Member[] = []
  let level: Member[] = [{ id: execution.id, graph }]
  while (level.length > 0) {
    family.push(...level)
    const ids: string[] = []
    for (const member of level) ids.push(...(await childrenOf(ws, member)))
    level = ids.length === 0 ? [] : await readMembers(ws, ids)
  }
  return family
}

/** Ids that the sub-workflows of all tries of all calling tasks have, if they were started. */
async function childrenOf(ws: Workspace, { id, graph }: Member): Promise<string[]> {
  if (graph.callers.length === 0) return []
  const rows = await ws.tx
    .selectFrom('tasks')
    .select(['name', 'attempt'])
    .where('execution', '=', id)
    .where('attempt', '>', 0)
    .execute()
  return rows
    .filter(({ name }) => !readName(name).undo && graph.callers.includes(readName(name).task))
    .flatMap(({ name, attempt }) =>
      Array.from({ length: attempt }, (_, i) => childId({ execution: id, task: name, attempt: i + 1 })),
    )
}

async function readMembers(ws: Workspace, ids: readonly string[]): Promise<Member[]> {
  const query = ws.tx.selectFrom('executions').select(['id', 'definition'])
  const rows = await query.where('id', 'in', textsIn(ws.store, ids)).execute()
  return Promise.all(rows.map(async row => ({ id: row.id, graph: await ws.graph(row) })))
}

/** Queue the compensation of what ended last and was not undone yet; when there is none, the rollback is over. */
async function undoNext(top: Unit, family: readonly Member[]): Promise<void> {
  const { ws } = top
  await ws.flush()
  const members = new Map(family.map(member => [member.id, member]))
  const ended = await endedTasks(ws, [...members.keys()])
  const wanted = ended
    .filter(({ execution, task }) => members.get(execution)!.graph.tasks.get(task)?.definition.compensation)
    .map(({ execution, task }) => ({ execution, name: undoName(task) }))
  await ws.load(wanted)
  for (const { execution: id, name } of wanted) {
    let row = await ws.task(id, name)
    if (row?.state === 'succeeded') continue
    await ws.lock([id])
    const unit = { ws, execution: ws.execution(id)!, graph: members.get(id)!.graph }
    if (row) return tryAgain(unit, row)
    row = newTask(id, name)
    row.attempt = 1
    ws.add(row)
    unit.execution.active++
    return enqueue(unit, row)
  }
  await end(top, family, 'rolled-back')
}

async function end(top: Unit, family: readonly Member[], state: 'failed' | 'rolled-back'): Promise<void> {
  await top.ws.lock(family.map(({ id }) => id))
  for (const unit of units(top, family)) if (unit.execution.state === 'rolling-back') close(unit, state)
}

function units({ ws }: Unit, family: readonly Member[]): Unit[] {
  return family.map(({ id, graph }) => ({ ws, graph, execution: ws.execution(id)! }))
}
