import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { ComparisonRow, PlanReport } from '../../control/index.ts'
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
  placeOptions,
  type SolveOptions,
} from '../options.ts'
import { addScheduleOptions, planOptions, type ScheduleOptions } from '../plan-options.ts'
import { comparisonTable, planText } from '../plan-text.ts'

interface PlanCommandOptions extends DataOptions, SolveOptions, ScheduleOptions {
  readonly cloud?: string
  readonly compare?: string
  readonly html?: string
  readonly format: 'text' | 'mistral'
}

/** `usher plan`: the cheapest safe sequence of migrations towards what the policies want. */
export function addPlan(program: Command, context: Context): Command {
  const command = program
    .command('plan')
    .summary('compute the migrations that make the policies hold')
    .description(
      'Compute a better placement and the cheapest safe sequence of migrations to it. Nothing is carried out.\n' +
        'Exit code 1: violations are left after the plan, and it says why.',
    )
    .argument('<policy...>', 'policy files')
    .option('--cloud <file>', 'YAML file with the data sources of a real cloud, in place of --data')
    .option('--compare <file>', 'set placements of your own beside the plan (YAML)')
    .option('--html <file>', 'write the plan as one page to look at or to print, which needs nothing else')
    .addOption(
      new Option('--format <name>', 'how to print the plan: for people, or as a workflow for OpenStack Mistral')
        .choices(['text', 'mistral'])
        .default('text'),
    )
    .action((policies: string[], options: PlanCommandOptions) => plan(policies, options, context))
  addSolveOptions(addDataOptions(addScheduleOptions(command), false))
  const scenario = 'policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc'
  const deletion = '--change fixtures/nfv-poc/delete-large3.change.jsonl'
  return examples(command, [
    [`usher plan ${scenario} ${deletion}`, 'what should move once a VM was deleted?'],
    [
      `usher plan ${scenario} ${deletion} --compare fixtures/nfv-poc/alternatives.yaml`,
      'is the plan better than mine?',
    ],
    [`usher plan ${scenario} ${deletion} --html plan.html`, 'as a page, with a chart of when each VM moves'],
    [`usher plan ${scenario} ${deletion} --format mistral > plan.yaml`, 'let OpenStack Mistral carry it out'],
    [`usher plan ${scenario} ${deletion} --json | jq '.moves[] | {vm, to, step}'`, 'for a program'],
  ])
}

async function plan(policies: readonly string[], options: PlanCommandOptions, context: Context): Promise<void> {
  const { compareWith, hostChanges, openLiveWorld, openWorld, planWorld } = await import('../../control/index.ts')
  const { cloud } = options
  if (cloud === undefined) needsData(options)
  else notBoth(options)
  const world =
    cloud === undefined
      ? await openWorld({ policies, ...options }, context.sources)
      : await openLiveWorld({ policies, cloud, environment: context.io.env }, context.sources)
  context.warn(world.warnings)
  const report = await planWorld(world, placeOptions(options), planOptions(options))
  if (report.violationsAfter.length > 0) context.exit = exitCodes.findings
  const comparison = options.compare === undefined ? undefined : await compareWith(options.compare, world, report)
  if (options.html !== undefined) {
    const { planHtml } = await import('../plan-views/html.ts')
    write(options.html, planHtml(report, hostChanges(world, report), new Date()))
  }
  if (context.json) return context.answer({ ...report, ...(comparison && { comparison }), warnings: world.warnings })
  if (options.format === 'mistral') {
    const { mistralText } = await import('../plan-views/mistral.ts')
    return void context.io.out.write(mistralText(report))
  }
  show(report, comparison, context)
  if (options.html !== undefined) context.remark(`written to ${options.html}`)
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    fail('plan/page-unwritable', `the page can not be written to \`${file}\`: ${(error as Error).message}`, {
      help: 'name a file in a folder that exists and that you may write to',
    })
  }
}

function show(report: PlanReport, comparison: readonly ComparisonRow[] | undefined, context: Context): void {
  planText(report, context)
  if (!comparison) return
  context.say()
  context.heading('Side by side')
  comparisonTable(comparison, context)
}
