import type { Command } from 'commander'
import type { QueryAnswer } from '../../datalog/index.ts'
import type { Context } from '../context.ts'
import { addDataOptions, addLimitOptions, type DataOptions, examples, type LimitOptions } from '../options.ts'
import { profileJson, sayProfile } from '../profile-table.ts'
import { count } from '../words.ts'
import { policiesAndData } from './open.ts'

interface EvalOptions extends DataOptions, LimitOptions {
  readonly query?: string
  readonly profile?: boolean
  readonly policy?: string
}

/** `usher eval`: the rows that satisfy a query. */
export function addEval(program: Command, context: Context): Command {
  const command = program
    .command('eval')
    .summary('ask for the rows that satisfy a query')
    .description('Ask for the rows that satisfy a query: one or more literals, as in the body of a rule.')
    .argument('<policy...>', 'policy files')
    .option('--query <text>', 'the query, for example: error(server, a, b)')
    .option('--profile', 'show what each rule costs: its time, the tuples it derives, the rows its joins look at')
    .option('--policy <name>', 'read table names as inside this policy (default: the first)')
    .action((policies: string[], options: EvalOptions) => {
      if (options.query === undefined && !options.profile)
        command.error("error: required option '--query <text>' not specified")
      return evaluate(policies, options, context)
    })
  addLimitOptions(addDataOptions(command, false))
  return examples(command, [
    [
      `usher eval policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query 'nova:location(vm, "server-a")'`,
      'which VMs are on server-a?',
    ],
    [
      `usher eval policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query 'n = count : { nova:servers(id=vm) }'`,
      'how many VMs are there?',
    ],
    ['usher eval policies/nfv-poc/*.dl --data fixtures/nfv-poc --profile', 'which rules take the time?'],
  ])
}

async function evaluate(policies: readonly string[], options: EvalOptions, context: Context): Promise<void> {
  const evaluation = { profile: options.profile ?? false }
  const { world, evaluator, warnings, stopped } = await policiesAndData(policies, options, context, evaluation)
  const { query } = options
  const { ask } = await import('../../control/index.ts')
  const answer = query === undefined ? undefined : ask(evaluator, world.program, { ...options, query }, context.sources)
  if (context.json)
    return context.answer({
      ...(answer && { query, columns: answer.columns, rows: answer.rows }),
      ...(options.profile && { profile: profileJson(evaluator.profile) }),
      ...(stopped.length > 0 && { stopped }),
      warnings: warnings(),
    })
  if (answer) await sayAnswer(answer, context)
  if (answer && options.profile) context.say()
  if (options.profile) sayProfile(evaluator.profile, context)
}

/** The rows of an answer, or whether it holds where it has no columns. */
export async function sayAnswer({ columns, rows }: QueryAnswer, context: Context): Promise<void> {
  const { renderValue } = await import('../../language/index.ts')
  if (columns.length === 0) context.say(rows.length > 0 ? 'true' : 'false')
  else {
    context.table(
      columns.map(title => ({ title })),
      rows.map(row => row.map(renderValue)),
    )
    if (context.io.out.isTerminal) context.say(count(rows.length, 'row'))
  }
}
