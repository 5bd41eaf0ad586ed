import { isNode } from 'yaml'
import { z } from 'zod'
import { FolderSchema } from './folder-schema.ts'
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

/** What schema.yaml holds. */
export type SchemaFile = z.infer<typeof schemaFile>

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
