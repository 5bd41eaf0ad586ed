import { type Diagnostic, DiagnosticError } from '../../../diagnostic/index.ts'
import { type CoreLiteral, checkPolicies, type Program, parsePolicy } from '../../../language/index.ts'
import type { TableSchema } from '../../../tables/index.ts'
import { strict } from '../../world.ts'

/** A policy by name and text. */
export interface PolicyText {
  readonly name: string
  readonly text: string
}

/** The file name under which messages speak of a policy. */
export const fileOf = (name: string): string => `${name}.dl`

export interface Checked {
  readonly program: Program
  /** All, in order of file and place. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Check policies together over the tables of the data sources. */
export function check(policies: readonly PolicyText[], schemas: readonly TableSchema[]): Checked {
  const parsed = policies.map(({ name, text }) => parsePolicy(text, fileOf(name)))
  const { program, diagnostics } = checkPolicies(
    parsed.map(({ policy }) => policy),
    { schemas },
  )
  const renamed = parsed.flatMap(({ policy }, i) => {
    const { declaration } = policy
    const name = policies[i]!.name
    if (declaration === undefined || declaration.name === name) return []
    const message = `the text says \`policy ${declaration.name}\`, and the policy is called \`${name}\``
    return [
      {
        code: 'control/policy-name',
        severity: 'error',
        message,
        span: declaration.span,
        help: 'use one name, or leave the line out',
      } satisfies Diagnostic,
    ]
  })
  return { program, diagnostics: [...parsed.flatMap(p => p.diagnostics), ...renamed, ...strict(diagnostics)] }
}

export const errorsIn = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter(d => d.severity === 'error')

/** The same, refusing every error. */
export function checkStrictly(policies: readonly PolicyText[], schemas: readonly TableSchema[]): Program {
  const { program, diagnostics } = check(policies, schemas)
  if (errorsIn(diagnostics).length > 0) throw new DiagnosticError(diagnostics)
  return program
}

/**
 * The most of some policies that can be evaluated together: one that is refused is left out, then what can't do without it.
 * @returns the program, and what is wrong with each policy that is not in it
 */
export function checkLeniently(
  policies: readonly PolicyText[],
  schemas: readonly TableSchema[],
): { readonly program: Program; readonly refused: ReadonlyMap<string, Diagnostic> } {
  const refused = new Map<string, Diagnostic>()
  for (;;) {
    const left = policies.filter(({ name }) => !refused.has(name))
    const { program, diagnostics } = check(left, schemas)
    const errors = errorsIn(diagnostics)
    if (errors.length === 0) return { program, refused }
    const culprits = left.filter(({ name }) => errors.some(d => d.span?.file === fileOf(name)))
    for (const { name } of culprits.length > 0 ? culprits : left)
      refused.set(name, errors.find(d => d.span?.file === fileOf(name)) ?? errors[0]!)
  }
}

/** Data tables that each derived table rests on, through other tables too. */
export function dataTablesBehind(program: Program): (table: string) => ReadonlySet<string> {
  const reads = new Map<string, Set<string>>()
  for (const rule of program.rules) {
    const own = reads.get(rule.head.table) ?? new Set()
    reads.set(rule.head.table, own)
    addTables(rule.body, own)
  }
  const known = new Map<string, ReadonlySet<string>>()
  return table => {
    const before = known.get(table)
    if (before) return before
    const seen = new Set([table])
    for (const one of seen) for (const read of reads.get(one) ?? []) seen.add(read)
    const data = new Set([...seen].filter(name => program.schemas.has(name)))
    known.set(table, data)
    return data
  }
}

function addTables(body: readonly CoreLiteral[], to: Set<string>): void {
  for (const literal of body)
    if (literal.kind === 'atom') to.add(literal.table)
    else if (literal.kind === 'aggregate') addTables(literal.body, to)
}

/** The program without the actions that rules of some policies would begin: only those of enforced policies are. */
export function withoutActionsOf(program: Program, policies: ReadonlySet<string>): Program {
  const kept = program.rules.filter(({ modal, policy }) => modal !== 'execute' || !policies.has(policy))
  if (kept.length === program.rules.length) return program
  return { ...program, rules: kept.map((rule, id) => (rule.id === id ? rule : { ...rule, id })) }
}
