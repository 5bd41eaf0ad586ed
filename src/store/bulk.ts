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

/** One kind of change to one table. */
export type Write =
  /** With `replace`, a row whose key is there takes the place of what was. */
  | { readonly insert: BulkTable; readonly rows: readonly Row[]; readonly replace?: readonly string[] }
  /** Change `columns` of the rows with the same `keys`. */
  | {
      readonly update: BulkTable
      readonly keys: readonly string[]
      readonly columns: readonly string[]
      readonly rows: readonly Row[]
    }

/**
 * Carry out changes that do not depend on each other: no row may be in two of them. PostgreSQL gets all of them in one statement, so
 * that they cost one journey.
 */
export async function writeRows({ dialect }: Speaks, tx: StoreTransaction, writes: readonly Write[]): Promise<void> {
  const parts = writes.flatMap(write => [...chunks(write.rows)].map(rows => statement(dialect, { ...write, rows })))
  if (dialect === 'sqlite' || parts.length === 1) for (const part of parts) await part.execute(tx)
  else if (parts.length > 0) {
    const named = parts.map((part, i) => sql`${sql.raw(`w${i}`)} as (${part})`)
    await sql`with ${sql.join(named)} select`.execute(tx)
  }
}

function statement(dialect: Store['dialect'], write: Write): RawBuilder<unknown> {
  if ('update' in write) {
    const { update: table, keys, columns, rows } = write
    const set = sql.raw(columns.map(c => `${c} = c.${c}`).join(', '))
    const same = sql.raw(keys.map(k => `${table}.${k} = c.${k}`).join(' and '))
    return sql`update ${sql.table(table)} set ${set} from ${unfold(dialect, table, [...keys, ...columns], rows)} where ${same}`
  }
  const { insert: table, rows, replace } = write
  const columns = Object.keys(COLUMNS[table])
  const list = sql.raw(columns.join(', '))
  const others = columns.filter(c => !replace?.includes(c)).map(c => `${c} = excluded.${c}`)
  const conflict = sql.raw(replace ? ` on conflict (${replace.join(', ')}) do update set ${others.join(', ')}` : '')
  return sql`insert into ${sql.table(table)} (${list}) select ${list} from ${unfold(dialect, table, columns, rows)} where true${conflict}`
}

/** A condition's list of texts, whose statement is the same for any number of them: `where('id', 'in', textsIn(store, ids))`. */
export function textsIn({ dialect }: Speaks, texts: readonly string[]): RawBuilder<string> {
  const json = JSON.stringify(texts)
  return dialect === 'postgres'
    ? sql<string>`(select json_array_elements_text(${json}::json))`
    : sql<string>`(select value from json_each(${json}))`
}

/** The tasks of these names; those that have no row are left out. `lock` them until the transaction ends. */
export async function selectTasks(
  { dialect }: Speaks,
  tx: StoreTransaction,
  keys: readonly { readonly execution: string; readonly name: string }[],
  lock = false,
): Promise<Schema['tasks'][]> {
  const found: Schema['tasks'][] = []
  const locking = sql.raw(lock && dialect === 'postgres' ? ' for no key update of tasks' : '')
  for (const chunk of chunks(keys)) {
    const { rows } = await sql<Schema['tasks']>`select tasks.* from ${unfold(
      dialect,
      'tasks',
      ['execution', 'name'],
      chunk,
    )} cross join tasks where tasks.execution = c.execution and tasks.name = c.name${locking}`.execute(tx)
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
