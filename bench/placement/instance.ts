import { Random } from '../../src/placement/random.ts'
import type { Row, Snapshot, TableData } from '../../src/tables/index.ts'

/** cpu, ram in GiB, migration cost */
const FLAVORS = [
  [4, 8, 1],
  [8, 32, 2],
  [16, 64, 4],
  [16, 32, 2],
  [8, 64, 4],
  [32, 128, 8],
] as const
const HOST_TYPES = [
  [80, 320],
  [112, 448],
  [144, 512],
] as const
/** Fill at which the host types have their nominal size; other fills scale the hosts. */
const NOMINAL_FILL = 0.63

interface Cloud {
  readonly capacity: readonly (readonly [cpu: number, ram: number])[]
  readonly flavor: readonly number[]
  readonly at: Int32Array
  readonly load: [number, number][]
  readonly on: Set<number>[]
}

/**
 * A cloud with hosts of three types and VMs of six flavors, filled to `fill`, in which some hosts are overloaded and some groups have two
 * members on one host. The same arguments give the same cloud.
 */
export function makeInstance(hosts: number, vms: number, fill: number, seed: number): Snapshot {
  const random = new Random(seed * 7919 + hosts * 31 + vms)
  const scale = NOMINAL_FILL / fill
  const types = HOST_TYPES.map(t => t.map(x => Math.round((x * scale) / 4) * 4) as [number, number])
  const cloud: Cloud = {
    capacity: Array.from({ length: hosts }, (_, h) => types[h % 3]!),
    flavor: Array.from({ length: vms }, () => random.below(FLAVORS.length)),
    at: new Int32Array(vms).fill(-1),
    load: Array.from({ length: hosts }, () => [0, 0]),
    on: Array.from({ length: hosts }, () => new Set()),
  }
  const forced = fillUp(cloud, random)
  const overloaded = overload(cloud, random, forced)
  const { groups, broken } = makeGroups(cloud, random, overloaded)
  const size = cloud.flavor.reduce((sum, f) => sum + FLAVORS[f]![2], 0)
  const budget = Math.max(Math.ceil(0.05 * size), 30 + 4 * (broken + 2 * overloaded.size))
  return tablesOf(cloud, groups, budget)
}

function put(cloud: Cloud, vm: number, host: number): void {
  const [cpu, ram] = FLAVORS[cloud.flavor[vm]!]!
  const old = cloud.at[vm]!
  if (old >= 0) {
    cloud.on[old]!.delete(vm)
    cloud.load[old]![0] -= cpu
    cloud.load[old]![1] -= ram
  }
  cloud.at[vm] = host
  cloud.on[host]!.add(vm)
  cloud.load[host]![0] += cpu
  cloud.load[host]![1] += ram
}

function slack(cloud: Cloud, vm: number, host: number): number {
  const [cpu, ram] = FLAVORS[cloud.flavor[vm]!]!
  const [c, r] = cloud.capacity[host]!
  return Math.min((c - cloud.load[host]![0] - cpu) / 112, (r - cloud.load[host]![1] - ram) / 448)
}

/** Largest VMs first, each on a random host with room, else on any, else where least is missing: such hosts are returned. */
function fillUp(cloud: Cloud, random: Random): Set<number> {
  const forced = new Set<number>()
  const hosts = cloud.capacity.length
  const order = [...cloud.at.keys()].sort((a, b) => FLAVORS[cloud.flavor[b]!]![0] - FLAVORS[cloud.flavor[a]!]![0])
  for (const vm of order) {
    const fits = (h: number): boolean => slack(cloud, vm, h) >= 0
    let host = -1
    for (let tries = 0; tries < 200 && host < 0; tries++) {
      const h = random.below(hosts)
      if (fits(h)) host = h
    }
    for (let h = 0; h < hosts && host < 0; h++) if (fits(h)) host = h
    if (host < 0) {
      for (let h = 0, best = Number.NEGATIVE_INFINITY; h < hosts; h++)
        if (slack(cloud, vm, h) > best) {
          best = slack(cloud, vm, h)
          host = h
        }
      forced.add(host)
    }
    put(cloud, vm, host)
  }
  return forced
}

