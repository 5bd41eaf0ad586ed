import { type Command, Option } from 'commander'
import type { PlanOptions } from '../control/index.ts'
import { atLeastOne } from './options.ts'

/** Options of commands that plan migrations. */
export interface ScheduleOptions {
  readonly perHost?: number
  readonly atOnce?: number
  readonly imageCopies: 'service' | 'hosts' | 'none'
}

/** What the planner wants of these options. */
export function planOptions({ perHost, atOnce, imageCopies }: ScheduleOptions): PlanOptions {
  return {
    ...(perHost !== undefined && { perHost }),
    ...(atOnce !== undefined && { global: atOnce }),
    imageCopies,
  }
}

export function addScheduleOptions(command: Command): Command {
  return command
    .option('--per-host <number>', 'migrations at once with a host at either end (default 1, as in Nova)', atLeastOne)
    .option('--at-once <number>', 'migrations at once in all (default 4)', atLeastOne)
    .addOption(
      new Option(
        '--image-copies <from>',
        'who sends images to hosts that need them: the image service alone, hosts that have them too, or nobody',
      )
        .choices(['service', 'hosts', 'none'])
        .default('service'),
    )
}
