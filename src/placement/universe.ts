import type { View } from '../datalog/index.ts'
import { fail, nearestName } from '../diagnostic/index.ts'
import type { Program, Role } from '../language/index.ts'
import type { Snapshot, TableSchema, Value } from '../tables/index.ts'
import { LOCATION, UNPLACED } from './decision.ts'
import type { PlaceOptions } from './types.ts'

/** Who may be where: VMs and hosts by number, where each VM is, where it may go, and what moving costs. */
export interface Universe {
  readonly vms: readonly Value[]
  readonly hosts: readonly Value[]
  readonly vmNumber: ReadonlyMap<Value, number>
  readonly hostNumber: ReadonlyMap<Value, number>
  /** Host number of each VM now. */
  readonly current: Int32Array
  /** Host numbers each VM may be on, ascending; its present host always among them. */
  readonly hostsOf: readonly (readonly number[])[]
  /** Cost of moving a VM from where it is; 0 for staying. Not negative. */
  cost(vm: number, host: number): number
  /** The least that moving a VM anywhere else costs. */
  leastCost(vm: number): number
  /** Largest total migration cost allowed, and the rule that says so. */
  readonly budget: { readonly limit: number; readonly place: string } | undefined
  /** The rule (file:line) that restricts candidates, when a policy does. */
  readonly candidatePlace: string | undefined
}

/** What a search by numbers alone has to know of a universe. */
export interface Possibilities extends Pick<Universe, 'current' | 'hostsOf' | 'cost'> {
  readonly vms: { readonly length: number }
  readonly hosts: { readonly length: number }
  readonly budget: { readonly limit: number } | undefined
}

/**
 * Read the universe under the present placement.
 * @param everywhere every VM may go to every host that is up, whatever `candidate` says: for asking what stands in the way
 */
export function readUniverse(program: Program, tables: Snapshot, view: View, everywhere = false): Universe {
  const location = view.rows(LOCATION)
  const vms: Value[] = []
  const vmNumber = new Map<Value, number>()
  const currentHost: Value[] = []
  for (const [vm, host] of location) {
    if (vmNumber.has(vm!))
      fail(
        'placement/two-hosts',
        `VM ${show(vm!)} is on two hosts, ${show(currentHost[vmNumber.get(vm!)!]!)} and ${show(host!)}`,
        {
          help: 'each VM has one row in `nova:location`; remove the wrong one',
        },
      )
    vmNumber.set(vm!, vms.length)
    vms.push(vm!)
    currentHost.push(host!)
  }
  const services = hostsOfCloud(tables)
  const known = new Set([...services.keys(), ...currentHost])
  const targets = everywhere ? undefined : candidates(program, view, services.size > 0 ? known : undefined, vmNumber)
  const zones = zonesOfVms(tables)
  const hostList = [...new Set([...known, ...[...(targets?.allowed.values() ?? [])].flatMap(s => [...s])])]
  const hostNumber = new Map(hostList.map((h, i) => [h, i]))
  const usable = hostList.filter(h => h !== UNPLACED && (services.size === 0 || services.get(h)?.usable))
  const lists = new HostLists()
  const inZone = new Map<Value | undefined, readonly number[]>()
  const hostsInZone = (zone: Value | undefined): readonly number[] => {
    let list = inZone.get(zone)
    if (!list) {
      const open = usable.filter(h => zone === undefined || (services.get(h)?.zone ?? zone) === zone)
      inZone.set(zone, (list = lists.shared(open.map(h => hostNumber.get(h)!))))
    }
    return list
  }
  const hostsOf = vms.map((vm, i) => {
    const allowed = targets
      ? lists.shared([...(targets.allowed.get(vm) ?? [])].filter(h => h !== UNPLACED).map(h => hostNumber.get(h)!))
      : hostsInZone(everywhere ? undefined : zones.get(vm))
    return lists.with(allowed, hostNumber.get(currentHost[i]!)!)
  })
  const current = Int32Array.from(currentHost, h => hostNumber.get(h)!)
  return {
    vms,
    hosts: hostList,
    vmNumber,
    hostNumber,
    current,
    hostsOf,
    ...migrationCosts(program, tables, view, vms, vmNumber, hostList, current, hostsOf),
    budget: budget(program, view),
    candidatePlace: targets?.place,
  }
}

/** Lists of hosts, each kept once however many VMs share it. */
class HostLists {
  readonly #byText = new Map<string, readonly number[]>()
  readonly #extended = new Map<readonly number[], Map<number, readonly number[]>>()

