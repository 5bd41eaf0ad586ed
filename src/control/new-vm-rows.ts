import { fail, nearestName } from '../diagnostic/index.ts'
import type { Row, Snapshot, TableData, TableSchema, Value } from '../tables/index.ts'
import { cell, rowsOf } from './named-rows.ts'

/** A row that describes a new VM, in a data table. */
export interface NewVmRow {
  readonly table: string
  readonly row: Row
}

/** Properties of new VMs by which the cloud's own tables describe them. */
export interface NewVmProperties {
  /** Id or name in `nova:flavors`. */
  readonly flavor?: string
  /** Id in `nova:servers`. */
  readonly image?: string
  readonly zone?: string
  /** Id or name in `nova:server_groups`. */
  readonly group?: string
}

const LOCATION = 'nova:location'
const SERVERS = 'nova:servers'
const FLAVORS = 'nova:flavors'
const GROUPS = 'nova:server_groups'
const MEMBERS = 'nova:server_groups.members'

const refuse = (message: string, help: string): never => fail('control/new-vms', message, { help })

/**
 * The tables with the rows that describe new VMs.
 * @throws DiagnosticError `control/new-vms`: a VM that is not new, a table that is not there, a row that does not fit its table
 */
export function withRows(tables: Snapshot, vms: readonly Value[], rows: readonly NewVmRow[]): Snapshot {
  if (vms.length === 0) refuse('no new VM is named', 'give each new VM an id of its own')
  const taken = new Set((tables.get(LOCATION)?.rows ?? []).map(([vm]) => vm))
  for (const vm of vms) {
    if (taken.has(vm)) refuse(`the VM \`${vm}\` is not new`, 'give each new VM an id of its own')
    taken.add(vm)
  }
  const added = new Map<string, Row[]>()
  for (const { table, row } of rows) {
    const known = table === LOCATION ? undefined : tables.get(table)
    if (!known) {
      const near = nearestName(table, [...tables.keys()])
      return refuse(
        `new VMs can't be described by \`${table}\``,
        near === undefined || near === table ? 'name a table of a data source' : `did you mean \`${near}\`?`,
      )
    }
    const { columns } = known.schema
    if (row.length !== columns.length)
      refuse(
        `a row of \`${table}\` has ${columns.length} values, and not ${row.length}`,
        `give ${columns.map(({ name }) => name).join(', ')}`,
      )
    const list = added.get(table)
    if (list) list.push(row)
    else added.set(table, [row])
  }
  const grown = [...added].map(([table, more]): [string, TableData] => {
    const { schema, provenance, rows } = tables.get(table)!
    return [table, { schema, provenance, rows: [...rows, ...more] }]
  })
  return new Map([...tables, ...grown])
}

/** The rows by which the cloud's own tables describe VMs with these properties. */
export function rowsOfProperties(
  tables: Snapshot,
  vms: readonly string[],
  { flavor, image, zone, group }: NewVmProperties,
): NewVmRow[] {
  const rows: NewVmRow[] = []
  const servers = tables.get(SERVERS)?.schema
  const cells: [columns: readonly string[], value: string | undefined, option: string][] = [
    [['flavor_id'], flavor === undefined ? undefined : idOf(tables, FLAVORS, flavor, 'flavor'), 'flavor'],
    [['image_id'], image, 'image'],
    [['zone', 'availability_zone'], zone, 'zone'],
  ]
  if (servers) rows.push(...vms.map(vm => ({ table: SERVERS, row: serverRow(servers, vm, cells) })))
  else if (cells.some(([, value]) => value !== undefined))
    refuse(`there is no table \`${SERVERS}\` to say of what flavor, image or zone a VM is`, TEMPLATES)
  if (group !== undefined) rows.push(...membersOf(tables, vms, group))
  return rows
}

const TEMPLATES = 'describe the VMs by rows of the tables that there are: `--row \'vm_cpu("$vm", 2)\'`'

function serverRow(
  { columns }: TableSchema,
  vm: string,
  cells: readonly [columns: readonly string[], value: string | undefined, option: string][],
): Row {
  const names = columns.map(c => c.name)
  const row: Value[] = names.map(name => (name === 'id' || name === 'name' ? vm : null))
  for (const [wanted, value, option] of cells) {
    if (value === undefined) continue
    const at = names.findIndex(name => wanted.includes(name))
    if (at < 0) refuse(`\`${SERVERS}\` has no column \`${wanted[0]}\` for the ${option}`, TEMPLATES)
    row[at] = value
  }
  return row
}

function membersOf(tables: Snapshot, vms: readonly string[], group: string): NewVmRow[] {
  const members = tables.get(MEMBERS)?.schema.columns.map(c => c.name)
  if (!members) return refuse(`there is no table \`${MEMBERS}\` to say who is in the group \`${group}\``, TEMPLATES)
  const id = idOf(tables, GROUPS, group, 'server group')
  return vms.map(vm => ({
    table: MEMBERS,
    row: members.map(name => (name === 'group_id' ? id : name === 'server_id' ? vm : null)),
  }))
}

/** The id of what has this id or name; several of one name are refused. */
function idOf(tables: Snapshot, table: string, given: string, kind: string): string {
  const rows = rowsOf(tables, table)
  if (rows.some(row => cell(row, 'id') === given)) return given
  const named = rows.filter(row => cell(row, 'name') === given)
  if (named.length === 1) return String(cell(named[0]!, 'id'))
  if (named.length > 1) return refuse(`${named.length} rows of \`${table}\` are called \`${given}\``, 'give the id')
  const near = nearestName(
    given,
    rows.flatMap(row => [cell(row, 'id'), cell(row, 'name')]).filter(v => typeof v === 'string'),
  )
  return refuse(
    `there is no ${kind} \`${given}\` in \`${table}\``,
    near === undefined ? 'give its id or name' : `did you mean \`${near}\`?`,
  )
}
