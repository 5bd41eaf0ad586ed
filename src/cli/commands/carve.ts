import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'

/** `usher carve`: which rules the solver gets, and why. */
export function addCarve(program: Command, context: Context): Command {
  const command = program
    .command('carve')
    .summary('show which rules go to the solver, and why')
    .description(
      'Show the fate of each rule. `delegated`: depends on where VMs are, and goes to the solver. `data`: does not depend on it.\n' +
        '`monitored`: depends on it but can not be translated; it is watched, and checked against each answer of the solver.',
    )
    .argument('<policy...>', 'policy files')
    .action((policies: string[], options: DataOptions) => carve(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    [
      'usher carve policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc',
      'which rules does the solver get?',
    ],
  ])
}

async function carve(policies: readonly string[], options: DataOptions, context: Context): Promise<void> {
  const { openWorld } = await import('../../control/index.ts')
  const { carve: fatesOf } = await import('../../placement/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const fates = fatesOf(world.program)
  if (context.json) return context.answer({ rules: fates, warnings: world.warnings })
  const { paint } = context
  const paints = { delegated: paint.green, data: paint.dim, monitored: paint.yellow }
  context.table(
    [{ title: 'fate' }, { title: 'rule' }, { title: 'reason' }],
    fates.map(fate => [paints[fate.fate](fate.fate), fate.place, fate.reason]),
  )
}
