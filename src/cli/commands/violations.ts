import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { addDataOptions, addLimitOptions, type DataOptions, examples, type LimitOptions } from '../options.ts'
import { count, policyOf } from '../words.ts'
import { policiesAndData } from './open.ts'

/** `usher violations`: every tuple of every `error` and `warning` table. */
export function addViolations(program: Command, context: Context): Command {
  const command = program
    .command('violations')
    .summary('list what violates the policies now')
    .description(
      'List what violates the policies now: every tuple of `error` and of `warning`.\nExit code 1: there is one.',
    )
    .argument('<policy...>', 'policy files')
    .action((policies: string[], options: DataOptions & LimitOptions) => violations(policies, options, context))
  addLimitOptions(addDataOptions(command))
  return examples(command, [
    [
      'usher violations policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc --change fixtures/nfv-poc/delete-large3.change.jsonl',
      'what is wrong once a VM was deleted?',
    ],
  ])
}

async function violations(
  policies: readonly string[],
  options: DataOptions & LimitOptions,
  context: Context,
): Promise<void> {
  const { world, evaluator, warnings, stopped } = await policiesAndData(policies, options, context)
  const { violationsOf } = await import('../../control/index.ts')
  const found = violationsOf(world.program, evaluator.view)
  if (found.length > 0 && stopped.length === 0) context.exit = exitCodes.findings
  if (context.json)
    return context.answer({ violations: found, ...(stopped.length > 0 && { stopped }), warnings: warnings() })
  const { paint } = context
  for (const violation of found) {
    const role = violation.role === 'error' ? paint.red('error') : paint.yellow('warning')
    context.say(`${role}  ${paint.dim(policyOf(violation.table))}  ${violation.text}`)
  }
  if (found.length === 0 && stopped.length > 0) context.say('no violation of the policies that were evaluated')
  else if (found.length === 0) context.say(`${paint.green('fine')}: no violation`)
  else context.remark(`${count(found.length, 'violation')}; \`usher explain … 'TUPLE'\` tells why`)
}
