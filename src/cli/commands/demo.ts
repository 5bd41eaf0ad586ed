import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { examples } from '../options.ts'

/** `usher demo`: the whole way from a deleted VM to migrated ones, told as a story. */
export function addDemo(program: Command, context: Context): Command {
  const command = program
    .command('demo')
    .summary('watch the whole story, from a deleted VM to migrated ones')
    .description(
      'Watch the whole story on a simulated cloud: a policy that holds, a VM that is deleted, the violation and why, the plan, and the VMs that\n' +
        'move until the policy holds again. Takes about 15 seconds and needs nothing.',
    )
    .action(async () => {
      const { tellStory } = await import('../demo/story.ts')
      const outcome = await tellStory(context)
      if (context.json) context.answer(outcome)
      if (outcome.violations.length > 0) context.exit = exitCodes.findings
    })
  return examples(command, [['usher demo', 'needs no data and no policy of yours']])
}
