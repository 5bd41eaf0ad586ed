import type { ActionStatus } from '../datasources/index.ts'
import type { Exclusion } from '../placement/index.ts'
import type { Value } from '../tables/index.ts'
import type { CloudView } from './cloud-view.ts'
import type { Cells } from './named-rows.ts'
import type { PlanReport } from './plan-report.ts'

/** Something that the cloud would not do: bring a VM to a host, or move it at all, for now or for good. */
export interface Refusal {
  readonly remedy: NonNullable<ActionStatus['remedy']>
  readonly vm: Value
  /** Undefined: the VM is held where it is. */
  readonly host: Value | undefined
  readonly why: string
  /** What the cloud showed then of what the refusal is about; undefined: nothing. */
  readonly state: string | undefined
}

/** What a move teaches that failed in all its tries; undefined: nothing is known of it. */
export function refusalIn(
  { remedy, detail }: Pick<ActionStatus, 'remedy' | 'detail'>,
  { vm, to }: { readonly vm: Value; readonly to: Value },
  view: CloudView,
): Refusal | undefined {
  if (remedy === undefined) return undefined
  const host = remedy === 'elsewhere' ? to : undefined
  return { remedy, vm, host, why: detail ?? 'the cloud does not say why', state: stateOf({ vm, host }, view) }
}

/** Whether the cloud still shows what it showed when it refused. What is not to be seen has not changed. */
export function isUnchanged(refusal: Refusal, view: CloudView): boolean {
  const now = stateOf(refusal, view)
  return now === undefined || now === refusal.state
}

/** What placement has to do without. */
export function excludedBy(refusals: readonly Refusal[]): Exclusion[] {
  return refusals.flatMap(({ vm, host }) => (host === undefined ? [] : [[{ vm, host }]]))
}

/** VMs that stay where they are, as a plan's report names them. */
export function heldBy(refusals: readonly Refusal[]): PlanReport['held'] {
  const held = new Map(refusals.flatMap(({ vm, host, why }) => (host === undefined ? [[vm, why] as const] : [])))
  return [...held].map(([vm, reason]) => ({ vm, reason }))
}

const OF_VM = ['status', 'vm_state', 'task_state', 'power_state', 'locked', 'flavor_id']
const OF_HOST = ['status', 'state', 'forced_down']

/** Of a VM that is held: its own state, and that of its host. Of a host that may not take a VM: the host's. */
function stateOf({ vm, host: target }: Pick<Refusal, 'vm' | 'host'>, view: CloudView): string | undefined {
  const host = target ?? view.hostOf(vm)
  if (host === undefined) return undefined
  const cells = (rows: readonly Cells[], columns: readonly string[]) =>
    rows.map(row => columns.map(column => row.get(column) ?? null))
  const services = view.rows('nova:services', 'host', host).filter(row => row.get('binary') === 'nova-compute')
  const ofHost = cells(services, OF_HOST)
  if (target !== undefined) return JSON.stringify(ofHost)
  return JSON.stringify([host, cells(view.rows('nova:servers', 'id', vm), OF_VM), ofHost])
}
