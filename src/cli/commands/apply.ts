import type { Command } from 'commander'
import type { ApplyProgress } from '../../control/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import {
  addDataOptions,
  addSolveOptions,
  type DataOptions,
  examples,
  notNegative,
  placeOptions,
  type SolveOptions,
} from '../options.ts'
import { planText } from '../plan-text.ts'
import { count, figure } from '../words.ts'

interface ApplyOptions extends DataOptions, SolveOptions {
  readonly state?: string
  readonly secondsPerMigration: number
}

/** `usher apply`: carry a plan out on the simulated cloud. */
export function addApply(program: Command, context: Context): Command {
  const command = program
    .command('apply')
    .summary('carry the plan out on the simulated cloud')
    .description(
      'Compute a plan and carry it out on a simulated cloud that starts from the data. Each migration is a task of a durable workflow: killed at\n' +
        'any moment and run again with the same --state, it goes on where it was, and no migration is issued twice.\n' +
        'Exit code 1: violations are left, or a migration failed.',
    )
    .argument('<policy...>', 'policy files')
    .option(
      '--state <folder>',
      'keep the cloud and the workflow here, so that a killed run can go on (default: nowhere)',
    )
    .option('--seconds-per-migration <seconds>', 'how long a simulated migration takes', notNegative, 1)
    .action((policies: string[], options: ApplyOptions) => apply(policies, options, context))
  addSolveOptions(addDataOptions(command))
  return examples(command, [
    [
      'usher apply policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc --change fixtures/nfv-poc/delete-large3.change.jsonl',
      'mend the cloud after a VM was deleted',
    ],
    [
      'usher apply policies/nfv-poc/{utilization,capacity}.dl --data fixtures/nfv-poc --state /tmp/mine',
      'keep the state elsewhere',
    ],
  ])
}

async function apply(policies: readonly string[], options: ApplyOptions, context: Context): Promise<void> {
  const { applyPlan } = await import('../../control/index.ts')
  const result = await applyPlan({ policies, ...options, place: placeOptions(options) }, context.sources, progress =>
    show(progress, context),
  )
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
        `Going on with the execution ${progress.execution}: ${progress.done} of ${count(progress.total, 'move')} done`,
      )
      break
    case 'move': {
      const { state, move, attempt, detail } = progress
      const mark = { started: paint.cyan('▶'), succeeded: paint.green('✓'), failed: paint.red('✗') }[state]
      const again = attempt > 1 ? ` (try ${attempt})` : ''
      context.say(
        `${mark} ${move.id}  ${move.vm}  ${move.from} → ${move.to}${again}${detail ? `: ${detail}` : ''}  ${paint.dim(`${figure(progress.seconds, 1)} s`)}`,
      )
      break
    }
  }
}
