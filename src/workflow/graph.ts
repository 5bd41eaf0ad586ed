import type { TaskDefinition, WorkflowDefinition } from './types.ts'

/** A checked definition, with what the engine asks of it worked out once. */
export interface WorkflowGraph {
  readonly definition: WorkflowDefinition
  /** Tasks that no transition leads to. */
  readonly first: readonly string[]
  /** For each task, the distinct tasks that have a transition to it. */
  readonly sources: ReadonlyMap<string, readonly string[]>
}

/** The words by which a task names its followers. */
export const TRANSITIONS = ['on-success', 'on-error', 'on-complete'] as const

export function buildGraph(definition: WorkflowDefinition): WorkflowGraph {
  const sources = new Map<string, string[]>(Object.keys(definition.tasks).map(name => [name, []]))
  for (const [name, task] of Object.entries(definition.tasks))
    for (const target of allTargets(task)) sources.get(target)?.push(name)
  return { definition, sources, first: [...sources].filter(([, from]) => from.length === 0).map(([name]) => name) }
}

/** Every task this one can lead to, each once. */
export function allTargets(task: TaskDefinition): string[] {
  return [...new Set(TRANSITIONS.flatMap(word => task[word] ?? []))]
}

/** The tasks that follow an outcome, each once. */
export function targetsOf(task: TaskDefinition, outcome: 'success' | 'error'): string[] {
  const own = task[outcome === 'success' ? 'on-success' : 'on-error'] ?? []
  return [...new Set([...own, ...(task['on-complete'] ?? [])])]
}

/** One cycle of transitions, as the names along it, or undefined. Depth first with an explicit stack: chains may be long. */
export function findCycle(tasks: Readonly<Record<string, TaskDefinition>>): string[] | undefined {
  const done = new Set<string>()
  for (const start of Object.keys(tasks)) {
    if (done.has(start)) continue
    const path: { name: string; targets: string[] }[] = [{ name: start, targets: allTargets(tasks[start]!) }]
    const onPath = new Set([start])
    while (path.length > 0) {
      const next = path.at(-1)!.targets.pop()
      if (next === undefined) {
        const { name } = path.pop()!
        onPath.delete(name)
        done.add(name)
      } else if (onPath.has(next)) {
        const names = path.map(p => p.name)
        return names.slice(names.indexOf(next))
      } else if (!done.has(next) && Object.hasOwn(tasks, next)) {
        path.push({ name: next, targets: allTargets(tasks[next]!) })
        onPath.add(next)
      }
    }
  }
  return undefined
}
