import type { Command } from 'commander'
import type { SimulatedStep, SimulationAnswer, Tuple } from '../../datalog/index.ts'
import { type Program, renderTuple, renderValue } from '../../language/index.ts'
import type { Context } from '../context.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'

interface SimulateOptions extends DataOptions {
  readonly query: string
  readonly sequence: string
  readonly policy?: string
  readonly actions: readonly string[]
  readonly delta?: boolean
  readonly trace?: boolean
}

/** `usher simulate`: what a query would give after a sequence of changes. */
export function addSimulate(program: Command, context: Context): Command {
  const command = program
    .command('simulate')
    .summary('ask what a query would give after a sequence of changes')
    .description(
      'Ask what a query would give after a sequence of changes, without making them. A step of the sequence is\n' +
        '  p+(1)  p-(1)               a row that comes or goes\n' +
        '  p+(x) :- q(x)              a rule that comes, or goes with p-(x)\n' +
        '  act(1)  act(x) :- result(x)  an action, which does what rules with the heads insert[…] and delete[…] say',
    )
    .argument('<policy...>', 'policy files')
    .requiredOption('--query <text>', 'the query, for example: error(server, a, b)')
    .requiredOption('--sequence <text>', 'the steps, done in this order')
    .option('--policy <name>', 'read table names as inside this policy (default: the first)')
    .option(
      '--actions <file...>',
      'policy files that describe actions: bare names that nobody defines in them are actions',
      [],
    )
    .option('--delta', 'show only what the query gains and loses')
    .option('--trace', 'show what each step did')
    .action((policies: string[], options: SimulateOptions) => simulate(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    [
      `usher simulate policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query 'error(server, a, b)' --delta --sequence 'nova:location-("VM.one.large2", "server-a") nova:location+("VM.one.large2", "server-b")'`,
      'what would this move break or mend?',
    ],
  ])
}

async function simulate(policies: readonly string[], options: SimulateOptions, context: Context): Promise<void> {
  const { simulateWorld } = await import('../../control/index.ts')
  const { answer, program, warnings } = await simulateWorld({ policies, ...options }, context.sources)
  const { after, inserted, removed, steps } = answer
  if (context.json)
    return context.answer({
      query: options.query,
      sequence: options.sequence,
      columns: after.columns,
      ...(options.delta ? { inserted, removed } : { rows: after.rows }),
      ...(options.trace && { steps: steps.map(stepJson) }),
      warnings,
    })
  context.warn(warnings)
  if (options.trace)
    for (const line of steps.flatMap((step, i) => stepLines(step, i, program, context))) context.say(line)
  if (options.delta) sayDelta(answer, context)
  else sayAnswer(answer, context)
}

function sayAnswer({ after: { columns, rows } }: SimulationAnswer, context: Context): void {
  if (columns.length === 0) context.say(String(rows.length > 0))
  else
    context.table(
      columns.map(title => ({ title })),
      rows.map(row => row.map(renderValue)),
    )
}

function sayDelta({ before, after, inserted, removed }: SimulationAnswer, context: Context): void {
  const { columns } = after
  const [was, is] = [before.rows.length > 0, after.rows.length > 0]
  if (columns.length === 0) context.say(was === is ? `${is}, as before` : `${is}, was ${was}`)
  else if (inserted.length + removed.length === 0) context.say('no difference')
  else {
    const signed = [...inserted.map(row => ['+', row] as const), ...removed.map(row => ['-', row] as const)]
    context.table(
      [{ title: '±' }, ...columns.map(title => ({ title }))],
      signed.map(([sign, row]) => [context.paint[sign === '+' ? 'green' : 'red'](sign), ...row.map(renderValue)]),
    )
  }
}

function stepLines(step: SimulatedStep, i: number, program: Program, { paint }: Context): string[] {
  const text = ({ table, row }: Tuple) => renderTuple(program, table, row)
  const lines = [`${paint.bold(`${i + 1}`)}  ${step.text}`]
  for (const tuple of step.inserted) lines.push(`   ${paint.green('+')} ${text(tuple)}`)
  for (const tuple of step.removed) lines.push(`   ${paint.red('-')} ${text(tuple)}`)
  for (const [table, { inserted, removed }] of step.changes) {
    for (const row of inserted) lines.push(`   → ${paint.green('+')} ${text({ table, row })}`)
    for (const row of removed) lines.push(`   → ${paint.red('-')} ${text({ table, row })}`)
  }
  return lines
}

function stepJson({ text, inserted, removed, changes }: SimulatedStep): unknown {
  const followed = [...changes].map(([table, change]) => ({ table, ...change }))
  return { text, inserted, removed, changes: followed }
}
