import { sql } from './databases.ts'
import type { Layout } from './layout.ts'

/** Tables of Nova in which each server has a row, and the column that names it. */
const TABLES = [
  ['nova.instances', 'uuid'],
  ['nova.instance_extra', 'instance_uuid'],
  ['nova.instance_info_caches', 'instance_uuid'],
  ['nova_api.instance_mappings', 'instance_uuid'],
] as const

/** As SQL: the id of the n-th copy. */
const COPY = "CONCAT('5eed0000-0000-4000-8000-', LPAD(seq, 12, '0'))"

/**
 * Make copies of a running server in Nova's database, as if it had been created so many times just now: to Nova's API they are servers
 * like others. Booting so many would take this machine minutes. Gives their ids.
 */
export async function copyServer(layout: Layout, id: string, count: number): Promise<string[]> {
  for (const [table, key] of TABLES) {
    const columns = (await columnsOf(layout, table)).filter(name => name !== 'id')
    const values = columns.map(name =>
      name === key ? COPY : /^(?:created|updated|launched)_at$/.test(name) ? 'UTC_TIMESTAMP()' : `\`${name}\``,
    )
    const names = columns.map(name => `\`${name}\``).join(', ')
    const source = `${table}, seq_1_to_${count} WHERE ${key} = '${id}'`
    await sql(layout, `USE nova; INSERT INTO ${table} (${names}) SELECT ${values.join(', ')} FROM ${source}`)
  }
  return Array.from({ length: count }, (_, i) => `5eed0000-0000-4000-8000-${String(i + 1).padStart(12, '0')}`)
}

/** Mark all copies as deleted, as Nova does it. */
export async function deleteCopies(layout: Layout): Promise<void> {
  const where = (key: string) => `WHERE ${key} LIKE '5eed0000-%'`
  const gone = 'deleted = id, deleted_at = UTC_TIMESTAMP(), updated_at = UTC_TIMESTAMP()'
  for (const [table, key] of TABLES.slice(1, 3)) await sql(layout, `UPDATE ${table} SET ${gone} ${where(key)}`)
  await sql(layout, `UPDATE nova_api.instance_mappings SET queued_for_delete = 1 ${where('instance_uuid')}`)
  await sql(
    layout,
    `UPDATE nova.instances SET ${gone}, vm_state = 'deleted', terminated_at = UTC_TIMESTAMP() ${where('uuid')}`,
  )
}

async function columnsOf(layout: Layout, table: string): Promise<string[]> {
  const [schema, name] = table.split('.')
  const from = `information_schema.columns WHERE table_schema = '${schema}' AND table_name = '${name}'`
  return (await sql(layout, `SELECT column_name FROM ${from} ORDER BY ordinal_position`)).trim().split('\n')
}
