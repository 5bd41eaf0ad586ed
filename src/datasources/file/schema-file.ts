import { z } from 'zod'
import { FolderSchema } from './folder-schema.ts'
import type { Findings, SourceText } from './source-text.ts'
import { parseYaml } from './yaml.ts'
import { inWords, issuesOf, placeInYaml, placeOfIssue } from './yaml-issues.ts'

/** What a column holds. */
export const columnType = z.enum(['string', 'number', 'boolean', 'any'])
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

/** What schema.yaml holds. */
export type SchemaFile = z.infer<typeof schemaFile>

/** Read schema.yaml. Undefined when it is wrong; then `findings` says how. */
export function readSchemaFile(source: SourceText, findings: Findings): FolderSchema | undefined {
  const document = parseYaml(source, findings)
  if (!document) return undefined
  const parsed = schemaFile.safeParse(document.toJS() ?? {})
  if (parsed.success) {
    return new FolderSchema(parsed.data, (table, column) =>
      placeInYaml(source, document, ['tables', table, 'columns', ...(column === undefined ? [] : [column])]),
    )
  }
  for (const issue of issuesOf(parsed.error)) {
    findings.error('data/bad-schema', inWords(issue), placeOfIssue(source, document, issue), {
      help: 'write `tables: {NAME: {columns: [{name, type, unit}, …]}}`, types being string, number, boolean or any',
    })
  }
  return undefined
}
