import type { Program } from '../../language/index.ts'
import type { PlaceOptions, Violation } from '../../placement/index.ts'
import type { Snapshot } from '../../tables/index.ts'
import type { ExceptionList } from './exceptions.ts'
import { moment, type Parts } from './parts.ts'
import type { PolicyRecord } from './policy-record.ts'
import { readTables } from './snapshots.ts'
import type { Planning } from './thread/jobs.ts'
import { packTables } from './thread/pack.ts'
import type { JobThread } from './thread/pool.ts'
import type { Preview, PreviewRequest, ViolationView } from './types.ts'
import type { LiveWorld } from './world/live-world.ts'
import { check, checkLeniently, dataTablesBehind, errorsIn, type PolicyText } from './world/program.ts'
import { idOf } from './world/row-book.ts'

/**
 * What a policy would bring, before it is activated: violations that appear and vanish, and the plan that would mend what the active
 * policies and it say. Computed in the other thread, on the tables as they are now or as a snapshot has them.
 */
export async function previewPolicy(
  parts: Pick<Parts, 'config' | 'clock'>,
  world: LiveWorld,
  exceptions: ExceptionList,
  thread: JobThread,
  policies: readonly PolicyRecord[],
  request: PreviewRequest,
  snapshot: Snapshot | undefined,
): Promise<Preview> {
  const { draft } = request
  const tables = snapshot ?? (await readTables(world))
  const schemas = snapshot ? [...snapshot.values()].map(({ schema }) => schema) : world.schemas()
  const active: readonly PolicyText[] = policies.filter(record => record.active === 1)
  const others = active.filter(({ name }) => name !== draft.name)
  const { program: before, refused } = checkLeniently(active, schemas)
  const standing = others.filter(({ name }) => !refused.has(name))
  const { program: after, diagnostics } = check(
    draft.active === false ? standing : [...standing, { name: draft.name, text: draft.text }],
    schemas,
  )
  if (errorsIn(diagnostics).length > 0) return { diagnostics, appear: [], vanish: [] }
  const seconds = request.seconds ?? parts.config.control.placement.seconds
  const read = tablesReadBy([before, after])
  const result = await thread.run<'preview'>(
    {
      kind: 'preview',
      before,
      after,
      tables: await packTables(tables, name => read.has(name)),
      limits: parts.config.limits,
      ...(request.plan !== false && { plan: { program: after, planning: planningOf(parts.config.control, seconds) } }),
    },
    seconds * 2,
  )
  const shown = (program: Program) => (violation: Violation) => viewOf(parts, exceptions, program, violation)
  return {
    diagnostics: [...diagnostics, ...result.diagnostics],
    appear: result.appear.map(shown(after)),
    vanish: result.vanish.map(shown(before)),
    ...(result.plan && { plan: result.plan }),
  }
}

/** How plans are looked for, from the configuration. */
export function planningOf(
  control: Parts['config']['control'],
  seconds: number = control.placement.seconds,
  within?: PlaceOptions['within'],
): Planning {
  const { solver } = control.placement
  return {
    place: { timeLimitSeconds: seconds, ...(solver !== undefined && { solver }), ...(within && { within }) },
    perHost: control.perHost,
    global: control.atOnce,
  }
}

/** Data tables that some rule rests on, and those that placement and plans read by themselves. */
export function tablesReadBy(programs: readonly Program[]): ReadonlySet<string> {
  const read = new Set(OWN_TABLES)
  for (const program of programs) {
    const behind = dataTablesBehind(program)
    for (const { head } of program.rules) for (const table of behind(head.table)) read.add(table)
  }
  return read
}

const OWN_TABLES = [
  ...['nova:location', 'placement:moved', 'network:host', 'network:path', 'memory:use'],
  ...['nova:services', 'nova:hypervisors', 'nova:servers', 'nova:flavors'],
]

function viewOf(
  { clock }: Pick<Parts, 'clock'>,
  exceptions: ExceptionList,
  program: Program,
  { role, table, row, text }: Violation,
): ViolationView {
  const exception = exceptions.covering(table, row)
  return {
    ...{ id: idOf(table, row), policy: program.tables.get(table)?.policy ?? '', table, role, row, text },
    since: moment(clock.now()),
    ...(exception && { exception }),
  }
}
