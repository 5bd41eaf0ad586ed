import { type RawBuilder, sql } from 'kysely'
import type { Store, StoreTransaction } from './open-store.ts'
import type { Schema } from './schema.ts'

/*
 * Many rows in one statement, whose text is the same for any number of rows: it is prepared once. The rows travel as one JSON text,
 * which both SQLite and PostgreSQL unfold into a table.
 */

type Kind = 'text' | 'bigint'

const COLUMNS = {
  tasks: {
    execution: 'text',
    name: 'text',
    state: 'text',
    attempt: 'bigint',
    base: 'bigint',
    arrived: 'bigint',
    turn: 'bigint',
    due: 'bigint',
    wait: 'bigint',
    claimed_by: 'text',
    delegated: 'bigint',
    deadline: 'bigint',
    unsure: 'bigint',
    faults: 'bigint',
    outcome: 'text',
    total: 'bigint',
    next: 'bigint',
    done: 'bigint',
    bad: 'bigint',
    started_at: 'bigint',
    ended_at: 'bigint',
    item: 'text',
    result: 'text',
    error: 'text',
  },
  executions: {
    id: 'text',
    state: 'text',
    ending: 'text',
    active: 'bigint',
    turn: 'bigint',
    output: 'text',
    error: 'text',
    ended_at: 'bigint',
  },
  items: { execution: 'text', task: 'text', start: 'bigint', body: 'text' },
  variables: { execution: 'text', name: 'text', value: 'text' },
  events: {
    execution: 'text',
    task: 'text',
    attempt: 'bigint',
    kind: 'text',
    happened_at: 'bigint',
    data: 'text',
  },
} as const satisfies Partial<Record<keyof Schema, Record<string, Kind>>>

export type BulkTable = keyof typeof COLUMNS
/** An object with a property for each column; what is missing is null. */
type Row = object
type Speaks = Pick<Store, 'dialect'>

/** Rows in one statement; more are split. */
const ROWS_AT_ONCE = 1000

/** Insert rows. With `replace`, a row whose key is there takes the place of what was. */
export async function insertRows(
  { dialect }: Speaks,
  tx: StoreTransaction,
  table: BulkTable,
  rows: readonly Row[],
  replace?: readonly string[],
): Promise<void> {
  const columns = Object.keys(COLUMNS[table])
  const list = sql.raw(columns.join(', '))
  const conflict = replace
    ? sql.raw(
        ` on conflict (${replace.join(', ')}) do update set ${columns
          .filter(c => !replace.includes(c))
          .map(c => `${c} = excluded.${c}`)
          .join(', ')}`,
      )
    : sql.raw('')
  for (const chunk of chunks(rows))
    await sql`insert into ${sql.table(table)} (${list}) select ${list} from ${unfold(dialect, table, columns, chunk)} where true ${conflict}`.execute(
      tx,
    )
}

/** Change `columns` of the rows with the same `keys`. */
export async function updateRows(
  { dialect }: Speaks,
  tx: StoreTransaction,
  table: BulkTable,
  keys: readonly string[],
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const set = sql.raw(columns.map(c => `${c} = c.${c}`).join(', '))
  const same = sql.raw(keys.map(k => `${table}.${k} = c.${k}`).join(' and '))
  for (const chunk of chunks(rows))
    await sql`update ${sql.table(table)} set ${set} from ${unfold(dialect, table, [...keys, ...columns], chunk)} where ${same}`.execute(
      tx,
    )
}

/** The tasks of these names; those that have no row are left out. */
export async function selectTasks(
  { dialect }: Speaks,
  tx: StoreTransaction,
  keys: readonly { readonly execution: string; readonly name: string }[],
): Promise<Schema['tasks'][]> {
  const found: Schema['tasks'][] = []
  for (const chunk of chunks(keys)) {
    const { rows } = await sql<Schema['tasks']>`select tasks.* from ${unfold(
      dialect,
      'tasks',
      ['execution', 'name'],
      chunk,
    )} cross join tasks where tasks.execution = c.execution and tasks.name = c.name`.execute(tx)
    found.push(...rows)
  }
  return found
}

/** The rows as a table `c` of a statement's FROM. */
function unfold(
  dialect: Store['dialect'],
  table: BulkTable,
  columns: readonly string[],
  rows: readonly Row[],
): RawBuilder<unknown> {
  const kinds: Readonly<Record<string, Kind>> = COLUMNS[table]
  const json = JSON.stringify(
    rows.map(row => Object.fromEntries(columns.map(c => [c, (row as Readonly<Record<string, unknown>>)[c] ?? null]))),
  )
  if (dialect === 'postgres')
    return sql`json_to_recordset(${json}::json) as c(${sql.raw(columns.map(c => `${c} ${kinds[c]}`).join(', '))})`
  return sql`(select ${sql.raw(columns.map(c => `value ->> '$.${c}' as ${c}`).join(', '))} from json_each(${json})) as c`
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) yield rows.slice(i, i + ROWS_AT_ONCE)
}
