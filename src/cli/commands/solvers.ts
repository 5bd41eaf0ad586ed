import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { examples } from '../options.ts'

/** `usher solvers`: which solvers there are and which of them can run here. */
export function addSolvers(program: Command, context: Context): Command {
  const command = program
    .command('solvers')
    .summary('list the solvers and which of them can run here')
    .description(
      'List the solvers by the names that --solver takes, in the order in which they are tried, and which can run here.',
    )
    .action(() => solvers(context))
  return examples(command, [['usher solvers', 'what can --solver name?']])
}

async function solvers(context: Context): Promise<void> {
  const { describeSolvers } = await import('../../../solvers/index.ts')
  const found = await describeSolvers()
  if (context.json) return context.answer({ solvers: found })
  const { paint } = context
  context.table(
    [{ title: 'solver' }, { title: 'here' }],
    found.map(({ name, available, reason }) => [name, available ? paint.green('ready') : (reason ?? 'no')]),
  )
}
