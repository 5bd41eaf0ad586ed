import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'
import { count } from '../words.ts'

/** `usher check`: everything that is wrong with policies, all at once. */
export function addCheck(program: Command, context: Context): Command {
  const command = program
    .command('check')
    .summary('find every mistake in policies')
    .description(
      'Find every mistake in policies: syntax, unsafe rules, unstratified negation, unknown tables and columns, and rules that look wrong.\n' +
        'Exit code 0: nothing found. 1: warnings only. 2: errors.',
    )
    .argument('<policy...>', 'policy files')
    .action((policies: string[], options: DataOptions) => check(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    ['usher check policies/nfv-poc/ha.dl', 'check one policy'],
    ['usher check policies/nfv-poc/*.dl --data fixtures/nfv-poc', 'check several against the tables of a cloud'],
  ])
}

async function check(policies: readonly string[], options: DataOptions, context: Context): Promise<void> {
  const { examine } = await import('../../control/index.ts')
  const { diagnostics, rules } = await examine({ policies, ...options }, context.sources)
  const errors = diagnostics.filter(d => d.severity === 'error').length
  const warnings = diagnostics.length - errors
  context.exit = errors > 0 ? exitCodes.badInput : warnings > 0 ? exitCodes.findings : exitCodes.fine
  if (context.json) return context.answer({ policies, rules, errors, warnings, diagnostics })
  if (diagnostics.length > 0) {
    context.say(context.render(diagnostics, context.io.out))
    context.say()
  }
  context.say(
    errors + warnings === 0
      ? `${context.paint.green('fine')}: ${count(rules, 'rule')} in ${count(policies.length, 'policy', 'policies')}`
      : `${count(errors, 'error')}, ${count(warnings, 'warning')}`,
  )
}
