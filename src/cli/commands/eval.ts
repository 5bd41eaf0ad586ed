import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'
import { count } from '../words.ts'
import { policiesAndData } from './open.ts'

interface EvalOptions extends DataOptions {
  readonly query: string
  readonly policy?: string
}

/** `usher eval`: the rows that satisfy a query. */
export function addEval(program: Command, context: Context): Command {
  const command = program
    .command('eval')
    .summary('ask for the rows that satisfy a query')
    .description('Ask for the rows that satisfy a query: one or more literals, as in the body of a rule.')
    .argument('<policy...>', 'policy files')
    .requiredOption('--query <text>', 'the query, for example: error(server, a, b)')
    .option('--policy <name>', 'read table names as inside this policy (default: the first)')
    .action((policies: string[], options: EvalOptions) => evaluate(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    [
      `usher eval policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query 'nova:location(vm, "server-a")'`,
      'which VMs are on server-a?',
    ],
    [
      `usher eval policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query 'n = count : { nova:servers(id=vm) }'`,
      'how many VMs are there?',
    ],
  ])
}

async function evaluate(policies: readonly string[], options: EvalOptions, context: Context): Promise<void> {
  const { world, evaluator, warnings } = await policiesAndData(policies, options, context)
  const { ask } = await import('../../control/index.ts')
  const { renderValue } = await import('../../language/index.ts')
  const { columns, rows } = ask(evaluator, world.program, options, context.sources)
  if (context.json) return context.answer({ query: options.query, columns, rows, warnings: warnings() })
  if (columns.length === 0) context.say(rows.length > 0 ? 'true' : 'false')
  else {
    context.table(
      columns.map(title => ({ title })),
      rows.map(row => row.map(renderValue)),
    )
    if (context.io.out.isTerminal) context.say(count(rows.length, 'row'))
  }
}
