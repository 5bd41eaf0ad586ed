import { type Diagnostic, DiagnosticError, nearestName, type Span } from '../diagnostic/index.ts'
import type { Delta, Row, Snapshot, TableData } from '../tables/index.ts'
import { readText } from './file/folder.ts'
import { parseJsonLines } from './file/json-lines.ts'
import { Findings } from './file/source-text.ts'

/** A delta of a `*.change.jsonl` file, and its line there. */
export interface PlacedDelta extends Delta {
  readonly span: Span
}

/**
 * Read a `*.change.jsonl` file: on each line `{"table": "nova:location", "removed": [[…]], "inserted": [[…]]}`.
 * Rejects with everything that is wrong with it in one `DiagnosticError`.
 */
export async function readChanges(path: string): Promise<PlacedDelta[]> {
  const findings = new Findings()
  const source = await readText(path, findings)
  const { change } = await import('./change-schema.ts')
  const deltas: PlacedDelta[] = []
  for (const line of source ? parseJsonLines(source, findings) : []) {
    const span = source!.span(line.start, line.end)
    const parsed = change.safeParse(line.value)
    if (parsed.success) {
      deltas.push({ ...parsed.data, span })
      continue
    }
    const issue = parsed.error.issues[0]!
    const where = issue.path.length === 0 ? '' : `\`${issue.path.map(String).join('.')}\`: `
    const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
    findings.error('data/bad-change', `${where}${message}`, span, {
      help: 'write `{"table": NAME, "removed": [[…]], "inserted": [[…]]}` on each line',
    })
  }
  if (findings.errors > 0) throw new DiagnosticError(findings.list())
  return deltas
}

/**
 * The snapshot after the deltas, in order; the given one stays as it is. Throws a `DiagnosticError` for tables that are not there and
 * rows of another arity, all of them at once. Removing an absent row or inserting a present one changes nothing.
 */
export function applyChanges(snapshot: Snapshot, deltas: readonly (Delta & { readonly span?: Span })[]): Snapshot {
  const problems: Diagnostic[] = []
  const rows = new Map<string, Map<string, Row>>()
  for (const delta of deltas) {
    const data = snapshot.get(delta.table)
    const place = delta.span ? { span: delta.span } : {}
    if (!data) {
      const near = nearestName(delta.table, snapshot.keys())
      problems.push({
        code: 'data/unknown-table',
        severity: 'error',
        message: `there is no table \`${delta.table}\` to change`,
        ...place,
        help: near ? `did you mean \`${near}\`?` : 'name a table of the folder',
      })
      continue
    }
    const arity = data.schema.columns.length
    const odd = [...delta.removed, ...delta.inserted].find(row => row.length !== arity)
    if (odd) {
      problems.push({
        code: 'data/ragged-row',
        severity: 'error',
        message: `the row \`${JSON.stringify(odd)}\` has ${odd.length} values, \`${delta.table}\` has ${arity} columns`,
        ...place,
        help: `give ${data.schema.columns.map(c => `\`${c.name}\``).join(', ')}`,
      })
      continue
    }
    let table = rows.get(delta.table)
    if (!table) rows.set(delta.table, (table = new Map(data.rows.map(row => [rowKey(row), row]))))
    for (const row of delta.removed) table.delete(rowKey(row))
    for (const row of delta.inserted) if (!table.has(rowKey(row))) table.set(rowKey(row), row)
  }
  if (problems.length > 0) throw new DiagnosticError(problems)
  return new Map(
    [...snapshot].map(([name, data]): [string, TableData] => {
      const changed = rows.get(name)
      return [name, changed ? { ...data, rows: [...changed.values()] } : data]
    }),
  )
}

/** A text that two rows share exactly when they hold the same values; `-0` is 0. */
export function rowKey(row: Row): string {
  return JSON.stringify(row)
}
