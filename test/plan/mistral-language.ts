import { z } from 'zod'

/*
 * Mistral's workflow language, version 2, as far as plans use it: the schemas of openstack/mistral, mistral/lang/types.py and
 * mistral/lang/v2/{workflows,tasks,retry_policy,on_clause}.py, and the checks that these files make on top of them.
 */

const text = z.string().min(1)
const expression = z.string().regex(/^<%.*?%>\s*$/)
const wholeNumber = z.number().int().min(0)
const dictionary = z.record(z.string().regex(/^\w+$/), z.unknown()).refine(d => Object.keys(d).length > 0)
const taskName = z.string().regex(/^\w+$/).max(255)
const next = z.union([
  taskName,
  z.record(taskName, expression).refine(d => Object.keys(d).length === 1, 'one task with one condition'),
])
const clause = z
  .array(next)
  .min(1)
  .refine(list => new Set(list.map(x => JSON.stringify(x))).size === list.length, 'the items must differ')

const task = z
  .strictObject({
    description: text.optional(),
    action: text.optional(),
    workflow: text.optional(),
    input: dictionary.optional(),
    publish: dictionary.optional(),
    retry: z
      .strictObject({
        count: z.union([expression, wholeNumber]),
        delay: z.union([expression, wholeNumber]),
        'break-on': expression.optional(),
        'continue-on': expression.optional(),
      })
      .optional(),
    'wait-before': z.union([expression, wholeNumber]).optional(),
    'wait-after': z.union([expression, wholeNumber]).optional(),
    timeout: z.union([expression, wholeNumber]).optional(),
    join: z.union([z.enum(['all', 'one']), wholeNumber]).optional(),
    'on-success': clause.optional(),
    'on-error': clause.optional(),
    'on-complete': clause.optional(),
  })
  .refine(t => (t.action === undefined) !== (t.workflow === undefined), 'an action or a workflow')

const workflow = z.strictObject({
  type: z.enum(['direct', 'reverse']),
  description: text.optional(),
  input: z.array(text).min(1).optional(),
  tasks: z.record(taskName, task).refine(t => Object.keys(t).length > 0, 'at least one task'),
})

export const mistralFile = z.object({ version: z.literal('2.0') }).catchall(workflow)

export type MistralTask = z.infer<typeof task>

/** Commands of the engine that stand where a task may. */
const COMMANDS = new Set(['noop', 'fail', 'succeed', 'pause'])

/** Names that a task goes on to. */
export function nextOf(t: MistralTask): string[] {
  return [t['on-success'], t['on-error'], t['on-complete']].flatMap(list =>
    (list ?? []).map(x => (typeof x === 'string' ? x : Object.keys(x)[0]!)),
  )
}

/** What Mistral's own checks would say of a workflow beyond its schema, in words; empty: it is taken. */
export function faultsOf(content: unknown): string[] {
  const parsed = mistralFile.safeParse(content)
  if (!parsed.success) return parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  const { version: _, ...workflows } = parsed.data
  return Object.entries(workflows).flatMap(([name, value]) => {
    const { tasks, input = [] } = workflow.parse(value)
    const names = Object.keys(tasks)
    const arrivals = names.flatMap(from => nextOf(tasks[from]!).map(to => ({ from, to })))
    const coming = (to: string) => new Set(arrivals.filter(a => a.to === to).map(a => a.from)).size
    const used = [...JSON.stringify(tasks).matchAll(/\$\.(\w+)/g)].map(m => m[1]!)
    const seen = [...JSON.stringify(tasks).matchAll(/task\((\w+)\)/g)].map(m => m[1]!)
    return [
      ...(/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name) ? ['the workflow is named like a UUID'] : []),
      ...(names.every(n => coming(n) > 0) ? ['no task to start with'] : []),
      ...arrivals
        .filter(a => !(a.to in tasks) && !COMMANDS.has(a.to))
        .map(a => `${a.from} goes on to ${a.to}, which is not there`),
      ...names.filter(n => tasks[n]!.join !== undefined && coming(n) === 0).map(n => `${n} joins nothing`),
      // Without a join, a task that several lead to would run several times.
      ...names.filter(n => tasks[n]!.join === undefined && coming(n) > 1).map(n => `${n} would run ${coming(n)} times`),
      ...used.filter(u => !input.includes(u)).map(u => `$.${u} is no input`),
      ...seen.filter(s => !(s in tasks)).map(s => `task(${s}) is not there`),
    ]
  })
}
