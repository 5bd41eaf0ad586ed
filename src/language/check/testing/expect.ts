import { expect } from 'vitest'
import { type Diagnostic, renderDiagnostics } from '../../../diagnostic/index.ts'
import type { TableSchema } from '../../../tables/index.ts'
import type { CoreRule, Program } from '../../core.ts'
import { parsePolicy } from '../../syntax/parse.ts'
import { checkPolicies } from '../check-policies.ts'
import { renderRule } from '../render.ts'

/** `schema('nova:servers', 'id host')` */
export function schema(table: string, columns: string): TableSchema {
  return { table, columns: columns.split(' ').map(name => ({ name })) }
}

/** Tables that the tests read as given: p/1 … with short names, and the servers of nova. */
export const someSchemas: readonly TableSchema[] = [
  schema('q', 'x'),
  schema('r', 'x y'),
  schema('s', 'x'),
  schema('t', 'x y z'),
  schema('nova:servers', 'id name host'),
]

export interface Checked {
  readonly program: Program
  readonly diagnostics: readonly Diagnostic[]
}

/** Parse and check policies by file name; a lone text is the policy `m`. Parse errors come among the diagnostics. */
export function check(
  source: string | Readonly<Record<string, string>>,
  schemas: readonly TableSchema[] = someSchemas,
): Checked {
  const files = typeof source === 'string' ? { 'm.dl': source } : source
  const parsed = Object.entries(files).map(([file, text]) => parsePolicy(text, file))
  const { program, diagnostics } = checkPolicies(
    parsed.map(p => p.policy),
    { schemas },
  )
  return { program, diagnostics: [...parsed.flatMap(p => p.diagnostics), ...diagnostics] }
}

/** Core rules as text, from a source without any diagnostic. */
export function expectRules(source: string, rules: readonly string[], schemas = someSchemas): void {
  const { program, diagnostics } = check(source, schemas)
  expect(renderDiagnostics(diagnostics, program.sources)).toBe('')
  expect(program.rules.map(r => renderRule(program, r))).toEqual(rules)
}

/** The only diagnostic of a source, at a place (`1:8`), with words of its help where given. */
export function expectDiagnostic(source: string, place: string, code: string, help = '', schemas = someSchemas): void {
  const { program, diagnostics } = check(source, schemas)
  const found = diagnostics.map(d => `${d.span?.line}:${d.span?.column} ${d.code}`)
  expect(found, renderDiagnostics(diagnostics, program.sources)).toEqual([`${place} ${code}`])
  expect(diagnostics[0]?.help ?? '').toContain(help)
}

/** All diagnostics of a source as `line:column code`. */
export function codesOf(source: string, schemas = someSchemas): string[] {
  return check(source, schemas).diagnostics.map(d => `${d.span?.line}:${d.span?.column} ${d.code}`)
}

/** The first rule of a source. */
export function firstRule(source: string, schemas = someSchemas): CoreRule {
  const { program, diagnostics } = check(source, schemas)
  const rule = program.rules[0]
  if (!rule) throw new Error(renderDiagnostics(diagnostics, program.sources))
  return rule
}