  shared(hosts: readonly number[]): readonly number[] {
    const sorted = [...hosts].sort((a, b) => a - b)
    const text = sorted.join(',')
    const known = this.#byText.get(text)
    if (known) return known
    this.#byText.set(text, sorted)
    return sorted
  }

  /** The list with one more host, unless it is there already. */
  with(list: readonly number[], host: number): readonly number[] {
    if (contains(list, host)) return list
    let byHost = this.#extended.get(list)
    if (!byHost) this.#extended.set(list, (byHost = new Map()))
    let longer = byHost.get(host)
    if (!longer) byHost.set(host, (longer = this.shared([...list, host])))
    return longer
  }
}

/** Binary search in ascending numbers. */
export function contains(sorted: readonly number[], value: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return sorted[low] === value
}

/** The universe with other hosts for each VM. */
export function restrict<T extends Possibilities>(universe: T, hostsOf: readonly (readonly number[])[]): T {
  return { ...universe, hostsOf }
}

/** The universe in which only some VMs may move, and only to some hosts; each VM may stay where it is. */
export function narrowed(universe: Universe, within: PlaceOptions['within'] = {}): Universe {
  const { vms, hosts } = within
  if (!vms && !hosts) return universe
  const lists = new HostLists()
  const inside = new Map<readonly number[], readonly number[]>()
  const narrow = (list: readonly number[]): readonly number[] => {
    if (!hosts) return list
    let kept = inside.get(list)
    if (!kept) inside.set(list, (kept = lists.shared(list.filter(h => hosts.has(universe.hosts[h]!)))))
    return kept
  }
  return restrict(
    universe,
    universe.hostsOf.map((list, vm) =>
      lists.with(vms && !vms.has(universe.vms[vm]!) ? lists.shared([]) : narrow(list), universe.current[vm]!),
    ),
  )
}

/** VMs that can be on more than one host. */
export function freeVms({ hostsOf }: Possibilities): number[] {
  return hostsOf.flatMap((hosts, vm) => (hosts.length > 1 ? [vm] : []))
}

/** Possible (vm, host) pairs. */
export function pairsOf(universe: Possibilities): number {
  return universe.hostsOf.reduce((n, hosts) => n + hosts.length, 0)
}

interface HostState {
  readonly usable: boolean
  readonly zone: Value | undefined
}

/** Hosts that the compute services list (else the hypervisors), and whether a VM may be sent there. */
function hostsOfCloud(tables: Snapshot): Map<Value, HostState> {
  const found = new Map<Value, HostState>()
  const read = (table: string, host: string): void => {
    const data = tables.get(table)
    if (!data) return
    const at = columnIndex(data.schema)
    const cell = (row: readonly Value[], column: string): Value | undefined => row[at.get(column) ?? -1]
    for (const row of data.rows) {
      const name = cell(row, host)
      if (name === undefined || name === null) continue
      if ((cell(row, 'binary') ?? 'nova-compute') !== 'nova-compute') continue
      const usable = (cell(row, 'status') ?? 'enabled') === 'enabled' && (cell(row, 'state') ?? 'up') === 'up'
      found.set(name, { usable, zone: cell(row, 'zone') ?? undefined })
    }
  }
  read('nova:services', 'host')
  if (found.size === 0) read('nova:hypervisors', 'hypervisor_hostname')
  return found
}

function zonesOfVms(tables: Snapshot): Map<Value, Value> {
  const servers = tables.get('nova:servers')
  const zones = new Map<Value, Value>()
  if (!servers) return zones
  const at = columnIndex(servers.schema)
  const id = at.get('id')
  const zone = at.get('zone') ?? at.get('availability_zone')
  if (id === undefined || zone === undefined) return zones
  for (const row of servers.rows) if (row[zone] != null && row[zone] !== '') zones.set(row[id]!, row[zone]!)
  return zones
}

/** What every policy that has a `candidate` rule allows: a VM may go where all of them let it. */
function candidates(
  program: Program,
  view: View,
  known: ReadonlySet<Value> | undefined,
  vmNumber: ReadonlyMap<Value, number>,
): { allowed: Map<Value, Set<Value>>; place: string } | undefined {
  let allowed: Map<Value, Set<Value>> | undefined
  let place: string | undefined
  for (const { table, rule } of roleTables(program, 'candidate')) {
    const mine = new Map<Value, Set<Value>>()
    for (const [vm, host] of view.rows(table)) {
      if (!vmNumber.has(vm!)) continue
      if (known && !known.has(host!)) {
        const near = nearestName(String(host), [...known].map(String))
        fail(
          'placement/unknown-host',
          `\`candidate\` sends VM ${show(vm!)} to ${show(host!)}, which is not a host of this cloud`,
          {
            span: rule.span,
            help: near ? `did you mean \`${near}\`?` : 'hosts are listed in `nova:services`',
          },
        )
      }
      let set = mine.get(vm!)
      if (!set) mine.set(vm!, (set = new Set()))
      if (!allowed || allowed.get(vm!)?.has(host!)) set.add(host!)
    }
    allowed = mine
    place = place ? `${place}, ${placeOf(rule)}` : placeOf(rule)
  }
  return allowed && { allowed, place: place! }
}

