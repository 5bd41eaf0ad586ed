import { cel } from './cel.ts'
import { compileCondition, compileTemplate, type ExpressionLanguage, type Template } from './expressions.ts'
import type { TaskDefinition, Transition, WorkflowDefinition } from './types.ts'

/** A checked definition, with what the engine asks of it worked out once. */
export interface WorkflowGraph {
  readonly definition: WorkflowDefinition
  readonly tasks: ReadonlyMap<string, TaskPlan>
  /** Tasks that no transition leads to. */
  readonly first: readonly string[]
  /** For each task, the distinct tasks that have a transition to it. */
  readonly sources: ReadonlyMap<string, readonly string[]>
  readonly vars: Template
  readonly output: Template | undefined
  /** Names that tasks publish. */
  readonly published: ReadonlySet<string>
  /** It, or a workflow it calls, has secrets: all values of its executions are stored sealed. */
  readonly sealed: boolean
  /** Tasks that start sub-workflows. */
  readonly callers: readonly string[]
}

/** One task with its expressions compiled. */
export interface TaskPlan {
  readonly definition: TaskDefinition
  readonly input: Template
  readonly items: { readonly names: readonly string[]; readonly lists: readonly Template[] } | undefined
  readonly publish: { readonly success: Template | undefined; readonly error: Template | undefined }
  /** What follows an outcome, in the order written, `on-complete` last. */
  readonly follow: { readonly success: readonly Step[]; readonly error: readonly Step[] }
  readonly continueOn: Template | undefined
  readonly breakOn: Template | undefined
  readonly failOn: Template | undefined
  readonly pauseBefore: Template | undefined
  readonly undo: Template | undefined
  /** Names that its expressions read when it starts, when it ends, and when it is undone. */
  readonly startNames: ReadonlySet<string>
  readonly endNames: ReadonlySet<string>
  readonly undoNames: ReadonlySet<string>
}

/** One transition: to a task, or a command. */
export interface Step {
  readonly target: string
  readonly guard: Template | undefined
}

/** The words by which a task names its followers. */
export const TRANSITIONS = ['on-success', 'on-error', 'on-complete'] as const

/** What a transition may name besides tasks. */
export const COMMANDS: ReadonlySet<string> = new Set(['fail', 'succeed', 'pause', 'noop'])

/** Runs a piece of compiling for the value at a path; may turn its errors into something with a place. */
export type At = <T>(path: readonly PropertyKey[], compile: () => T) => T

const plainly: At = (_, compile) => compile()

/** The names and guards of a list of transitions. */
export function* stepsOf(transitions: readonly Transition[] | undefined): Generator<[target: string, guard: unknown]> {
  for (const transition of transitions ?? []) {
    if (typeof transition === 'string') yield [transition, undefined]
    else yield* Object.entries(transition)
  }
}

export function buildGraph(
  definition: WorkflowDefinition,
  language: ExpressionLanguage = cel,
  at: At = plainly,
): WorkflowGraph {
  const sources = new Map<string, string[]>(Object.keys(definition.tasks).map(name => [name, []]))
  for (const [name, task] of Object.entries(definition.tasks))
    for (const target of allTargets(task)) sources.get(target)?.push(name)
  const tasks = new Map(
    Object.entries(definition.tasks).map(([name, task]) => [name, planTask(name, task, language, at)]),
  )
  return {
    definition,
    tasks,
    sources,
    first: [...sources].filter(([, from]) => from.length === 0).map(([name]) => name),
    vars: at(['vars'], () => compileTemplate(language, definition.vars ?? {})),
    output:
      definition.output === undefined ? undefined : at(['output'], () => compileTemplate(language, definition.output)),
    published: new Set(
      Object.values(definition.tasks).flatMap(task => [
        ...Object.keys(task.publish ?? {}),
        ...Object.keys(task['publish-on-error'] ?? {}),
      ]),
    ),
    sealed: [definition, ...Object.values(definition.workflows ?? {})].some(w => (w.secrets ?? []).length > 0),
    callers: Object.entries(definition.tasks).flatMap(([name, task]) => (task.workflow === undefined ? [] : [name])),
  }
}

