import type { z } from 'zod'
import { type Diagnostic, DiagnosticError, nearestName, type Span } from '../diagnostic/index.ts'
import { isRecord } from './context.ts'
import { ExpressionError, type ExpressionLanguage } from './expressions.ts'
import {
  type At,
  allTargets,
  buildGraph,
  COMMANDS,
  findCycle,
  stepsOf,
  TRANSITIONS,
  type WorkflowGraph,
} from './graph.ts'
import { NOT_YET, wordsAt, workflowShape } from './shape.ts'
import type { TaskDefinition, WorkflowDefinition } from './types.ts'

/** Where in a definition something is: keys and list positions from the top. */
export type DefinitionPath = readonly PropertyKey[]

/** Finds the place of a path in the source text, when there is one. `key`: of the name rather than the value. */
export type Locate = (path: DefinitionPath, key?: boolean) => Span | undefined

/** Reports something that is wrong at a path. */
type Report = (code: string, message: string, help: string, path: DefinitionPath, key?: boolean) => void

/**
 * Check a definition, from YAML or built in code, and prepare it for the engine.
 * @throws DiagnosticError `workflow/…`, with everything that is wrong
 */
export function checkWorkflow(
  value: unknown,
  locate: Locate = () => undefined,
  language?: ExpressionLanguage,
): WorkflowGraph {
  const parsed = workflowShape.safeParse(value)
  if (!parsed.success) throw new DiagnosticError(parsed.error.issues.flatMap(issue => describeIssue(issue, locate)))
  const { workflows, ...main } = parsed.data
  const definition = {
    ...withDefaults(main),
    ...(workflows && {
      workflows: Object.fromEntries(
        Object.entries(workflows).map(([key, sub]) => [key, withDefaults({ ...sub, name: sub.name ?? key })]),
      ),
    }),
  } as unknown as WorkflowDefinition
  const found: Diagnostic[] = []
  const report: Report = (code, message, help, path, key) => {
    const span = locate(path, key)
    found.push({ code: `workflow/${code}`, severity: 'error', message, help, ...(span && { span }) })
  }
  const graph = checkOne(definition, [], language, report, definition.workflows ?? {})
  for (const [name, sub] of Object.entries(definition.workflows ?? {}))
    checkOne(sub, ['workflows', name], language, report, definition.workflows ?? {})
  const cycle = findCycle(callsOf(definition))
  if (cycle)
    report(
      'recursion',
      `sub-workflows call each other in a circle: ${shown(cycle)}`,
      'let one of them do without the other: the calls would never end',
      ['workflows', cycle.at(-1)!],
      true,
    )
  if (found.length > 0) throw new DiagnosticError(found)
  return graph
}

/**
 * Whether an input is what the workflow asks for.
 * @throws DiagnosticError `workflow/input`
 */
export function checkInput(definition: WorkflowDefinition, input: unknown): void {
  if (!definition.input) return
  const given = isRecord(input) ? input : {}
  const names = definition.input.flatMap(entry => (typeof entry === 'string' ? [entry] : Object.keys(entry)))
  const needed = definition.input.filter(entry => typeof entry === 'string')
  const found: Diagnostic[] = []
  const report = (message: string, help: string) =>
    found.push({ code: 'workflow/input', severity: 'error', message, help })
  for (const name of needed)
    if (!Object.hasOwn(given, name))
      report(`the workflow \`${definition.name}\` needs the input \`${name}\``, 'give it a value')
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const near = nearestName(name, names)
    report(
      `the workflow \`${definition.name}\` has no input \`${name}\``,
      near ? `did you mean \`${near}\`?` : 'leave it out, or name it under `input` of the workflow',
    )
  }
  if (found.length > 0) throw new DiagnosticError(found)
}

