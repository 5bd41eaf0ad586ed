import type { Possibilities } from './universe.ts'

/** Possibilities that can be sent to another thread. */
export interface PackedPossibilities {
  readonly vms: number
  readonly hosts: number
  readonly current: Int32Array
  readonly hostsOf: readonly (readonly number[])[]
  readonly limit: number | undefined
  /** What moving each VM to each of its hosts costs; only where a limit asks for it. */
  readonly costs: readonly Float64Array[]
}

export function packPossibilities(universe: Possibilities): PackedPossibilities {
  const { vms, hosts, current, hostsOf, budget } = universe
  return {
    vms: vms.length,
    hosts: hosts.length,
    current,
    hostsOf,
    limit: budget?.limit,
    costs: budget ? hostsOf.map((list, vm) => Float64Array.from(list, h => universe.cost(vm, h))) : [],
  }
}

export function unpackPossibilities(packed: PackedPossibilities): Possibilities {
  const { vms, hosts, current, hostsOf, limit, costs } = packed
  const byHost = costs.map((list, vm) => new Map(hostsOf[vm]!.map((h, i) => [h, list[i]!])))
  return {
    vms: { length: vms },
    hosts: { length: hosts },
    current,
    hostsOf,
    cost: (vm, host) => byHost[vm]?.get(host) ?? 0,
    budget: limit === undefined ? undefined : { limit },
  }
}
