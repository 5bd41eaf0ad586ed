import { applyChanges, checkCloud, openFolder, readChanges } from '../datasources/index.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { Snapshot, TableSchema } from '../tables/index.ts'
import { assumedSchemas } from './assumed-schemas.ts'
import { readPolicyFiles, type Sources } from './policy-files.ts'

/** What to look at: policy files, tables, changes on top of them in order. */
export interface WorldRequest {
  readonly policies: readonly string[]
  /** A folder of tables. */
  readonly data?: string
  /** Tables at hand, instead of a folder. */
  readonly tables?: Snapshot
  /** Paths of `*.change.jsonl` files. */
  readonly change?: readonly string[]
}

/** Checked policies over the tables of one moment. */
export interface World {
  readonly program: Program
  readonly tables: Snapshot
  readonly warnings: readonly Diagnostic[]
}

/** Read and check everything. Throws a `DiagnosticError` with all that is wrong, warnings included, when something is. */
export async function openWorld(request: WorldRequest, sources: Sources): Promise<World> {
  const { program, tables, diagnostics } = await examine(request, sources)
  if (!program) throw new DiagnosticError(diagnostics)
  return { program, tables, warnings: diagnostics }
}

/** Read and check everything; `program` is undefined when some diagnostic is an error. Unreadable files still throw. */
export async function examine(
  request: WorldRequest,
  sources: Sources,
): Promise<{ program: Program | undefined; rules: number; tables: Snapshot; diagnostics: readonly Diagnostic[] }> {
  const files = await readPolicyFiles(request.policies, sources)
  const { tables, warnings } = await readTables(request)
  const schemas =
    request.data === undefined && !request.tables ? undefined : [...tables.values()].map(table => table.schema)
  const { program, rules, diagnostics } = checkTexts(files, schemas)
  const all = [...warnings, ...(schemas ? strict(diagnostics) : diagnostics)]
  return { program: all.some(d => d.severity === 'error') ? undefined : program, rules, tables, diagnostics: all }
}

/**
 * With data at hand, a table that nobody defines is an error: read as empty, it would switch a rule off unseen. A table that may
 * well be empty is named in the folder's schema.yaml.
 */
export function strict(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.map(d => (d.code === UNKNOWN_TABLE ? { ...d, severity: 'error' } : d))
}

export const UNKNOWN_TABLE = 'language/unknown-table'

function checkTexts(
  files: readonly { readonly file: string; readonly text: string }[],
  /** Undefined: there is no data to take them from. */
  schemas: readonly TableSchema[] | undefined,
): { program: Program; rules: number; diagnostics: readonly Diagnostic[] } {
  const parsed = files.map(({ file, text }) => parsePolicy(text, file))
  const policies = parsed.map(result => result.policy)
  const { program, diagnostics } = checkPolicies(policies, { schemas: schemas ?? assumedSchemas(policies) })
  return {
    program,
    rules: policies.reduce((n, policy) => n + policy.statements.length, 0),
    diagnostics: [...parsed.flatMap(result => result.diagnostics), ...diagnostics],
  }
}

async function readTables(request: WorldRequest): Promise<{ tables: Snapshot; warnings: readonly Diagnostic[] }> {
  if (request.tables) return { tables: request.tables, warnings: [] }
  if (request.data === undefined) {
    if (request.change?.length)
      throw new DiagnosticError([
        {
          code: 'cli/change-without-data',
          severity: 'error',
          message: '`--change` needs the tables it changes',
          help: 'add `--data FOLDER`',
        },
      ])
    return { tables: new Map(), warnings: [] }
  }
  const folder = openFolder(request.data)
  let tables = await folder.read()
  const warnings = [...folder.warnings]
  for (const file of request.change ?? []) {
    tables = applyChanges(tables, await readChanges(file))
    const found = checkCloud(tables).filter(d => d.severity === 'error')
    if (found.length > 0) throw new DiagnosticError(found)
  }
  return { tables, warnings }
}
