import type { Store } from '../store/index.ts'
import { expressionText } from './advance.ts'
import { type Claim, claimKey } from './claims.ts'
import { gatherValues, isRecord } from './context.ts'
import { ExpressionError, type Values } from './expressions.ts'
import { readName, token } from './names.ts'
import type { Action, ActionAnswer, TaskResult } from './types.ts'
import type { TaskRow } from './workspace.ts'

/*
 * Carrying one try out, up to its answer; the answer is recorded elsewhere.
 */

/** What is to be done with a claim: an answer to record, items to spread, a sub-workflow to start. */
export type Performed =
  | { readonly kind: 'answer'; readonly answer: ActionAnswer }
  | { readonly kind: 'items'; readonly items: readonly unknown[] }
  | { readonly kind: 'child'; readonly workflow: string; readonly input: Readonly<Record<string, unknown>> }

export async function perform(
  store: Store,
  claim: Claim,
  find: (action: string) => Action | undefined,
  /** The earlier try that was in doubt is not any more: note it before another is sent. */
  forget: () => Promise<void>,
): Promise<Performed> {
  const { plan, task: name } = claim
  const { index, undo } = readName(name)
  try {
    if (plan.items && index === undefined && !undo) return { kind: 'items', items: await listItems(store, claim) }
    const input = await inputOf(store, claim)
    if (!undo && plan.definition.workflow !== undefined)
      return { kind: 'child', workflow: plan.definition.workflow, input }
    if (claim.action === undefined) return answer({ outcome: 'success' })
    const action = find(claim.action)
    if (!action)
      return answer({ outcome: 'error', error: `no action is registered under \`${claim.action}\``, retryable: false })
    return answer((await reconcile(claim, action, forget)) ?? (await action.run(input, contextOf(claim))))
  } catch (error) {
    if (error instanceof ExpressionError)
      return answer({ outcome: 'error', error: expressionText(error), retryable: false })
    return answer({ outcome: 'error', error: error instanceof Error ? error.message : String(error) })
  }
}

/** The try by whose token the outside knows what a claim is about: an earlier one, while it is in doubt. */
export function tokenToAsk(claim: Claim): string {
  return claim.unsure === undefined ? claimKey(claim) : token(claim.execution, claim.task, claim.unsure)
}

/** What the outside knows of a try that may have been sent. Undefined: nothing, so it must be sent. */
async function reconcile(claim: Claim, action: Action, forget: () => Promise<void>): Promise<ActionAnswer | undefined> {
  if (!action.poll) return undefined
  if (claim.unsure !== undefined) {
    const earlier = await action.poll(tokenToAsk(claim))
    if (earlier === 'running') return 'later'
    if (earlier?.outcome === 'success') return earlier
    await forget()
  }
  if (!claim.again) return undefined
  const present = await action.poll(claimKey(claim))
  return present === 'running' ? 'later' : present
}

function contextOf(claim: Claim) {
  const { execution, task, attempt, executionInput } = claim
  return { execution, task, attempt, token: claimKey(claim), executionInput }
}

function answer(value: ActionAnswer): Performed {
  return { kind: 'answer', answer: value }
}

async function inputOf(store: Store, claim: Claim): Promise<Readonly<Record<string, unknown>>> {
  const { plan, task: name } = claim
  const { index, undo, task } = readName(name)
  if (undo) {
    if (!plan.undo) return {}
    const own = plan.undoNames.has('result') ? await resultOf(store, claim.execution, task) : {}
    return plan.undo.fill(await valuesFor(store, claim, plan.undoNames, own)) as Record<string, unknown>
  }
  if (plan.input.names.size === 0) return plan.input.fill({}) as Record<string, unknown>
  const own = index === undefined ? {} : itemValues(claim, index)
  const input = plan.input.fill(await valuesFor(store, claim, plan.input.names, own))
  return isRecord(input) ? input : {}
}

/** An item under the name or the names that `with-items` gives it. */
function itemValues({ plan, item }: Claim, index: number): Values {
  const { names } = plan.items!
  const values = names.length === 1 ? [item] : (item as unknown[])
  return { index, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }
}

async function listItems(store: Store, claim: Claim): Promise<readonly unknown[]> {
  const { lists, names } = claim.plan.items!
  const values = await valuesFor(store, claim, new Set(lists.flatMap(list => [...list.names])), {})
  const filled = lists.map((list, i) => {
    const value = list.fill(values)
    if (!Array.isArray(value)) throw new ExpressionError(`\`${names[i]}\` needs a list`, 0)
    return value as unknown[]
  })
  const [first = []] = filled
  if (filled.some(list => list.length !== first.length))
    throw new ExpressionError('the lists of `with-items` are not of the same length', 0)
  return filled.length === 1 ? first : first.map((_, i) => filled.map(list => list[i]))
}

function valuesFor(store: Store, claim: Claim, names: ReadonlySet<string>, own: Values): Promise<Values> {
  const { execution } = claim
  return gatherValues(
    claim.graph,
    names,
    {
      execution,
      input: async () => claim.executionInput,
      variables: async () => {
        const query = store.db.selectFrom('variables').select(['name', 'value'])
        const rows = await query.where('execution', '=', execution).execute()
        return new Map(rows.map(row => [row.name, JSON.parse(store.vault.open(row.value, execution)) as unknown]))
      },
      async tasks(all) {
        const rows = await store.db
          .selectFrom('tasks')
          .selectAll()
          .where('execution', '=', execution)
          .where('ended_at', 'is not', null)
          .where('item', 'is', null)
          .execute()
        const wanted = new Set(all)
        const { sealed } = claim.graph
        const opened = (text: string | null) => (text !== null && sealed ? store.vault.open(text, execution) : text)
        return rows
          .filter((row: TaskRow) => wanted.has(row.name))
          .map(row => ({ ...row, result: opened(row.result), error: opened(row.error) }))
      },
    },
    own,
  )
}

async function resultOf(store: Store, execution: string, task: string): Promise<Values> {
  const query = store.db.selectFrom('tasks').select('result').where('execution', '=', execution)
  const row = await query.where('name', '=', task).executeTakeFirst()
  return { result: row?.result ? (JSON.parse(store.vault.open(row.result, execution)) as TaskResult['data']) : null }
}
