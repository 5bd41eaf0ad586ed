import type { Command } from 'commander'
import type { Context } from '../context.ts'
import {
  addDataOptions,
  addLimitOptions,
  type DataOptions,
  examples,
  type LimitOptions,
  limitsOf,
  notNegative,
} from '../options.ts'
import { figure } from '../words.ts'
import { sayStopped } from './open.ts'

interface BenchOptions extends DataOptions, LimitOptions {
  readonly data: string
  readonly seconds: number
}

/** `usher bench`: how fast policies are over a cloud, on this machine. */
export function addBench(program: Command, context: Context): Command {
  const command = program
    .command('bench')
    .summary('measure how fast policies are over a cloud')
    .description(
      'Measure how fast policies are over a cloud: reading, checking, evaluating, memory; then updates of each table that a rule reads,\n' +
        'one row taken out or put back at a time. `usher eval --profile` tells which rule takes the time.',
    )
    .argument('<policy...>', 'policy files')
    .option('--seconds <number>', 'how long each table is updated', notNegative, 1)
    .action((policies: string[], options: BenchOptions) => bench(policies, options, context))
  addLimitOptions(addDataOptions(command))
  return examples(command, [
    ['usher bench policies/nfv-poc/*.dl --data fixtures/nfv-poc', 'how many updates a second can these policies take?'],
  ])
}

async function bench(policies: readonly string[], options: BenchOptions, context: Context): Promise<void> {
  const { benchWorld } = await import('../../control/index.ts')
  const milliseconds = options.seconds * 1000
  const limits = limitsOf(options)
  const result = await benchWorld(
    { policies, data: options.data, change: options.change, milliseconds, ...(limits && { limits }) },
    context.sources,
  )
  sayStopped(result.stopped, context)
  if (context.json) return context.answer(result)
  const right = (title: string) => ({ title, align: 'right' as const })
  context.table(
    [{ title: 'measured' }, right('')],
    [
      ...result.phases.map(p => [p.name, `${figure(p.milliseconds, 1)} ms`]),
      ['rows of data', String(result.dataRows)],
      ['tuples derived', String(result.derivedRows)],
      ['memory of the process', `${figure(result.memory / 2 ** 20, 0)} MiB`],
    ],
  )
  context.say()
  context.table(
    [{ title: 'table' }, right('rows'), right('updates/s'), right('median µs'), right('p99 µs')],
    result.updates.map(u => [u.table, String(u.rows), figure(u.perSecond, 0), figure(u.median, 1), figure(u.p99, 1)]),
  )
}