function checkOne(
  definition: WorkflowDefinition,
  prefix: DefinitionPath,
  language: ExpressionLanguage | undefined,
  outer: Report,
  workflows: Readonly<Record<string, unknown>>,
): WorkflowGraph {
  const report: Report = (code, message, help, path, key) => outer(code, message, help, [...prefix, ...path], key)
  wrongTargets(definition, report)
  wrongShape(definition, report)
  for (const [name, task] of Object.entries(definition.tasks)) {
    if (task.action !== undefined && task.workflow !== undefined)
      report('invalid', `task \`${name}\` has both \`action\` and \`workflow\``, 'keep one of them', [
        'tasks',
        name,
        'workflow',
      ])
    if (task.workflow !== undefined && !Object.hasOwn(workflows, task.workflow)) {
      const near = nearestName(task.workflow, Object.keys(workflows))
      const help = near ? `did you mean \`${near}\`?` : `add it under \`workflows\``
      report('unknown-workflow', `task \`${name}\` calls \`${task.workflow}\`, which is not defined`, help, [
        'tasks',
        name,
        'workflow',
      ])
    }
    if (task.concurrency !== undefined && task['with-items'] === undefined)
      report('invalid', `\`concurrency\` of task \`${name}\` is for items`, 'add `with-items`, or remove it', [
        'tasks',
        name,
        'concurrency',
      ])
  }
  const at: At = (path, compile) => {
    try {
      return compile()
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      const text = `an expression in ${place(path)} can't be read: ${error.message}`
      report('expression', text, 'mend it; see the language of expressions in the documentation of workflows', path)
      return { names: new Set<string>(), fill: () => undefined } as never
    }
  }
  const graph = buildGraph(definition, language, at)
  if (definition.vars) unreadableVars(graph, report)
  return graph
}

/** `vars` are filled before anything runs, from the input alone. */
function unreadableVars(graph: WorkflowGraph, report: Report): void {
  const inputs = graph.definition.input?.flatMap(e => (typeof e === 'string' ? [e] : Object.keys(e)))
  for (const name of graph.vars.names)
    if (inputs && !inputs.includes(name))
      report('expression', `\`vars\` reads \`${name}\`, which is not an input`, 'read inputs only', ['vars'])
}

/** `task-defaults` for all tasks that do not say otherwise. A task to which the defaults lead is not led to itself by them. */
function withDefaults<
  T extends { readonly tasks: Readonly<Record<string, object>>; readonly 'task-defaults'?: object | undefined },
>(workflow: T): Omit<T, 'task-defaults'> {
  const { 'task-defaults': defaults, ...rest } = workflow
  if (!defaults) return rest
  const led = new Set(allTargets(defaults as TaskDefinition))
  const { 'on-success': _, 'on-error': __, 'on-complete': ___, ...others } = defaults as TaskDefinition
  const tasks = Object.entries(workflow.tasks).map(([name, task]) => {
    const { concurrency: ____, ...plain } = led.has(name) ? others : (defaults as TaskDefinition)
    return [
      name,
      {
        ...('with-items' in task && 'concurrency' in defaults ? { concurrency: defaults.concurrency } : {}),
        ...plain,
        ...task,
      },
    ]
  })
  return { ...rest, tasks: Object.fromEntries(tasks) }
}

/** Which sub-workflow calls which, as if by transitions. */
function callsOf({ workflows }: WorkflowDefinition): Record<string, TaskDefinition> {
  return Object.fromEntries(
    Object.entries(workflows ?? {}).map(([name, { tasks }]) => [
      name,
      { 'on-success': Object.values(tasks).flatMap(task => (task.workflow === undefined ? [] : [task.workflow])) },
    ]),
  )
}

