import { DiagnosticError } from '../diagnostic/index.ts'
import { type Program, readTuple } from '../language/index.ts'
import { type NewPlacement, type PlaceNewOptions, placeNew } from '../placement/index.ts'
import { makePlan } from '../plan/index.ts'
import type { Value } from '../tables/index.ts'
import { type NewVmProperties, type NewVmRow, rowsOfProperties, withRows } from './new-vm-rows.ts'
import { planInputOf } from './place-and-plan.ts'
import type { PlacementReport } from './placement-report.ts'
import { presentPlacement } from './plan.ts'
import { imagesOf, storageOf } from './plan-images.ts'
import { wishesOf } from './plan-wishes.ts'
import { UNKNOWN_TABLE, type World } from './world.ts'

/** New VMs: how they are called and what describes them. */
export interface PlaceNewRequest extends NewVmProperties {
  /** Ids; or `count` of them, called `prefix-1`, `prefix-2`, … */
  readonly vms?: readonly string[]
  readonly count?: number
  /** Default `new`. */
  readonly prefix?: string
  readonly rows?: readonly NewVmRow[]
  /** Tuples with `$vm` where a VM's id goes: `vm_cpu("$vm", 2)`. */
  readonly templates?: readonly string[]
}

/**
 * Hosts for new VMs under the policies of a world, what they bring about, and the images that have to be sent first. Where VMs that
 * exist may move, their migrations are in an order in which they can be made before the new VMs start.
 */
export async function placeNewVms(
  world: World,
  request: PlaceNewRequest,
  options: PlaceNewOptions = {},
): Promise<PlacementReport> {
  const started = performance.now()
  const vms = [...(request.vms ?? names(request, world))]
  const described = [
    ...rowsOfProperties(world.tables, vms, request),
    ...(request.rows ?? []),
    ...(request.templates ?? []).flatMap(text => fromTemplate(text, vms, world.program)),
  ]
  const tables = withRows(world.tables, vms, described)
  const found = await placeNew({ program: world.program, tables }, vms, options)
  return { ...reportOf(world, tables, found), elapsedMs: performance.now() - started }
}

/** Ids that no VM has. */
function names({ count = 1, prefix = 'new' }: PlaceNewRequest, { tables }: World): string[] {
  const taken = new Set([...presentPlacement({ tables }).keys()])
  const found: string[] = []
  for (let n = 1; found.length < count; n++) if (!taken.has(`${prefix}-${n}`)) found.push(`${prefix}-${n}`)
  return found
}

/** The row of each VM; `$vm` may stand for a whole value or within a text. */
function fromTemplate(text: string, vms: readonly string[], program: Program): NewVmRow[] {
  const quoted = text.replace(/(?<=[(,]\s*)\$vm(?=\s*[,)])/g, '"$vm"')
  const readings = program.policies.map(({ name }) => readTuple(quoted, program, name))
  const tuple = readings.find(
    r => r.tuple && !r.diagnostics.some(d => d.severity === 'error' || d.code === UNKNOWN_TABLE),
  )?.tuple
  if (!tuple) {
    const notes = [{ message: `it stands in the row \`${text}\` of a new VM` }]
    throw new DiagnosticError((readings[0]?.diagnostics ?? []).map(d => ({ ...d, severity: 'error', notes })))
  }
  const fill = (value: Value, vm: string): Value => (typeof value === 'string' ? value.replaceAll('$vm', vm) : value)
  return vms.map(vm => ({ table: tuple.table, row: tuple.row.map(value => fill(value, vm)) }))
}

function reportOf(world: World, tables: World['tables'], found: NewPlacement): Omit<PlacementReport, 'elapsedMs'> {
  const { target, moves } = found
  const placement = presentPlacement(world)
  const plan = makePlan({ ...planInputOf(target, placement), moves, ...wishesOf(world.tables, 'none') })
  return {
    hosts: [...found.hosts].map(([vm, host]) => ({ vm, host })),
    unplaced: found.unplaced.map(u => ({ ...u, conflict: [...u.conflict] })),
    moves: plan.moves.map(({ id, vm, from, to, cost, step, parking }) => ({ id, vm, from, to, cost, step, parking })),
    impossible: [...plan.impossible],
    transfers: transfersOf(tables, found.hosts),
    violationsBefore: found.violationsBefore.map(v => ({ ...v, row: [...v.row] })),
    violationsAfter: found.violationsAfter.map(v => ({ ...v, row: [...v.row] })),
    aims: found.aims.map(aim => ({ ...aim, bound: Number.isFinite(aim.bound) ? aim.bound : null })),
    refused: [...target.refused],
    proof: found.proof,
    solver: target.solver,
    declined: [...target.declined],
    model: target.model,
  }
}

/** Images that hosts do not have, each once for each host, however many VMs start from it there. */
function transfersOf(tables: World['tables'], hosts: ReadonlyMap<Value, Value>): PlacementReport['transfers'] {
  const images = imagesOf(tables, storageOf(tables), 'service')
  const transfers = new Map<string, { image: Value; host: Value; mib: number; vms: number }>()
  for (const [vm, host] of hosts) {
    const needed = images?.needed(vm, null, host)
    if (!needed) continue
    const key = JSON.stringify([needed.image, host])
    const known = transfers.get(key) ?? { image: needed.image, host, mib: needed.mib, vms: 0 }
    transfers.set(key, { ...known, vms: known.vms + 1 })
  }
  return [...transfers.values()]
}
