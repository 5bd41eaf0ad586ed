import type { Capacity, TargetMove } from '../../placement/index.ts'
import type { PlanInput } from '../types.ts'

/** A cloud for tests: `vms` maps a VM to [load of each capacity, host now, host in the target]. */
export interface TestCloud {
  /** Limit of each capacity by host. */
  readonly limits: readonly Readonly<Record<string, number>>[]
  readonly vms: Readonly<Record<string, readonly [load: readonly number[], from: string, to: string]>>
  readonly strict?: boolean
  /** Load of a VM on a host, when it depends on the host. */
  readonly loadOn?: (load: number, host: string) => number
  readonly base?: number
}

/** The plan input of a test cloud: every host is a candidate, a migration costs the VM's first load. */
export function inputOf(cloud: TestCloud, more: Partial<PlanInput> = {}): PlanInput {
  const hosts = [...new Set(cloud.limits.flatMap(l => Object.keys(l)))]
  const capacities: Capacity[] = cloud.limits.map((limits, c) => ({
    rule: `test.dl:${c + 1}`,
    load: (vm, host) => {
      const load = cloud.vms[`${vm}`]?.[0][c] ?? 0
      return cloud.loadOn ? cloud.loadOn(load, `${host}`) : load
    },
    base: () => cloud.base ?? 0,
    limit: host => limits[`${host}`],
    strict: cloud.strict ?? false,
  }))
  const entries = Object.entries(cloud.vms)
  const moves: TargetMove[] = entries
    .filter(([, [, from, to]]) => from !== to)
    .map(([vm, [load, from, to]]) => ({
      vm,
      from,
      to,
      cost: load[0] ?? 0,
      because: [{ rule: 'error test.dl:9', instance: `error("${vm}")` }],
    }))
  return {
    placement: new Map(entries.map(([vm, [, from]]) => [vm, from])),
    candidates: () => hosts,
    moves,
    capacities,
    costOf: vm => cloud.vms[`${vm}`]?.[0][0] ?? 0,
    ...more,
  }
}