function describeIssue(issue: z.core.$ZodIssue, locate: Locate): Diagnostic[] {
  const error = (code: string, message: string, path: DefinitionPath, help: string, key = false): Diagnostic => {
    const span = locate(path, key)
    return { code: `workflow/${code}`, severity: 'error', message, help, ...(span && { span }) }
  }
  const see = 'see the words of a task in the documentation of workflows'
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => {
      const path = [...issue.path, key]
      if (NOT_YET.has(key))
        return error(
          'unsupported',
          `\`${key}\` is not supported yet`,
          path,
          'express it with further tasks and transitions',
          true,
        )
      const words = wordsAt(issue.path)
      const near = nearestName(key, words)
      const help = near ? `did you mean \`${near}\`?` : `known here: ${words.map(k => `\`${k}\``).join(', ')}`
      return error('unknown-word', `\`${key}\` means nothing in ${place(issue.path)}`, path, help, true)
    })
  if (issue.code === 'invalid_key') {
    const name = String(issue.path.at(-1))
    if (issue.path.at(-2) !== 'tasks')
      return [
        error(
          'invalid',
          `\`${name}\` can't name a value`,
          issue.path,
          'use a name of letters, digits and `_` that means nothing else in expressions',
          true,
        ),
      ]
    const help = COMMANDS.has(name)
      ? `\`${name}\` is a command: use another name`
      : 'use a name without blanks, slashes, brackets and a leading `~`, of at most 200 characters'
    return [error('task-name', `\`${name}\` can't name a task`, issue.path, help, true)]
  }
  const missing =
    issue.path.length >= 1 && issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  const wanted = missing
    ? 'is missing'
    : `has a wrong value: ${lowerFirst(issue.message.replace(/^Invalid input: /, ''))}`
  return [error('invalid', `${place(issue.path)} ${wanted}`, issue.path, missing ? 'add it' : see)]
}

/** A path in words: task `a`, `retry`. */
function place(path: DefinitionPath): string {
  if (path.length === 0) return 'the workflow'
  if (path[0] === 'workflows' && path.length > 2) return `${place(path.slice(2))} of workflow \`${String(path[1])}\``
  if (path[0] !== 'tasks' || path.length === 1) return `\`${path.map(String).join('.')}\``
  const rest = path.slice(2).map(String).join('.')
  return rest ? `\`${rest}\` of task \`${String(path[1])}\`` : `task \`${String(path[1])}\``
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function wrongTargets({ tasks }: WorkflowDefinition, report: Report): void {
  for (const [name, task] of Object.entries(tasks))
    for (const word of TRANSITIONS)
      for (const [i, transition] of (task[word] ?? []).entries())
        for (const [target] of stepsOf([transition])) {
          if (Object.hasOwn(tasks, target) || COMMANDS.has(target)) continue
          const near = nearestName(target, [...Object.keys(tasks), ...COMMANDS])
          report(
            'unknown-task',
            `\`${word}\` of task \`${name}\` leads to \`${target}\`, which is not a task of the workflow`,
            near ? `did you mean \`${near}\`?` : `add a task \`${target}\`, or remove the transition`,
            ['tasks', name, word, i],
          )
        }
}

function wrongShape({ name, tasks }: WorkflowDefinition, report: Report): void {
  const names = Object.keys(tasks)
  if (names.length === 0) {
    const help = 'add at least one task with an `action`'
    report('no-tasks', `the workflow \`${name}\` has no tasks`, help, ['tasks'])
    return
  }
  const sources = new Map<string, number>()
  for (const task of Object.values(tasks))
    for (const target of allTargets(task)) sources.set(target, (sources.get(target) ?? 0) + 1)
  for (const task of names) {
    const { join } = tasks[task]!
    if (join === undefined) continue
    const inbound = sources.get(task) ?? 0
    if (inbound === 0)
      report(
        'join-without-inbound',
        `task \`${task}\` joins transitions, but none leads to it`,
        `remove \`join\`, or name \`${task}\` in a transition of another task`,
        ['tasks', task, 'join'],
      )
    else if (typeof join === 'number' && join > inbound)
      report(
        'join-too-many',
        `task \`${task}\` waits for ${join} tasks, and only ${inbound} lead to it`,
        `wait for at most ${inbound}`,
        ['tasks', task, 'join'],
      )
  }
  const cycle = findCycle(tasks)
  if (!cycle) return
  report(
    'cycle',
    `transitions go in a circle: ${shown(cycle)}`,
    'a task runs once in an execution: use `retry` with `continue-on` to repeat it, or start another execution',
    ['tasks', cycle.at(-1)!],
    true,
  )
}

function shown(cycle: readonly string[]): string {
  return [...cycle, cycle[0]!].map(name => `\`${name}\``).join(' → ')
}
