import { type PlanReport, planReportSchema, planWorld } from '../../src/control/index.ts'
import type { Row } from '../../src/tables/index.ts'
import { programOf } from '../placement/policies.ts'
import { expectMinimal } from './minimal.ts'

/** A cloud in a few words: VMs with [GiB, host], hosts with GiB. */
export interface SmallCloud {
  readonly hosts: Readonly<Record<string, number>>
  readonly vms: Readonly<Record<string, readonly [size: number, host: string]>>
  readonly more?: Readonly<Record<string, { columns: string[]; rows: Row[] }>>
}

/** No host takes more than it has; a migration costs the VM's size. */
export const CAPACITY = `
error(host, "", "") :- room(host, r), u = sum s : { nova:location(v, host), size(v, s) }, u > r
migration_cost(v, s) :- size(v, s)
`

/** Program and tables of a policy over a small cloud. */
export function worldOf(
  text: string,
  { hosts, vms, more = {} }: SmallCloud,
): ReturnType<typeof programOf> & { warnings: [] } {
  const rows = Object.entries(vms)
  const tables = {
    'nova:location': { columns: ['vm', 'host'], rows: rows.map(([vm, [, host]]): Row => [vm, host]) },
    'nova:hypervisors': { columns: ['hypervisor_hostname'], rows: Object.keys(hosts).map((h): Row => [h]) },
    room: { columns: ['host', 'gib'], rows: Object.entries(hosts).map(([h, r]): Row => [h, r]) },
    size: { columns: ['vm', 'gib'], rows: rows.map(([vm, [size]]): Row => [vm, size]) },
    ...more,
  }
  return { ...programOf({ text, tables }), warnings: [] }
}

/** The report of a plan, which is checked to be minimal. */
export async function planFor(text: string, cloud: SmallCloud): Promise<PlanReport> {
  const world = worldOf(text, cloud)
  const report = (await planReportSchema()).parse(await planWorld(world, {}))
  if (report.impossible.length === 0) expectMinimal(world, report)
  return report
}

/** Each move as `vm from>to`. */
export const legsOf = (report: PlanReport): string[] => report.moves.map(m => `${m.vm} ${m.from}>${m.to}`)
