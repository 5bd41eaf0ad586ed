import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { examples } from '../options.ts'

/** `usher doctor`: whether the service could run as it is configured, and what to mend. */
export function addDoctor(program: Command, context: Context): Command {
  const command = program
    .command('doctor')
    .summary('check configuration, database, data sources and solvers of the service')
    .description(
      'Look whether `usher serve` could run: read the configuration, ask the database, read every data source once, check the policies of ' +
        'the folder, find the solvers. Says of everything that is wrong what mends it.',
    )
    .option('--config <file>', 'the configuration of the service', 'usher.yaml')
    .action(({ config }: { config: string }) => doctor(config, context))
  return examples(command, [['usher doctor --config /etc/usher/usher.yaml', 'is everything in place?']])
}

async function doctor(config: string, context: Context): Promise<void> {
  const [{ examineService }, { apiSettingsSchema }] = await Promise.all([
    import('../../control/index.ts'),
    import('../../api/index.ts'),
  ])
  const findings = await examineService(config, context.io.env, apiSettingsSchema)
  const wrong = findings.filter(({ ok }) => !ok)
  if (wrong.length > 0) context.exit = exitCodes.findings
  if (context.json) return context.answer({ ok: wrong.length === 0, findings })
  const { paint } = context
  context.table(
    [{ title: 'part' }, { title: 'which' }, { title: '' }, { title: 'how it is' }],
    findings.map(({ part, what, ok, message }) => [part, what, ok ? paint.green('ok') : paint.red('wrong'), message]),
  )
  context.warn(wrong.flatMap(({ diagnostics = [] }) => diagnostics))
}