function planTask(name: string, task: TaskDefinition, language: ExpressionLanguage, at: At): TaskPlan {
  const path = (...rest: PropertyKey[]) => ['tasks', name, ...rest]
  const template = (value: unknown, ...rest: PropertyKey[]) =>
    value === undefined ? undefined : at(path(...rest), () => compileTemplate(language, value))
  const condition = (value: unknown, ...rest: PropertyKey[]) =>
    value === undefined ? undefined : at(path(...rest), () => compileCondition(language, value))
  const follow = (word: (typeof TRANSITIONS)[number]): Step[] => {
    const steps: Step[] = []
    for (const [i, transition] of (task[word] ?? []).entries())
      for (const [target, guard] of stepsOf([transition]))
        if (!steps.some(step => step.target === target && !step.guard))
          steps.push({ target, guard: condition(guard, word, i) })
    return steps
  }
  const always = follow('on-complete')
  const withAlways = (steps: Step[]): Step[] => [
    ...steps,
    ...always.filter(a => !steps.some(s => s.target === a.target && !s.guard)),
  ]
  const input = at(path('input'), () => compileTemplate(language, task.input ?? {}))
  const items = itemsOf(task, (list, i) =>
    at(path('with-items', ...(Array.isArray(task['with-items']) ? [i] : [])), () => compileTemplate(language, list)),
  )
  const success = withAlways(follow('on-success'))
  const error = withAlways(follow('on-error'))
  const publish = {
    success: template(task.publish, 'publish'),
    error: template(task['publish-on-error'], 'publish-on-error'),
  }
  const continueOn = condition(task.retry?.['continue-on'], 'retry', 'continue-on')
  const breakOn = condition(task.retry?.['break-on'], 'retry', 'break-on')
  const failOn = condition(task['fail-on'], 'fail-on')
  const pauseBefore = condition(task['pause-before'], 'pause-before')
  const undo = template(task.compensation?.input, 'compensation', 'input')
  const names = (...templates: (Template | undefined)[]) => new Set(templates.flatMap(t => [...(t?.names ?? [])]))
  return {
    definition: task,
    input,
    items,
    publish,
    follow: { success, error },
    continueOn,
    breakOn,
    failOn,
    pauseBefore,
    undo,
    startNames: names(input, pauseBefore, ...(items?.lists ?? [])),
    endNames: names(
      publish.success,
      publish.error,
      continueOn,
      breakOn,
      failOn,
      ...[...success, ...error].map(step => step.guard),
    ),
    undoNames: names(undo),
  }
}

/** `NAME in LIST`, apart. */
export const ITEMS = /^\s*([A-Za-z_]\w*)\s+in\s+([\s\S]+)$/

function itemsOf(task: TaskDefinition, compile: (list: string, i: number) => Template): TaskPlan['items'] {
  if (task['with-items'] === undefined) return undefined
  const parts = [task['with-items']].flat().map(text => ITEMS.exec(text))
  return {
    names: parts.map(part => part?.[1] ?? ''),
    lists: parts.map((part, i) => compile((part?.[2] ?? '').trim(), i)),
  }
}

/** Every task this one can lead to, each once; commands are left out. */
export function allTargets(task: TaskDefinition): string[] {
  const all = TRANSITIONS.flatMap(word => [...stepsOf(task[word])].map(([target]) => target))
  return [...new Set(all)].filter(target => !COMMANDS.has(target))
}

/** The tasks that may follow an outcome, each once. */
export function targetsOf(task: TaskDefinition, outcome: 'success' | 'error'): string[] {
  const own = task[outcome === 'success' ? 'on-success' : 'on-error'] ?? []
  const all = [...stepsOf([...own, ...(task['on-complete'] ?? [])])].map(([target]) => target)
  return [...new Set(all)].filter(target => !COMMANDS.has(target))
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
