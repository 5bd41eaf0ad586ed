import type { Command } from 'commander'
import type { ComparisonRow, PlanReport } from '../../control/index.ts'
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
    [`usher plan ${scenario} ${deletion} --json | jq '.moves[] | {vm, to, step}'`, 'for a program'],
  ])
}

async function plan(policies: readonly string[], options: PlanOptions, context: Context): Promise<void> {
  const { compareWith, openWorld, planWorld } = await import('../../control/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const report = await planWorld(world, placeOptions(options))
  if (report.violationsAfter.length > 0) context.exit = exitCodes.findings
  const comparison = options.compare === undefined ? undefined : await compareWith(options.compare, world, report)
  if (context.json) return context.answer({ ...report, ...(comparison && { comparison }), warnings: world.warnings })
  show(report, comparison, context)
}

function show(report: PlanReport, comparison: readonly ComparisonRow[] | undefined, context: Context): void {
  planText(report, context)
  if (!comparison) return
  context.say()
  context.heading('Side by side')
  comparisonTable(comparison, context)
}
