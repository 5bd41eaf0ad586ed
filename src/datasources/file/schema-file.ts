import { isNode } from 'yaml'
import { z } from 'zod'
import { nearestName } from '../../diagnostic/index.ts'
import type { ColumnSchema, TableSchema } from '../../tables/index.ts'
import type { TableSpec } from './file-table.ts'
import type { Findings, SourceText } from './source-text.ts'
import { parseYaml, spanOfNode } from './yaml.ts'

const columnType = z.enum(['string', 'number', 'boolean', 'any'])
const about = z.strictObject({ type: columnType.optional(), unit: z.string().optional() })
const listed = z.union([z.string().min(1), about.extend({ name: z.string().min(1) })])
const schemaFile = z.strictObject({
  /** Files of the folder that are not tables, by their path in it. */
  ignore: z.array(z.string()).optional(),
  tables: z
    .record(
      z.string(),
      z.strictObject({
        /** A list gives every column in order; an object says something of some columns. */
        columns: z.union([z.array(listed), z.record(z.string(), z.union([columnType, about]))]),
      }),
    )
    .optional(),
})

type Column = { type?: ColumnSchema['type']; unit?: string | undefined }

/** What a folder's schema.yaml says. An absent file says nothing. */
export class FolderSchema {
  readonly ignore: ReadonlySet<string>
  readonly #tables: ReadonlyMap<string, { list: string[] | undefined; columns: ReadonlyMap<string, Column> }>
  readonly #place: (table: string, column?: string) => ReturnType<SourceText['span']>

  constructor(
    value: z.infer<typeof schemaFile>,
    place: (table: string, column?: string) => ReturnType<SourceText['span']>,
  ) {
    this.ignore = new Set(value.ignore)
    this.#place = place
    this.#tables = new Map(
      Object.entries(value.tables ?? {}).map(([table, { columns }]) => {
        const entries = Array.isArray(columns)
          ? columns.map((c): [string, Column] => (typeof c === 'string' ? [c, {}] : [c.name, c as Column]))
          : Object.entries(columns).map(([name, c]): [string, Column] => [
              name,
              typeof c === 'string' ? { type: c } : (c as Column),
            ])
        const list = Array.isArray(columns) ? entries.map(([name]) => name) : undefined
        return [table, { list, columns: new Map(entries) }]
      }),
    )
  }

  spec(table: string): TableSpec {
    const known = this.#tables.get(table)
    return {
      columns: known?.list,
      typeOf: column => known?.columns.get(column)?.type,
      unitOf: column => known?.columns.get(column)?.unit,
    }
  }

  columns(table: string, names: readonly string[]): TableSchema {
    const spec = this.spec(table)
    return {
      table,
      columns: names.map(name => {
        const type = spec.typeOf(name)
        const unit = spec.unitOf(name)
        return { name, ...(type ? { type } : {}), ...(unit ? { unit } : {}) }
      }),
    }
  }

  /** Names in schema.yaml that no file bears out, and tables listed in full that have no file: those are empty tables. */
  settle(found: ReadonlyMap<string, readonly string[]>, failed: ReadonlySet<string>, findings: Findings): string[] {
    const empty: string[] = []
    for (const [table, { list, columns }] of this.#tables) {
      const names = found.get(table)
      if (failed.has(table)) continue
      if (!names && list) empty.push(table)
      else if (!names) {
        const near = nearestName(table, [...found.keys()])
        findings.error(
          'data/unknown-table',
          `schema.yaml describes \`${table}\`, which has no file`,
          this.#place(table),
          {
            help: near
              ? `did you mean \`${near}\`?`
              : 'add the file, or list all columns in order to make it an empty table',
          },
        )
      } else {
        for (const column of columns.keys()) {
          if (names.includes(column)) continue
          const near = nearestName(column, names)
          findings.error(
            'data/unknown-column',
            `\`${table}\` has no column \`${column}\``,
            this.#place(table, column),
            { help: near ? `did you mean \`${near}\`?` : `its columns are ${names.map(n => `\`${n}\``).join(', ')}` },
          )
        }
      }
    }
    return empty
  }
}

export const noSchema = new FolderSchema({}, table => ({ file: table, start: 0, end: 0, line: 1, column: 1 }))

/** Read schema.yaml. Undefined when it is wrong; then `findings` says how. */
export function readSchemaFile(source: SourceText, findings: Findings): FolderSchema | undefined {
  const document = parseYaml(source, findings)
  if (!document) return undefined
  const nodeAt = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return node
    }
    return null
  }
  const parsed = schemaFile.safeParse(document.toJS() ?? {})
  if (parsed.success) {
    return new FolderSchema(parsed.data, (table, column) =>
      spanOfNode(source, nodeAt(['tables', table, 'columns', ...(column === undefined ? [] : [column])])),
    )
  }
  for (const { path, message } of parsed.error.issues.flatMap(issue => leaves(issue, []))) {
    const at = path.map(String).join('.')
    const text = message.charAt(0).toLowerCase() + message.slice(1)
    findings.error('data/bad-schema', at === '' ? text : `\`${at}\`: ${text}`, spanOfNode(source, nodeAt(path)), {
      help: 'write `tables: {NAME: {columns: [{name, type, unit}, …]}}`, types being string, number, boolean or any',
    })
  }
  return undefined
}

/** A union's own issue says little; the branch that came furthest says more. */
function leaves(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[],
): { path: readonly PropertyKey[]; message: string }[] {
  const path = [...above, ...issue.path]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ path, message: issue.message }]
  const branches = issue.errors.map(branch => branch.flatMap(inner => leaves(inner, path)))
  const depth = (branch: (typeof branches)[number]) => Math.max(0, ...branch.map(leaf => leaf.path.length))
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best))
}
