import { checkPolicies, type Program, parsePolicy } from '../../language/index.ts'
import type { Row, Snapshot, TableData } from '../../tables/index.ts'

/** Tables by name: column names first, then rows. */
export type SmallTables = Record<string, readonly [columns: readonly string[], ...rows: Row[]]>

export function snapshotOf(tables: SmallTables): Snapshot {
  return new Map(
    Object.entries(tables).map(([table, [columns, ...rows]]): [string, TableData] => [
      table,
      {
        schema: { table, columns: columns.map(name => ({ name })) },
        rows,
        provenance: { source: 'test', readAt: '2020-01-01T00:00:00Z' },
      },
    ]),
  )
}

/** A checked policy over small tables. Throws on any error, so that a test never runs on half a policy. */
export function smallWorld(text: string, tables: SmallTables): { program: Program; tables: Snapshot } {
  const snapshot = snapshotOf(tables)
  const { policy, diagnostics } = parsePolicy(text, 'p.dl')
  const checked = checkPolicies([policy], { schemas: [...snapshot.values()].map(t => t.schema) })
  const errors = [...diagnostics, ...checked.diagnostics].filter(d => d.severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(e => `${e.span?.line}: ${e.message}`).join('\n'))
  return { program: checked.program, tables: snapshot }
}

/** Three VMs on two of three hosts. */
export const threeHosts: SmallTables = {
  'nova:location': [
    ['vm', 'host'],
    ['v1', 'h1'],
    ['v2', 'h1'],
    ['v3', 'h2'],
  ],
  host: [
    ['name', 'cpus'],
    ['h1', 4],
    ['h2', 4],
    ['h3', 4],
  ],
  cpu: [
    ['vm', 'cpus'],
    ['v1', 3],
    ['v2', 2],
    ['v3', 1],
  ],
  'nova:services': [
    ['host', 'binary', 'status', 'state'],
    ['h1', 'nova-compute', 'enabled', 'up'],
    ['h2', 'nova-compute', 'enabled', 'up'],
    ['h3', 'nova-compute', 'enabled', 'up'],
  ],
}
