import { z } from 'zod'
import { type Diagnostic, DiagnosticError, nearestName, type Span } from '../diagnostic/index.ts'
import { allTargets, buildGraph, findCycle, TRANSITIONS, type WorkflowGraph } from './graph.ts'
import type { WorkflowDefinition } from './types.ts'

/** Where in a definition something is: keys and list positions from the top. */
export type DefinitionPath = readonly PropertyKey[]

/** Finds the place of a path in the source text, when there is one. `key`: of the name rather than the value. */
export type Locate = (path: DefinitionPath, key?: boolean) => Span | undefined

const seconds = z
  .number()
  .min(0)
  .max(10 ** 9)
const targets = z.union([z.array(z.string()), z.string().transform(name => [name])], {
  error: 'expected a task name or a list of task names',
})
// A slash separates the parts of a token, and a name is one word wherever it is shown.
const taskName = z.string().regex(/^[^\s/]{1,200}$/)

const taskShape = z.strictObject({
  action: z.string().min(1),
  input: z.record(z.string(), z.unknown()).optional(),
  'on-success': targets.optional(),
  'on-error': targets.optional(),
  'on-complete': targets.optional(),
  join: z.literal('all').optional(),
  retry: z
    .strictObject({ count: z.int().min(0).max(1000), delay: seconds, backoff: z.number().min(1).max(100).optional() })
    .optional(),
  timeout: seconds.gt(0).optional(),
  description: z.string().optional(),
})

const workflowShape = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  version: z.literal(['2.0', 2]).optional(),
  type: z.literal('direct').optional(),
  tasks: z.record(taskName, taskShape),
})

/** Words of Mistral v2 that are understood and not carried out. */
const NOT_YET = new Set([
  'with-items',
  'concurrency',
  'publish',
  'publish-on-error',
  'workflow',
  'wait-before',
  'wait-after',
  'pause-before',
  'requires',
  'task-defaults',
  'output',
  'output-on-error',
  'input',
  'vars',
  'tags',
  'target',
  'keep-result',
  'safe-rerun',
  'fail-on',
  'continue-on',
  'break-on',
])

/**
 * Check a definition, from YAML or built in code, and prepare it for the engine.
 * @throws DiagnosticError `workflow/…`, with everything that is wrong
 */
export function checkWorkflow(value: unknown, locate: Locate = () => undefined): WorkflowGraph {
  const parsed = workflowShape.safeParse(value)
  if (!parsed.success) throw new DiagnosticError(parsed.error.issues.flatMap(issue => describeIssue(issue, locate)))
  const definition = parsed.data as WorkflowDefinition
  const found = [...wrongTargets(definition, locate), ...wrongShape(definition, locate)]
  if (found.length > 0) throw new DiagnosticError(found)
  return buildGraph(definition)
}

function describeIssue(issue: z.core.$ZodIssue, locate: Locate): Diagnostic[] {
  const error = (code: string, message: string, path: DefinitionPath, help: string, key = false): Diagnostic => {
    const span = locate(path, key)
    return { code, severity: 'error', message, help, ...(span && { span }) }
  }
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => {
      const path = [...issue.path, key]
      if (NOT_YET.has(key))
        return error(
          'workflow/unsupported',
          `\`${key}\` is not supported yet`,
          path,
          'express it with further tasks and transitions',
          true,
        )
      const shape =
        issue.path.length >= 3
          ? taskShape.shape.retry.unwrap().shape
          : issue.path.length
            ? taskShape.shape
            : workflowShape.shape
      const near = nearestName(key, Object.keys(shape))
      const help = near
        ? `did you mean \`${near}\`?`
        : `known here: ${Object.keys(shape)
            .map(k => `\`${k}\``)
            .join(', ')}`
      return error('workflow/unknown-word', `\`${key}\` means nothing in ${place(issue.path)}`, path, help, true)
    })
  if (issue.code === 'invalid_key')
    return [
      error(
        'workflow/task-name',
        `\`${String(issue.path.at(-1))}\` can't name a task`,
        issue.path,
        'use a name without blanks and slashes, of at most 200 characters',
        true,
      ),
    ]
  const missing =
    issue.path.length >= 1 && issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  const wanted = missing
    ? 'is missing'
    : `has a wrong value: ${lowerFirst(issue.message.replace(/^Invalid input: /, ''))}`
  const help = missing ? 'add it' : 'see the words of a task in the documentation of workflows'
  return [error('workflow/invalid', `${place(issue.path)} ${wanted}`, issue.path, help)]
}

/** A path in words: task `a`, `retry`. */
function place(path: DefinitionPath): string {
  if (path.length === 0) return 'the workflow'
  if (path[0] !== 'tasks' || path.length === 1) return `\`${path.map(String).join('.')}\``
  const rest = path.slice(2).map(String).join('.')
  return rest ? `\`${rest}\` of task \`${String(path[1])}\`` : `task \`${String(path[1])}\``
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function* wrongTargets({ tasks }: WorkflowDefinition, locate: Locate): Generator<Diagnostic> {
  for (const [name, task] of Object.entries(tasks))
    for (const word of TRANSITIONS)
      for (const [i, target] of (task[word] ?? []).entries()) {
        if (Object.hasOwn(tasks, target)) continue
        const near = nearestName(target, Object.keys(tasks))
        const span = locate(['tasks', name, word, i]) ?? locate(['tasks', name, word])
        yield {
          code: 'workflow/unknown-task',
          severity: 'error',
          message: `\`${word}\` of task \`${name}\` leads to \`${target}\`, which is not a task of the workflow`,
          help: near ? `did you mean \`${near}\`?` : `add a task \`${target}\`, or remove the transition`,
          ...(span && { span }),
        }
      }
}

function* wrongShape({ name, tasks }: WorkflowDefinition, locate: Locate): Generator<Diagnostic> {
  const names = Object.keys(tasks)
  if (names.length === 0) {
    const span = locate(['tasks'])
    yield {
      code: 'workflow/no-tasks',
      severity: 'error',
      message: `the workflow \`${name}\` has no tasks`,
      help: 'add at least one task with an `action`',
      ...(span && { span }),
    }
    return
  }
  const reached = new Set(Object.values(tasks).flatMap(allTargets))
  for (const task of names) {
    if (!tasks[task]!.join || reached.has(task)) continue
    const span = locate(['tasks', task, 'join'])
    yield {
      code: 'workflow/join-without-inbound',
      severity: 'error',
      message: `task \`${task}\` joins transitions, but none leads to it`,
      help: `remove \`join\`, or name \`${task}\` in a transition of another task`,
      ...(span && { span }),
    }
  }
  const cycle = findCycle(tasks)
  if (!cycle) return
  const span = locate(['tasks', cycle.at(-1)!], true)
  yield {
    code: 'workflow/cycle',
    severity: 'error',
    message: `transitions go in a circle: ${[...cycle, cycle[0]!].map(n => `\`${n}\``).join(' → ')}`,
    help: 'a task runs once in an execution: use `retry` to repeat it, or start another execution',
    ...(span && { span }),
  }
}