function migrationCosts(
  program: Program,
  tables: Snapshot,
  view: View,
  vms: readonly Value[],
  vmNumber: ReadonlyMap<Value, number>,
  hosts: readonly Value[],
  current: Int32Array,
  hostsOf: readonly (readonly number[])[],
): Pick<Universe, 'cost' | 'leastCost'> {
  const own = new Map<Value, number>()
  const pair = new Map<Value, Map<Value, number>>()
  for (const { table, rule } of roleTables(program, 'migration_cost'))
    for (const row of view.rows(table)) {
      const cost = row.at(-1)
      if (typeof cost !== 'number' || cost < 0)
        fail(
          'placement/bad-cost',
          `\`migration_cost\` of VM ${show(row[0]!)} is ${show(cost ?? null)}, not a number of 0 or more`,
          { span: rule.span },
        )
      if (row.length === 2) own.set(row[0]!, Math.max(own.get(row[0]!) ?? 0, cost))
      else {
        let to = pair.get(row[0]!)
        if (!to) pair.set(row[0]!, (to = new Map()))
        if (hosts[current[vmNumber.get(row[0]!) ?? -1] ?? -1] === row[1])
          to.set(row[2]!, Math.max(to.get(row[2]!) ?? 0, cost))
      }
    }
  const memory = memoryGiB(tables)
  const anywhere = (id: Value): number => own.get(id) ?? memory.get(id) ?? 1
  const cost = (vm: number, host: number): number => {
    if (host === current[vm] || hosts[current[vm]!] === UNPLACED) return 0
    const id = vms[vm]!
    return pair.get(id)?.get(hosts[host]!) ?? anywhere(id)
  }
  const leastCost = (vm: number): number => {
    if (hosts[current[vm]!] === UNPLACED) return 0
    if (!pair.has(vms[vm]!)) return anywhere(vms[vm]!)
    return Math.min(...hostsOf[vm]!.filter(h => h !== current[vm]).map(h => cost(vm, h)))
  }
  return { cost, leastCost }
}

/** Memory of each VM in GiB, from its flavor. Nova gives MiB. */
function memoryGiB(tables: Snapshot): Map<Value, number> {
  const flavors = tables.get('nova:flavors')
  const servers = tables.get('nova:servers')
  const memory = new Map<Value, number>()
  if (!flavors || !servers) return memory
  const f = columnIndex(flavors.schema)
  const s = columnIndex(servers.schema)
  const ram = new Map<Value, number>()
  for (const row of flavors.rows) {
    const mib = row[f.get('ram') ?? -1]
    if (typeof mib !== 'number') continue
    for (const name of ['id', 'name']) {
      const value = row[f.get(name) ?? -1]
      if (value != null) ram.set(value, mib / 1024)
    }
  }
  for (const row of servers.rows) {
    const gib = ram.get(row[s.get('flavor_id') ?? -1] ?? null)
    if (gib !== undefined) memory.set(row[s.get('id') ?? -1] ?? null, gib)
  }
  return memory
}

function budget(program: Program, view: View): Universe['budget'] {
  let found: Universe['budget']
  for (const { table, rule } of roleTables(program, 'migration_budget'))
    for (const [limit] of view.rows(table)) {
      if (typeof limit !== 'number' || limit < 0)
        fail('placement/bad-budget', `\`migration_budget\` is ${show(limit ?? null)}, not a number of 0 or more`, {
          span: rule.span,
        })
      if (!found || limit < found.limit) found = { limit, place: placeOf(rule) }
    }
  return found
}

/** Tables with a role that some rule defines, each with its first rule. */
function* roleTables(program: Program, role: Role): Generator<{ table: string; rule: Program['rules'][number] }> {
  const seen = new Set<string>()
  for (const rule of program.rules) {
    if (program.tables.get(rule.head.table)?.role !== role || seen.has(rule.head.table)) continue
    seen.add(rule.head.table)
    yield { table: rule.head.table, rule }
  }
}

const columnIndex = (schema: TableSchema): Map<string, number> => new Map(schema.columns.map((c, i) => [c.name, i]))
const placeOf = (rule: Program['rules'][number]): string => `${rule.span.file}:${rule.span.line}`
export const show = (value: Value): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