function overload(cloud: Cloud, random: Random, forced: ReadonlySet<number>): Set<number> {
  const hosts = cloud.capacity.length
  const wanted = Math.max(1, Math.min(10, Math.round(hosts / 25))) + forced.size
  const over = new Set(forced)
  while (over.size < wanted) {
    const host = random.below(hosts)
    if (over.has(host) || cloud.on[host]!.size < 2) continue
    over.add(host)
    const [c, r] = cloud.capacity[host]!
    for (let guard = 0; cloud.load[host]![0] <= c && cloud.load[host]![1] <= r && guard < 10_000; guard++) {
      const vm = random.below(cloud.at.length)
      if (!over.has(cloud.at[vm]!)) put(cloud, vm, host)
    }
  }
  return over
}

function makeGroups(cloud: Cloud, random: Random, over: ReadonlySet<number>): { groups: number[][]; broken: number } {
  const vms = cloud.at.length
  const hosts = cloud.capacity.length
  const count = Math.max(4, Math.round(vms / 25))
  const broken = Math.max(3, Math.min(40, Math.round(count / 4)))
  const grouped = new Uint8Array(vms)
  const groups: number[][] = []
  for (let g = 0; g < count; g++) {
    const size = g % 2 ? 2 : 3 + random.below(3)
    const members: number[] = []
    const used = new Set<number>()
    for (let tries = 0; g < broken && tries < 100_000; tries++) {
      const host = random.below(hosts)
      if (over.has(host)) continue
      const free = [...cloud.on[host]!].filter(v => !grouped[v])
      if (free.length < 2) continue
      members.push(free[0]!, free[1]!)
      used.add(host)
      break
    }
    for (let tries = 0; members.length < Math.min(size, hosts) && tries < 100_000; tries++) {
      const vm = random.below(vms)
      if (grouped[vm] || members.includes(vm) || used.has(cloud.at[vm]!)) continue
      members.push(vm)
      used.add(cloud.at[vm]!)
    }
    for (const vm of members) grouped[vm] = 1
    groups.push(members)
  }
  return { groups, broken }
}

function tablesOf({ at, capacity, flavor }: Cloud, groups: readonly number[][], budget: number): Snapshot {
  const provenance = { source: 'bench', readAt: '2020-01-01T00:00:00Z' }
  const table = (name: string, columns: string[], rows: Row[]): [string, TableData] => [
    name,
    { schema: { table: name, columns: columns.map(c => ({ name: c })) }, rows, provenance },
  ]
  const vm = (v: number): string => `vm${v}`
  const host = (h: number): string => `host${h}`
  return new Map([
    table(
      'nova:location',
      ['vm', 'host'],
      [...at].map((h, v) => [vm(v), host(h)]),
    ),
    table(
      'nova:services',
      ['host', 'binary', 'status', 'state'],
      capacity.map((_, h) => [host(h), 'nova-compute', 'enabled', 'up']),
    ),
    table(
      'host_capacity',
      ['host', 'cpu', 'ram'],
      capacity.map(([c, r], h) => [host(h), c, r]),
    ),
    table(
      'vm_size',
      ['vm', 'cpu', 'ram'],
      flavor.map((f, v) => [vm(v), FLAVORS[f]![0], FLAVORS[f]![1]]),
    ),
    table(
      'vm_migration_cost',
      ['vm', 'cost'],
      flavor.map((f, v) => [vm(v), FLAVORS[f]![2]]),
    ),
    table(
      'ha_group',
      ['group', 'vm'],
      groups.flatMap((g, k) => g.map((v): Row => [`g${k}`, vm(v)])),
    ),
    table('budget', ['limit'], [[budget]]),
  ])
}
