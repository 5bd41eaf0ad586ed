import {
  encodedTable,
  Interner,
  type Provenance,
  type Snapshot,
  type TableSchema,
  type Value,
} from '../../../tables/index.ts'

/**
 * Tables on their way to another thread: each column as numbers of values, which are handed over without being copied; the values once
 * for all tables.
 */
export interface PackedTables {
  readonly values: readonly Value[]
  readonly tables: readonly {
    readonly schema: TableSchema
    readonly provenance: Provenance
    readonly columns: readonly Int32Array[]
    readonly count: number
  }[]
}

/** Rows that are packed before others in this thread have a turn. */
const AT_ONCE = 50_000

/** Pack the tables that are `wanted`. Lets other work go on between parts. */
export async function packTables(tables: Snapshot, wanted: (table: string) => boolean): Promise<PackedTables> {
  const numbers = new Map<Value, number>()
  const values: Value[] = []
  const numberOf = (value: Value): number => {
    let number = numbers.get(value)
    if (number === undefined) {
      number = values.push(value) - 1
      numbers.set(value, number)
    }
    return number
  }
  const packed: PackedTables['tables'][number][] = []
  let since = 0
  for (const { schema, rows, provenance } of tables.values()) {
    if (!wanted(schema.table)) continue
    const columns = schema.columns.map(() => new Int32Array(rows.length))
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      for (let c = 0; c < columns.length; c++) columns[c]![i] = numberOf(row[c] ?? null)
      if (++since % AT_ONCE === 0) await new Promise(resolve => setImmediate(resolve))
    }
    packed.push({ schema, provenance, columns, count: rows.length })
  }
  return { values, tables: packed }
}

/** What can be handed over. */
export const buffersOf = ({ tables }: PackedTables): ArrayBuffer[] =>
  tables.flatMap(({ columns }) => columns.map(column => column.buffer as ArrayBuffer))

export function unpackTables({ values, tables }: PackedTables): Snapshot {
  const interner = new Interner()
  const ids = Int32Array.from(values, value => interner.intern(value))
  return new Map(
    tables.map(({ schema, provenance, columns, count }) => {
      const own = columns.map(column => column.map(number => ids[number]!))
      return [schema.table, encodedTable(schema, provenance, { interner, columns: own, count })]
    }),
  )
}
