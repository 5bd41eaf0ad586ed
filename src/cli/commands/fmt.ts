import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { examples } from '../options.ts'
import { count } from '../words.ts'

interface FmtOptions {
  readonly check?: boolean
  readonly write?: boolean
}

/** `usher fmt`: policies in the one layout. */
export function addFmt(program: Command, context: Context): Command {
  const command = program
    .command('fmt')
    .summary('lay policies out in the one style')
    .description(
      'Lay policies out in the one style. Prints the result unless --write or --check is given; comments and meaning stay.\n' +
        'Exit code 1 with --check: some file is laid out differently.',
    )
    .argument('<policy...>', 'policy files')
    .option('--write', 'change the files themselves')
    .option('--check', 'change nothing, name the files that are laid out differently')
    .action((policies: string[], options: FmtOptions) => fmt(policies, options, context))
  return examples(command, [
    ['usher fmt policies/nfv-poc/ha.dl', 'print one policy, laid out'],
    ['usher fmt --write policies/nfv-poc/*.dl', 'lay the files themselves out'],
    ['usher fmt --check policies/nfv-poc/*.dl', 'for continuous integration'],
  ])
}

async function fmt(policies: readonly string[], options: FmtOptions, context: Context): Promise<void> {
  const { formatFiles } = await import('../../control/index.ts')
  const results = await formatFiles(
    policies,
    { write: options.write === true && options.check !== true },
    context.sources,
  )
  const different = results.filter(result => result.changed).map(result => result.file)
  if (options.check && different.length > 0) context.exit = exitCodes.findings
  if (context.json) return context.answer({ files: results })
  if (options.check) {
    for (const file of different) context.say(`${context.paint.yellow('differs')}: ${file}`)
    if (different.length === 0) context.say(`${context.paint.green('fine')}: ${count(policies.length, 'file')}`)
  } else if (options.write) {
    for (const file of different) context.say(`written: ${file}`)
    if (different.length === 0) context.say('nothing to change')
  } else for (const result of results) context.io.out.write(result.text)
}
