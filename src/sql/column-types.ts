import type { CoreRule, Program, TableInfo } from '../language/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'
import { columnNames } from './names.ts'
import type { SqlTable, SqlType } from './types.ts'

const declared = { string: 'text', number: 'number', boolean: 'boolean', any: 'any' } as const

/**
 * A data table's columns. A column whose schema names a type and in which no other value is at hand (null included) is stored as that
 * type; any other is jsonb.
 */
export function dataTable(program: Program, info: TableInfo, tables: Snapshot): SqlTable {
  const schema = program.schemas.get(info.name)
  const rows = tables.get(info.name)?.rows ?? []
  const arity = schema?.columns.length ?? info.arity
  const names = columnNames(Array.from({ length: arity }, (_, i) => schema?.columns[i]?.name ?? info.columns?.[i]))
  const columns = names.map((name, i) => {
    const type: SqlType = declared[schema?.columns[i]?.type ?? 'any']
    return { name, type: type !== 'any' && rows.every(row => typeOf(row[i]!) === type) ? type : ('any' as const) }
  })
  return { table: info.name, name: info.name, columns }
}

function typeOf(value: Value): SqlType {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'any'
}

/** A derived table before anything is known of its values; columns are named as in its first rule. */
export function derivedTable(info: TableInfo, rules: readonly CoreRule[]): SqlTable {
  const [first] = rules
  const names = Array.from({ length: info.arity }, (_, i) => {
    const arg = first?.head.args[i]
    const name = arg?.kind === 'variable' ? first!.variables[arg.index] : undefined
    return name !== undefined && /^\w*[a-zA-Z]\w*$/.test(name) ? name : `c${i + 1}`
  })
  const columns = columnNames(names).map(name => ({ name, type: 'none' as const }))
  return { table: info.name, name: info.name, columns }
}
