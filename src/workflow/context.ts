import type { Values } from './expressions.ts'
import type { WorkflowGraph } from './graph.ts'
import type { TaskRow } from './workspace.ts'

/*
 * What expressions see: the input's values by name, `vars`, what was published; `tasks.NAME.result` (and `.error`, `.state`) of tasks
 * that ended; `execution.id`. A task's own ending sees its `result`, `error` and `state` too, an item its value and `index`.
 * Only what is asked for is read.
 */

/** Where values come from; each is asked once at most, and only when needed. */
export interface Sources {
  readonly execution: string
  input(): Promise<unknown>
  variables(): Promise<ReadonlyMap<string, unknown>>
  tasks(names: readonly string[]): Promise<readonly TaskRow[]>
}

export async function gatherValues(
  graph: WorkflowGraph,
  names: ReadonlySet<string>,
  sources: Sources,
  own: Values = {},
): Promise<Values> {
  const values: Record<string, unknown> = {}
  const wanted = [...names].filter(name => !Object.hasOwn(own, name))
  if (wanted.length === 0) return own
  if (wanted.some(name => name !== 'tasks' && name !== 'execution')) {
    Object.assign(values, await declared(graph, await sources.input()))
    if (wanted.some(name => graph.published.has(name)))
      for (const [name, value] of await sources.variables()) values[name] = value
  }
  if (wanted.includes('execution')) values['execution'] = { id: sources.execution, workflow: graph.definition.name }
  if (wanted.includes('tasks')) {
    const rows = await sources.tasks(Object.keys(graph.definition.tasks))
    values['tasks'] = Object.fromEntries(rows.map(row => [row.name, taskValue(row)]))
  }
  return { ...values, ...own }
}

/** The input and the `vars`, as they stand before anything ran. */
export async function declared(graph: WorkflowGraph, input: unknown): Promise<Values> {
  const given = isRecord(input) ? input : {}
  const defaults: Record<string, unknown> = {}
  for (const entry of graph.definition.input ?? []) if (typeof entry !== 'string') Object.assign(defaults, entry)
  const values = { ...defaults, ...given }
  if (!graph.definition.vars) return values
  return { ...values, ...(graph.vars.fill(values) as Values) }
}

/** A task as others see it. */
export function taskValue(row: TaskRow): Values {
  return {
    state: row.state,
    result: row.result === null ? null : (JSON.parse(row.result) as unknown),
    error: row.error,
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
