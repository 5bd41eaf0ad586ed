import type { Command } from 'commander'
import type { ApplyProgress, ApplyResult } from '../../control/index.ts'
import { fail } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import {
  addDataOptions,
  addSolveOptions,
  type DataOptions,
  examples,
  needsData,
  notBoth,
  notNegative,
  placeOptions,
  type SolveOptions,
} from '../options.ts'
import { addScheduleOptions, planOptions, type ScheduleOptions } from '../plan-options.ts'
import { planText } from '../plan-text.ts'
import { count, figure } from '../words.ts'

/** How often another plan follows one that the cloud did not let be carried out. */
const REPLANS = 8

interface ApplyOptions extends DataOptions, SolveOptions, ScheduleOptions {
  readonly state?: string
  readonly secondsPerMigration: number
  readonly cloud?: string
  readonly evacuate?: boolean
  readonly timeout: number
}

/** `usher apply`: carry a plan out on the simulated cloud, or on a real one. */
export function addApply(program: Command, context: Context): Command {
  const command = program
    .command('apply')
    .summary('carry the plan out on the simulated cloud, or on a real one')
    .description(
      'Compute a plan and carry it out on a simulated cloud that starts from the data. Each migration is a task of a durable workflow: killed at\n' +
        'any moment and run again with the same --state, it goes on where it was, and no migration is issued twice.\n' +
        'With --cloud, all of it on a real cloud.\n' +
        'Exit code 1: violations are left, or a migration failed.',
    )
    .argument('<policy...>', 'policy files')
    .option(
      '--state <folder>',
      'keep the cloud and the workflow here, so that a killed run can go on (default: nowhere)',
    )
    .option(
      '--seconds-per-migration <seconds>',
      'how long a simulated migration, or the copy of an image, takes',
      notNegative,
      1,
    )
    .option('--cloud <file>', 'YAML file with the data sources of a real cloud, in place of --data; needs --state')
    .option('--timeout <seconds>', 'with --cloud: how long one try of a migration may take', notNegative, 1800)
    .option(
      '--evacuate',
      'with --cloud: build VMs of hosts that are down anew elsewhere. Only where such a host is sure not to run them any more',
    )
    .action((policies: string[], options: ApplyOptions) => apply(policies, options, context))
  addSolveOptions(addDataOptions(addScheduleOptions(command), false))
  return examples(command, [
    [
      'usher apply policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc --change fixtures/nfv-poc/delete-large3.change.jsonl',
      'mend the cloud after a VM was deleted',
    ],
    [
      'usher apply policies/nfv-poc/{utilization,capacity}.dl --data fixtures/nfv-poc --state /tmp/mine',
      'keep the state elsewhere',
    ],
    ['usher apply spread.dl --cloud usher.yaml --state /var/lib/usher', 'mend a real cloud'],
  ])
}

async function apply(policies: readonly string[], options: ApplyOptions, context: Context): Promise<void> {
  const result = await carryOut(policies, options, context)
  if (result.state !== 'succeeded' || result.violations.length > 0) context.exit = exitCodes.findings
  if (context.json) return context.answer(result)
  const { paint } = context
  if (result.state !== 'succeeded') context.say(`${paint.red('not carried out in full')}: the workflow ${result.state}`)
  if (result.violations.length === 0) context.say(`${paint.green('fine')}: the policy holds`)
  else {
    context.say(`${count(result.violations.length, 'violation')} left:`)
    for (const violation of result.violations) context.say(`  ${violation.text}`)
  }
}

async function carryOut(policies: readonly string[], options: ApplyOptions, context: Context): Promise<ApplyResult> {
  const { applyLive, applyPlan } = await import('../../control/index.ts')
  const wishes = { policies, place: placeOptions(options), plan: planOptions(options) }
  const tell = (progress: ApplyProgress) => show(progress, context)
  if (options.cloud === undefined) {
    needsData(options)
    return applyPlan({ ...options, ...wishes }, context.sources, tell)
  }
  notBoth(options)
  if (options.state === undefined)
    fail('cli/cloud-without-state', '`--cloud` needs a folder to remember in what was asked of the cloud', {
      help: 'add `--state FOLDER`; run again with the same folder after a crash',
    })
  const { cloud, state, timeout, evacuate } = options
  const request = { ...wishes, cloud, state, timeoutSeconds: timeout, replans: REPLANS, environment: context.io.env }
  return applyLive({ ...request, ...(evacuate && { evacuate }) }, context.sources, tell)
}

function show(progress: ApplyProgress, context: Context): void {
  if (context.json) return
  const { paint } = context
  switch (progress.kind) {
    case 'planned':
      planText(progress.report, context)
      context.say()
      break
    case 'continued':
      context.say(
        `Going on with the execution ${progress.execution}: ${progress.done} of ${count(progress.total, 'step')} done`,
      )
      break
    case 'move': {
      const { state, move, attempt, detail } = progress
      const mark = { started: paint.cyan('▶'), succeeded: paint.green('✓'), failed: paint.red('✗') }[state]
      const again = attempt > 1 ? ` (try ${attempt})` : ''
      context.say(
        `${mark} ${move.id}  ${'vm' in move ? move.vm : `image ${move.image}`}  ${move.from} → ${move.to}${again}${detail ? `: ${detail}` : ''}  ${paint.dim(`${figure(progress.seconds, 1)} s`)}`,
      )
      break
    }
  }
}
