import { fail } from '../diagnostic/index.ts'
import type { Row, Value } from '../tables/index.ts'
import { holdsText, quoted, textLiteral } from './names.ts'
import type { SqlTable, SqlType } from './types.ts'

/** Rows in one statement: few enough for PostgreSQL to read at once, enough to spend no time on statements. */
const BATCH = 500

/** `INSERT`s of a table's rows. Throws where a text can't be stored. */
export function insertsSql(table: SqlTable, rows: readonly Row[]): string {
  const statements: string[] = []
  for (let from = 0; from < rows.length; from += BATCH) {
    const values = rows.slice(from, from + BATCH).map(row => `  (${rowSql(table, row)})`)
    statements.push(`INSERT INTO ${quoted(table.name)} VALUES\n${values.join(',\n')};\n`)
  }
  return statements.join('')
}

function rowSql(table: SqlTable, row: Row): string {
  if (table.columns.length === 0) return 'TRUE'
  return table.columns.map((c, i) => valueSql(row[i]!, c.type, table)).join(', ')
}

function valueSql(value: Value, type: SqlType, table: SqlTable): string {
  if (!holdsText(value))
    fail('sql/text', `table \`${table.table}\` holds ${JSON.stringify(value)}, which PostgreSQL can't store`, {
      help: 'leave the character out of the text',
    })
  if (type === 'any' || type === 'none') return textLiteral(JSON.stringify(value))
  return typeof value === 'string' ? textLiteral(value) : String(value)
}
