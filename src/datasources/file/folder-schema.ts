import { nearestName } from '../../diagnostic/index.ts'
import type { ColumnSchema, TableSchema } from '../../tables/index.ts'
import type { TableSpec } from './file-table.ts'
import type { SchemaFile } from './schema-file.ts'
import type { Findings, SourceText } from './source-text.ts'

type Column = { type?: ColumnSchema['type']; unit?: string | undefined }

/** What a folder's schema.yaml says. An absent file says nothing. */
export class FolderSchema {
  readonly ignore: ReadonlySet<string>
  readonly #tables: ReadonlyMap<string, { list: string[] | undefined; columns: ReadonlyMap<string, Column> }>
  readonly #place: (table: string, column?: string) => ReturnType<SourceText['span']>

  constructor(value: SchemaFile, place: (table: string, column?: string) => ReturnType<SourceText['span']>) {
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
