import type { AtomLiteral, CoreLiteral, CoreRule, CoreTerm, Program, TableInfo } from '../../../language/index.ts'
import type { Row, TableData, Value } from '../../../tables/index.ts'
import type { ExceptionView } from '../types.ts'

/** A program for placement, with the tables it reads besides those of the sources. */
export interface GroupProgram {
  readonly program: Program
  readonly tables: readonly TableData[]
}

/**
 * The program that is placed by: only the policies of a group say what is wrong, what it costs and where VMs may go; others stay as far
 * as the group reads their tables. What an exception covers is no violation: each rule of its table gets a `not` over a table of what
 * is excepted, so that placement neither mends it nor counts it.
 */
export function programFor(
  program: Program,
  group: ReadonlySet<string>,
  exceptions: ReadonlyMap<string, readonly ExceptionView[]>,
): GroupProgram {
  const tables = new Map<string, TableInfo>()
  for (const [name, info] of program.tables)
    tables.set(name, info.role && !group.has(info.policy ?? '') ? { ...info, role: undefined } : info)
  const needed = tablesNeeded(program, group)
  const excepted = [...exceptions].flatMap(([table, list]) =>
    needed.has(table) && tables.get(table)?.role ? exceptedTables(table, list) : [],
  )
  const schemas = new Map(program.schemas)
  for (const { data, columns } of excepted) {
    const { table } = data.schema
    const shape = { name: table, arity: columns.length, columns: data.schema.columns.map(c => c.name), display: table }
    tables.set(table, { ...shape, kind: 'data', role: undefined, policy: undefined })
    schemas.set(table, data.schema)
  }
  const rules = program.rules
    .filter(({ head, modal }) => modal !== 'execute' && needed.has(head.table))
    .map((rule, id) => ({ ...rule, id, body: [...rule.body, ...literalsFor(rule, excepted)] }))
  const strata = program.strata.map(component => component.filter(t => needed.has(t))).filter(c => c.length > 0)
  return { program: { ...program, rules, tables, schemas, strata }, tables: excepted.map(({ data }) => data) }
}

/** Tables that rules of the group define, and all that these rest on. */
function tablesNeeded(program: Program, group: ReadonlySet<string>): ReadonlySet<string> {
  const reads = new Map<string, string[]>()
  for (const { head, body } of program.rules)
    reads.set(head.table, [...(reads.get(head.table) ?? []), ...tablesIn(body)])
  const needed = new Set(program.rules.filter(rule => group.has(rule.policy)).map(rule => rule.head.table))
  for (const table of needed) for (const read of reads.get(table) ?? []) needed.add(read)
  return needed
}

function tablesIn(body: readonly CoreLiteral[]): string[] {
  return body.flatMap(literal =>
    literal.kind === 'atom' ? [literal.table] : literal.kind === 'aggregate' ? tablesIn(literal.body) : [],
  )
}

interface Excepted {
  /** The table whose rows are excepted. */
  readonly of: string
  /** Its columns that the exceptions name. */
  readonly columns: readonly number[]
  readonly data: TableData
}

/** One table for each set of columns that exceptions name. */
function exceptedTables(of: string, list: readonly ExceptionView[]): Excepted[] {
  const byColumns = new Map<string, { columns: number[]; rows: Row[] }>()
  for (const { pattern } of list) {
    const columns = pattern.flatMap((value, i) => (value === null ? [] : [i]))
    const key = columns.join('_')
    const found = byColumns.get(key) ?? { columns, rows: [] }
    byColumns.set(key, found)
    found.rows.push(columns.map(i => pattern[i] as Value))
  }
  return [...byColumns].map(([key, { columns, rows }]) => ({
    of,
    columns,
    data: {
      schema: { table: `excepted:${of}/${key}`, columns: columns.map(i => ({ name: `column ${i + 1}` })) },
      rows,
      provenance: { source: 'exceptions', readAt: new Date(0).toISOString() },
    },
  }))
}

function literalsFor({ head }: CoreRule, excepted: readonly Excepted[]): AtomLiteral[] {
  return excepted
    .filter(({ of }) => of === head.table)
    .map(({ columns, data }) => ({
      kind: 'atom',
      table: data.schema.table,
      args: columns.map((i): CoreTerm => head.args[i]!),
      negated: true,
      span: head.span,
    }))
}
