import { z } from 'zod'
import { COMMANDS, ITEMS } from './graph.ts'

/* The form of a definition; what its parts mean together is checked in check-workflow.ts. */

const seconds = z
  .number()
  .min(0)
  .max(10 ** 9)
const guard = z.union([z.string(), z.boolean()], { error: 'expected an expression' })
const transition = z.union([z.string(), z.record(z.string(), guard)], {
  error: 'expected a task name, or a task name with a guard',
})
const transitions = z.union(
  [
    z.array(transition),
    transition.transform(one => (typeof one === 'string' ? [one] : Object.entries(one).map(([k, v]) => ({ [k]: v })))),
  ],
  { error: 'expected a task name or a list of task names' },
)
const values = z.record(z.string(), z.unknown())
/** What expressions see under these names is something else: words of the language, and what the engine tells of a task. */
const TAKEN = new Set(
  'bool int uint double string bytes list map type dyn null_type timestamp duration true false null in tasks execution result error state index'.split(
    ' ',
  ),
)

/** Names that expressions can read. */
const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, { error: 'expected a name of letters, digits and `_`' })
  .refine(name => !TAKEN.has(name), { error: 'the name means something else in expressions' })
const variables = z.record(variable, z.unknown())
const items = z.string().regex(ITEMS, { error: 'expected `NAME in LIST`' })
const retry = z.strictObject({
  count: z.int().min(0).max(1000),
  delay: seconds.optional(),
  backoff: z.number().min(1).max(100).optional(),
  'max-delay': seconds.optional(),
  'continue-on': guard.optional(),
  'break-on': guard.optional(),
})
// A slash separates the parts of a token, a name is one word wherever it is shown, and items and compensations have names of their own.
export const taskName = z
  .string()
  .regex(/^(?!~)[^\s/[\]]{1,200}$/)
  .refine(name => !COMMANDS.has(name))

const policies = {
  'on-success': transitions.optional(),
  'on-error': transitions.optional(),
  'on-complete': transitions.optional(),
  concurrency: z.int().min(1).max(100_000).optional(),
  'keep-result': z.boolean().optional(),
  retry: retry.optional(),
  timeout: seconds.gt(0).optional(),
  'wait-before': seconds.optional(),
  'wait-after': seconds.optional(),
  'pause-before': guard.optional(),
  'fail-on': guard.optional(),
}

export const taskShape = z.strictObject({
  action: z.string().min(1).optional(),
  workflow: z.string().min(1).optional(),
  input: values.optional(),
  publish: variables.optional(),
  'publish-on-error': variables.optional(),
  join: z.union([z.literal(['all', 'one']), z.int().min(1)], { error: 'expected `all`, `one` or a number' }).optional(),
  'with-items': z
    .union([items, z.array(items).min(1)], { error: 'expected `NAME in LIST`, or a list of that' })
    .optional(),
  ...policies,
  compensation: z
    .strictObject({
      action: z.string().min(1),
      input: values.optional(),
      retry: retry.optional(),
      timeout: seconds.gt(0).optional(),
    })
    .optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
})

const inputs = z.array(z.union([variable, variables], { error: 'expected a name, or a name with a default' }))

const base = {
  description: z.string().optional(),
  version: z.literal(['2.0', 2]).optional(),
  type: z.literal('direct').optional(),
  tags: z.array(z.string()).optional(),
  input: inputs.optional(),
  vars: variables.optional(),
  output: z.unknown().optional(),
  secrets: z.array(z.string()).optional(),
  'task-defaults': z.strictObject(policies).optional(),
  tasks: z.record(taskName, taskShape),
}

/** A sub-workflow's name is its key. */
const subShape = z.strictObject({ name: z.string().min(1).optional(), ...base })

export const workflowShape = z.strictObject({
  name: z.string().min(1),
  ...base,
  workflows: z.record(z.string().min(1), subShape).optional(),
})

/** Words known at a place, to help with a wrong one. */
export function wordsAt(path: readonly PropertyKey[]): string[] {
  const rest = path[0] === 'workflows' ? path.slice(2) : path
  if (rest[0] === 'task-defaults' && rest.length === 1) return Object.keys(policies)
  if (rest.at(-1) === 'retry') return Object.keys(retry.shape)
  if (rest.at(-1) === 'compensation') return ['action', 'input', 'retry', 'timeout']
  return rest.length >= 2 ? Object.keys(taskShape.shape) : Object.keys(workflowShape.shape)
}

/** Words of Mistral v2 that are understood and not carried out. */
export const NOT_YET: ReadonlySet<string> = new Set(['requires', 'output-on-error', 'target', 'safe-rerun', 'next'])
