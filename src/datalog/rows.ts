import { fail, nearestName } from '../diagnostic/index.ts'
import type { EncodedRows, Interner, Relation, Row, TableData } from '../tables/index.ts'
import { compareRows } from '../tables/index.ts'

export function checkRow(table: string, row: Row, arity: number, where = ''): void {
  if (row.length !== arity) {
    fail(
      'datalog/wrong-arity',
      `a row of \`${table}\` has ${count(row.length, 'value')}, but the table has ${count(arity, 'column')}${where}`,
      { help: 'give one value for each column, in the order of the columns' },
    )
  }
  for (const v of row) {
    if (typeof v === 'string' || typeof v === 'boolean' || v === null) continue
    if (typeof v === 'number' && Number.isFinite(v)) continue
    fail('datalog/bad-value', `a row of \`${table}\` holds \`${String(v)}\`, which is no value${where}`, {
      help: 'cells hold strings, finite numbers, booleans and null',
    })
  }
}

/** A row's ids, or undefined when one of its values is in no table. */
export function findRow(interner: Interner, row: Row): number[] | undefined {
  const ids: number[] = []
  for (const v of row) {
    const id = interner.find(v)
    if (id < 0) return undefined
    ids.push(id)
  }
  return ids
}

export function rowAt(interner: Interner, relation: Relation, slot: number): Row {
  return relation.columns.map(c => interner.value(c[slot]!))
}

/** A copy of every row as ids. */
export function encodedRows(interner: Interner, relation: Relation): EncodedRows {
  const { size: count, top } = relation
  if (relation.isWhole) return { interner, columns: relation.columns.map(column => column.slice(0, count)), count }
  const columns = relation.columns.map(() => new Int32Array(count))
  for (let slot = 0, row = 0; slot < top; slot++) {
    if (!relation.holds(slot)) continue
    columns.forEach((column, c) => {
      column[row] = relation.columns[c]![slot]!
    })
    row++
  }
  return { interner, columns, count }
}

/** Every row in the order of its values. */
export function sortedRows(interner: Interner, relation: Relation): Row[] {
  const rows: Row[] = []
  relation.eachSlot(slot => rows.push(rowAt(interner, relation, slot)))
  return rows.sort(compareRows)
}

/** Rows with these values in these columns (ascending). */
export function matchingRows(interner: Interner, relation: Relation, columns: readonly number[], values: Row): Row[] {
  const rows: Row[] = []
  const key = findRow(interner, values)
  if (!key) return rows
  if (columns.length === 0) {
    relation.eachSlot(slot => rows.push(rowAt(interner, relation, slot)))
    return rows
  }
  const index = relation.index(columns)
  for (let slot = index.first(key); slot >= 0; slot = index.next[slot]!)
    if (relation.holds(slot) && index.matches(slot, key)) rows.push(rowAt(interner, relation, slot))
  return rows
}

/** A full reading whose rows all have the columns its schema names. */
export function checkTable(data: TableData): void {
  const { table, columns } = data.schema
  const place = data.provenance.place === undefined ? '' : ` (${data.provenance.place})`
  // Ids stand for values, and columns of ids have one length.
  if (data.encoded && data.encoded.columns.length === columns.length) return
  data.rows.forEach((row, i) => {
    checkRow(table, row, columns.length, `: row ${i + 1}${place}`)
  })
}

export function failUnknownTable(table: string, known: Iterable<string>): never {
  const near = nearestName(table, known)
  fail('datalog/unknown-table', `table \`${table}\` is not known`, {
    help: near ? `did you mean \`${near}\`?` : "use the table's full name, `module:table`",
  })
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
