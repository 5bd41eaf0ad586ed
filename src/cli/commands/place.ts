import type { Command } from 'commander'
import type { PlacementReport } from '../../control/index.ts'
import { fail } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import {
  addDataOptions,
  addSolveOptions,
  atLeastOne,
  type DataOptions,
  examples,
  placeOptions,
  type SolveOptions,
} from '../options.ts'
import { placementText } from '../placement-text.ts'

interface PlaceCommandOptions extends DataOptions, SolveOptions {
  readonly count?: number
  readonly vm: readonly string[]
  readonly name?: string
  readonly flavor?: string
  readonly image?: string
  readonly zone?: string
  readonly group?: string
  readonly row: readonly string[]
  readonly moveOthers?: boolean
}

/** `usher place`: hosts for VMs that are yet to be started. */
export function addPlace(program: Command, context: Context): Command {
  const command = program
    .command('place')
    .summary('find hosts for new VMs under the same policies')
    .description(
      'Find hosts for new VMs, all at once, under the policies that hold for those that exist. Nothing is started.\n' +
        'Exit code 1: some find no host, or a violation is left, and it says why.',
    )
    .argument('<policy...>', 'policy files')
    .option('--count <number>', 'how many VMs', atLeastOne)
    .option('--name <prefix>', 'call them PREFIX-1, PREFIX-2, … (default: new)')
    .option('--vm <id...>', 'their ids, in place of --count and --name', [])
    .option('--flavor <flavor>', 'their flavor, as nova:flavors has it')
    .option('--image <image>', 'the image they start from')
    .option('--zone <zone>', 'the availability zone they ask for')
    .option('--group <group>', 'the server group they join')
    .option(
      '--row <tuple>',
      'a row that describes each of them, "$vm" being its id: \'vm_cpu("$vm", 2)\'; may be repeated',
      (tuple: string, before: readonly string[]) => [...before, tuple],
      [],
    )
    .option('--move-others', 'VMs that exist may move too, as far as the migration budget goes')
    .action((policies: string[], options: PlaceCommandOptions) => place(policies, options, context))
  addSolveOptions(addDataOptions(command))
  const scenario = 'policies/nfv-poc/{ha,capacity,consolidate}.dl --data fixtures/nfv-poc'
  return examples(command, [
    [`usher place ${scenario} --count 3 --flavor large.2 --row 'vm_cpu("$vm", 1)'`, 'where should three VMs start?'],
    [
      'usher place policies/image-locality.dl --data fixtures/image-caches --count 500 --flavor small --image app --group workers',
      'where do 500 VMs start with the fewest images sent?',
    ],
  ])
}

async function place(policies: readonly string[], options: PlaceCommandOptions, context: Context): Promise<void> {
  const { openWorld, placeNewVms } = await import('../../control/index.ts')
  const { vm, count, name, flavor, image, zone, group, row, moveOthers = false } = options
  if (vm.length > 0 && (count !== undefined || name !== undefined))
    fail('cli/names-and-count', '`--vm` names the VMs, and `--count` and `--name` make names for them', {
      help: 'give `--vm` alone, or leave it out',
    })
  const world = await openWorld({ policies, ...options }, context.sources)
  context.warn(world.warnings)
  const request = {
    ...(vm.length > 0 ? { vms: vm } : { count: count ?? 1 }),
    ...(name !== undefined && { prefix: name }),
    ...(flavor !== undefined && { flavor }),
    ...(image !== undefined && { image }),
    ...(zone !== undefined && { zone }),
    ...(group !== undefined && { group }),
    templates: row,
  }
  const report: PlacementReport = await placeNewVms(world, request, { ...placeOptions(options), moveOthers })
  if (report.unplaced.length + report.violationsAfter.length > 0) context.exit = exitCodes.findings
  if (context.json) return context.answer({ ...report, warnings: world.warnings })
  placementText(report, context)
}
