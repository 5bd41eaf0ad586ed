import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Range } from 'yaml'
import { DiagnosticError, type Span } from '../diagnostic/index.ts'
import { checkWorkflow, type DefinitionPath } from './check-workflow.ts'
import type { ExpressionLanguage } from './expressions.ts'
import type { WorkflowDefinition } from './types.ts'

/**
 * Read a workflow from YAML. Two forms: `name` and `tasks` at the top, or Mistral v2's own, `version` and one key that is the
 * workflow's name. `file` is what diagnostics call it.
 * @throws DiagnosticError `workflow/…` with file, line and column
 */
export function readWorkflow(text: string, file: string, language?: ExpressionLanguage): WorkflowDefinition {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true })
  const span = (start: number, end: number): Span => {
    const { line, col } = lines.linePos(start)
    return { file, start, end, line, column: col }
  }
  if (document.errors.length > 0)
    throw new DiagnosticError(
      document.errors.map(e => ({
        code: 'workflow/yaml',
        severity: 'error',
        message: firstLine(e.message),
        span: span(e.pos[0], e.pos[1]),
        help: 'mend the YAML; indentation is by spaces',
      })),
    )
  const { value, real } = unwrap(toPlain(document, file))
  const locate = (path: DefinitionPath, key = false): Span | undefined => {
    const full = real(path)
    let range = rangeOf(document.contents, full, key)
    // What is missing is shown at the name of the nearest thing that is there.
    for (let length = full.length - 1; !range && length > 0; length--)
      range = rangeOf(document.contents, full.slice(0, length), true)
    range ??= document.contents?.range ?? [0, 0, 0]
    return span(range[0], range[1])
  }
  return checkWorkflow(value, locate, language).definition
}

/** Aliases that multiply without end are refused by the library; its words for it are good enough. */
function toPlain(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new DiagnosticError([
      {
        code: 'workflow/yaml',
        severity: 'error',
        message: `\`${file}\` can't be read: ${firstLine((error as Error).message)}`,
        help: 'write the value out instead of using an alias',
      },
    ])
  }
}

/**
 * Mistral's forms as ours, and where the parts are in the document: `{ version, NAME: { tasks } }`; with several names the first is
 * the workflow, and the others are those it may call.
 */
function unwrap(value: unknown): { value: unknown; real: (path: DefinitionPath) => DefinitionPath } {
  const same = { value: value ?? {}, real: (path: DefinitionPath) => path }
  if (!isObject(value) || 'tasks' in value) return same
  const { version: _, ...rest } = value
  const [first, ...others] = Object.entries(rest)
  if (!first || ![first, ...others].every(([, w]) => isObject(w) && 'tasks' in w)) return same
  return {
    value: {
      name: first[0],
      ...(first[1] as object),
      ...(others.length > 0 && { workflows: Object.fromEntries(others) }),
    },
    real: path => (path[0] === 'workflows' ? path.slice(1) : [first[0], ...path]),
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function rangeOf(root: unknown, path: DefinitionPath, key: boolean): Range | undefined {
  let node = root
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(p => isPair(p) && isScalar(p.key) && String(p.key.value) === String(step))
      if (key && depth === path.length - 1) return isNode(pair?.key) ? (pair.key.range ?? undefined) : undefined
      node = pair?.value
    } else {
      node = (node as { items?: unknown[] } | undefined)?.items?.[Number(step)]
    }
  }
  return (isNode(node) && node.range) || undefined
}

function firstLine(text: string): string {
  const line = text
    .split('\n', 1)[0]!
    .replace(/ at line \d+, column \d+:?$/, '')
    .replace(/\.$/, '')
  return line.charAt(0).toLowerCase() + line.slice(1)
}
