import { type Diagnostic, nearestName, type Span } from '../diagnostic/index.ts'
import type { EncodedRows, Row, Snapshot, TableData, Value } from '../tables/index.ts'

/** Where a row of a table stands, when the source knows. */
export type PlaceOf = (table: string, row: number) => Span | undefined

/** The tables that list hosts, the column that names them, and its position when no column has that name. */
const HOST_LISTS = [
  { table: 'nova:services', column: 'host', position: 2 },
  { table: 'nova:hypervisors', column: 'hypervisor_hostname', position: 0 },
  { table: 'nova:hosts', column: 'host', position: 0 },
] as const

/** The tables that `checkCloud` reads. */
export const CLOUD_TABLES: readonly string[] = ['nova:location', ...HOST_LISTS.map(list => list.table)]

/**
 * What is wrong with a cloud as a whole: a VM on two hosts, a host that does not exist, no cloud at all. A snapshot without
 * `nova:location` is only warned of: rules about other tables can be evaluated on it.
 */
export function checkCloud(snapshot: Snapshot, placeOf: PlaceOf = () => undefined): Diagnostic[] {
  if (snapshot.size === 0) {
    return [
      {
        code: 'data/empty-cloud',
        severity: 'error',
        message: 'there are no tables',
        help: 'give a folder with at least `nova/location.csv`, whose columns are `vm,host`',
      },
    ]
  }
  const location = snapshot.get('nova:location')
  if (!location) {
    return [
      {
        code: 'data/no-location',
        severity: 'warning',
        message: 'there is no table `nova:location`, so nothing can be placed',
        help: 'add `nova/location.csv`, whose columns are `vm,host`, if VMs are to be moved',
      },
    ]
  }
  const columns = location.schema.columns.map(column => column.name)
  if (columns.length !== 2 || (columns[0] === 'host' && columns[1] === 'vm')) return [wrongColumns(columns, placeOf)]
  if ((location.encoded?.count ?? location.rows.length) === 0) {
    return [
      {
        code: 'data/empty-cloud',
        severity: 'error',
        message: 'the cloud is empty: `nova:location` has no rows',
        help: 'give at least one row `vm,host`',
      },
    ]
  }
  if (location.encoded && isSound(location.encoded, listedHosts(snapshot))) return []
  return [...doublePlaces(location, placeOf), ...unknownHosts(location, snapshot, placeOf)]
}

/** Whether neither `doublePlaces` nor `unknownHosts` would find anything, without making rows: of a million VMs all are fine mostly. */
function isSound({ interner, columns, count }: EncodedRows, hosts: ReadonlySet<Value> | undefined): boolean {
  const [vms, places] = columns
  if (!vms || !places) return false
  const nothing = interner.find(null)
  const exists = new Uint8Array(interner.size).fill(hosts ? 0 : 1)
  for (const host of hosts ?? []) {
    const id = interner.find(host)
    if (id >= 0) exists[id] = 1
  }
  /** By VM: the host's id + 1. */
  const place = new Int32Array(interner.size)
  for (let i = 0; i < count; i++) {
    const vm = vms[i]!
    const host = places[i]!
    if (vm === nothing || host === nothing || exists[host] === 0) return false
    if (place[vm] !== 0 && place[vm] !== host + 1) return false
    place[vm] = host + 1
  }
  return true
}

/** Every host that the cloud's tables list, or undefined when none of them is there. */
export function listedHosts(snapshot: Snapshot): Set<Value> | undefined {
  let hosts: Set<Value> | undefined
  for (const { table, column, position } of HOST_LISTS) {
    const data = snapshot.get(table)
    if (!data) continue
    const columns = data.schema.columns
    const named = columns.findIndex(c => c.name === column)
    const at = named < 0 ? position : named
    const binary = table === 'nova:services' ? columns.findIndex(c => c.name === 'binary') : -1
    hosts ??= new Set()
    for (const row of data.rows) {
      if (binary < 0 || row[binary] === 'nova-compute') hosts.add(row[at] ?? null)
    }
  }
  return hosts
}

function doublePlaces(location: TableData, placeOf: PlaceOf): Diagnostic[] {
  const found: Diagnostic[] = []
  const first = new Map<Value, number>()
  location.rows.forEach((row, i) => {
    const [vm = null, host = null] = row
    if (vm === null || host === null) {
      found.push({
        code: 'data/no-host',
        severity: 'error',
        message: `\`nova:location\` has a row with an empty ${vm === null ? 'VM' : 'host'}`,
        ...at('nova:location', i, placeOf),
        help: 'give both a VM and a host, or remove the row',
      })
      return
    }
    const before = first.get(vm)
    if (before === undefined) {
      first.set(vm, i)
      return
    }
    const other = location.rows[before]!
    if (other[1] === host) return
    found.push({
      code: 'data/vm-on-two-hosts',
      severity: 'error',
      message: `the VM ${show(vm)} is on two hosts, ${show(other[1] ?? null)} and ${show(host)}`,
      ...at('nova:location', i, placeOf),
      help: 'leave one of the two rows in `nova:location`',
      notes: [
        { message: `the first row is ${showRow(other)}`, ...at('nova:location', before, placeOf) },
        { message: `the second row is ${showRow(row)}`, ...at('nova:location', i, placeOf) },
      ],
    })
  })
  return found
}

function unknownHosts(location: TableData, snapshot: Snapshot, placeOf: PlaceOf): Diagnostic[] {
  const hosts = listedHosts(snapshot)
  if (!hosts) return []
  const names = [...hosts].filter(host => typeof host === 'string')
  const reported = new Set<Value>()
  return location.rows.flatMap((row, i): Diagnostic[] => {
    const [vm = null, host = null] = row
    if (host === null || hosts.has(host) || reported.has(host)) return []
    reported.add(host)
    const near = nearestName(String(host), names)
    const lists = HOST_LISTS.map(l => l.table).filter(table => snapshot.has(table))
    return [
      {
        code: 'data/unknown-host',
        severity: 'error',
        message: `the VM ${show(vm)} is on the host ${show(host)}, which does not exist`,
        ...at('nova:location', i, placeOf),
        help: near ? `did you mean \`${near}\`?` : `name a host of ${lists.map(l => `\`${l}\``).join(' or ')}`,
      },
    ]
  })
}

function wrongColumns(columns: readonly string[], placeOf: PlaceOf): Diagnostic {
  return {
    code: 'data/location-columns',
    severity: 'error',
    message: `\`nova:location\` has the columns ${columns.map(show).join(', ')} instead of \`vm\` and \`host\``,
    ...at('nova:location', 0, placeOf),
    help: 'give it the two columns `vm,host`, in this order',
  }
}

function at(table: string, row: number, placeOf: PlaceOf): { span?: Span } {
  const span = placeOf(table, row)
  return span ? { span } : {}
}

function show(value: Value): string {
  return `\`${value}\``
}

function showRow(row: Row): string {
  return `\`${row.map(String).join(', ')}\``
}
