import { type Command, Option } from 'commander'
import type { ModelFormat } from '../../control/index.ts'
import type { Context } from '../context.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'

interface ModelOptions extends DataOptions {
  readonly format: ModelFormat
}

/** `usher model`: the integer program the policies become. */
export function addModel(program: Command, context: Context): Command {
  const command = program
    .command('model')
    .summary('print the integer program that the policies become')
    .description(
      'Print the integer program that the policies become over the data. Each row has a comment naming the rule (file:line) it comes from.',
    )
    .argument('<policy...>', 'policy files')
    .addOption(
      new Option('--format <format>', 'CPLEX LP, fixed MPS, or JSON').choices(['lp', 'mps', 'json']).default('lp'),
    )
    .action((policies: string[], options: ModelOptions) => model(policies, options, context))
  addDataOptions(command)
  return examples(command, [
    [
      'usher model policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc --format lp > nfv.lp',
      'for a solver of your own',
    ],
  ])
}

async function model(policies: readonly string[], options: ModelOptions, context: Context): Promise<void> {
  const { modelText, openWorld } = await import('../../control/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  context.io.out.write(await modelText(world, context.json ? 'json' : options.format))
}
