import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
} from 'yaml'
import type { Span } from '../../diagnostic/index.ts'
import type { ColumnType, Value } from '../../tables/index.ts'
import { type CellProblem, checkValue, nestedValue } from './cell.ts'
import type { FileTable, TableSpec } from './file-table.ts'
import { type FileRecord, type RecordField, tableOfRecords } from './records.ts'
import type { Findings, SourceText } from './source-text.ts'

/** Parse a YAML file; syntax errors become findings, and the answer is then undefined. Integers are kept exact unless told otherwise. */
export function parseYaml(source: SourceText, findings: Findings, { intAsBigInt = true } = {}): Document | undefined {
  const document = parseDocument(source.text, {
    intAsBigInt,
    lineCounter: new LineCounter(),
    prettyErrors: false,
  })
  for (const error of document.errors) {
    const message = error.message.replace(/\.$/, '').replace(/\s+/g, ' ')
    const text = message.charAt(0).toLowerCase() + message.slice(1)
    findings.error('data/bad-yaml', text, source.span(error.pos[0], error.pos[1]), {
      help: 'correct the YAML at this place',
    })
  }
  return document.errors.length > 0 ? undefined : document
}

/** The place of a YAML node. */
export function spanOfNode(source: SourceText, node: Node | null | undefined): Span {
  return node?.range ? source.span(node.range[0], Math.max(node.range[0], node.range[1])) : source.opening
}

/** Read a YAML table: a list of objects, or a list of lists. */
export function readYaml(source: SourceText, spec: TableSpec, findings: Findings): FileTable | undefined {
  const document = parseYaml(source, findings)
  if (!document) return undefined
  const top = document.contents as Node | null
  if (top === null || (isScalar(top) && top.value === null)) return tableOfRecords(source, [], spec, findings)
  if (!isSeq(top)) {
    findings.error('data/not-a-table', 'a table is a list of rows', spanOfNode(source, top), {
      help: "write `- {column: value, …}` for each row, or name the file under `ignore` in schema.yaml if it isn't a table",
    })
    return undefined
  }
  const records: FileRecord[] = []
  for (const item of top.items as Node[]) {
    const node = resolve(item, document)
    const span = () => spanOfNode(source, item)
    const field = (name: string | undefined, value: Node | null): RecordField => ({
      name,
      read: column => readNode(resolve(value, document), spec.typeOf(column)),
      span: () => (value?.range ? spanOfNode(source, value) : span()),
    })
    if (isSeq(node)) {
      records.push({ positional: true, fields: (node.items as Node[]).map(value => field(undefined, value)), span })
    } else if (isMap(node)) {
      const fields = node.items.map(pair => field(nameOf(pair.key), pair.value as Node | null))
      records.push({ positional: false, fields, span })
    } else {
      findings.error('data/not-a-row', 'a row is an object or a list', span(), {
        help: 'write `- {column: value, …}` or `- [value, …]`',
      })
    }
  }
  return tableOfRecords(source, records, spec, findings)
}

function resolve(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String((key as Scalar).source ?? key.value) : String(key)
}

/** In a column of type string an unquoted `007` is what was written, not the number 7. */
function readNode(node: Node | null, type: ColumnType | undefined): Value | CellProblem {
  if (node === null) return null
  if (!isScalar(node)) return nestedValue(String(node).trim().replace(/\s+/g, ' '))
  if (type === 'string' && node.value !== null && node.source !== undefined) return node.source
  return checkValue(node.value, type)
}
