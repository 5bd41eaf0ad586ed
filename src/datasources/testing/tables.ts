import type { Row, Snapshot, TableData } from '../../tables/index.ts'

/** A snapshot from `{ 'nova:location vm host': [['v1', 'h1']] }`: name and columns in the key. */
export function tables(given: Readonly<Record<string, readonly Row[]>>): Snapshot {
  return new Map(
    Object.entries(given).map(([key, rows]): [string, TableData] => {
      const [table = '', ...columns] = key.split(' ')
      return [
        table,
        {
          schema: { table, columns: columns.map(name => ({ name })) },
          rows,
          provenance: { source: 'test', readAt: '2014-12-01T00:00:00.000Z' },
        },
      ]
    }),
  )
}

/** Tables as sets of rows in a fixed order, to compare snapshots by content. */
export function contents(snapshot: Snapshot): Record<string, string[]> {
  const names = [...snapshot.keys()].sort()
  return Object.fromEntries(
    names.map(name => [name, [...new Set(snapshot.get(name)!.rows.map(row => JSON.stringify(row)))].sort()]),
  )
}
