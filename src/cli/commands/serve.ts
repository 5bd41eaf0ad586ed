import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { examples } from '../options.ts'
import { version } from '../version.ts'

/** `usher serve`: the service, day and night. */
export function addServe(program: Command, context: Context): Command {
  const command = program
    .command('serve')
    .summary('run the service: watch clouds, plan, move, answer over HTTP')
    .description(
      'Run the service: keep the tables of all data sources and what the policies derive from them current, begin cycles by schedule, event ' +
        'and demand, carry plans out, and answer over HTTP. Any number of them may share one PostgreSQL. Ends on SIGTERM or SIGINT, when ' +
        'what runs has come to a safe point.',
    )
    .option('--config <file>', 'the configuration of the service', 'usher.yaml')
    .action(({ config }: { config: string }) => serve(config, context))
  return examples(command, [
    ['usher serve --config fixtures/service/usher.yaml', 'try it on a simulated cloud'],
    ['usher doctor --config usher.yaml && usher serve --config usher.yaml', 'check first'],
  ])
}

async function serve(path: string, context: Context): Promise<void> {
  const [{ apiSettingsSchema, createApi, listen }, control, { pino }] = await Promise.all([
    import('../../api/index.ts'),
    import('../../control/index.ts'),
    import('pino'),
  ])
  const {
    config,
    api: settings,
    base,
    placeOf,
  } = await control.readServiceConfig(path, context.io.env, apiSettingsSchema)
  const log = pino({ level: config.log.level })
  const signalled = new Promise<NodeJS.Signals>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve)
  })
  const store = await control.openDatabase(config, context.io.env, error =>
    log.warn({ fault: (error as Error).message }, 'signals of the database were lost for a moment'),
  )
  try {
    const service = await control.createService(config, { store, log, environment: context.io.env, base, placeOf })
    try {
      const api = await createApi(service, { store, settings, version: version(), logger: log })
      const address = await listen(api, settings)
      log.info({ address }, 'listening')
      const signal = await signalled
      log.info({ signal }, 'stopping')
      // Who asks twice does not want to wait: what runs is taken over by others, or by the next start.
      for (const again of ['SIGTERM', 'SIGINT'] as const) process.on(again, () => process.exit(1))
      await api.close()
    } finally {
      await service.stop()
    }
  } finally {
    await store.close()
  }
}
