import { writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ComparisonRow, PlanReport } from '../../control/index.ts'
import { fail } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import {
  addDataOptions,
  addSolveOptions,
  type DataOptions,
  examples,
  placeOptions,
  type SolveOptions,
} from '../options.ts'
import { comparisonTable, planText } from '../plan-text.ts'

interface PlanOptions extends DataOptions, SolveOptions {
  readonly compare?: string
  readonly html?: string
  readonly format: 'text' | 'mistral'
  readonly perHost?: number
  readonly atOnce?: number
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
    .option('--compare <file>', 'set placements of your own beside the plan (YAML)')
    .option('--html <file>', 'write the plan as one page to look at or to print, which needs nothing else')
    .addOption(
      new Option('--format <name>', 'how to print the plan: for people, or as a workflow for OpenStack Mistral')
        .choices(['text', 'mistral'])
        .default('text'),
    )
    .option('--per-host <number>', 'migrations at once with a host at either end (default 1, as in Nova)', atLeastOne)
    .option('--at-once <number>', 'migrations at once in all (default 4)', atLeastOne)
    .action((policies: string[], options: PlanOptions) => plan(policies, options, context))
  addSolveOptions(addDataOptions(command))
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

async function plan(policies: readonly string[], options: PlanOptions, context: Context): Promise<void> {
  const { compareWith, hostChanges, openWorld, planWorld } = await import('../../control/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const { perHost, atOnce } = options
  const report = await planWorld(world, placeOptions(options), {
    ...(perHost !== undefined && { perHost }),
    ...(atOnce !== undefined && { global: atOnce }),
  })
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

function atLeastOne(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}

function show(report: PlanReport, comparison: readonly ComparisonRow[] | undefined, context: Context): void {
  planText(report, context)
  if (!comparison) return
  context.say()
  context.heading('Side by side')
  comparisonTable(comparison, context)
}
