import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import type { PolicyAst } from '../ast.ts'
import { builtins } from '../builtins.ts'
import { type Names, systemSchemas } from './names.ts'

type Report = (d: Diagnostic) => void

/** Policies with each name once: the first stays, a later one of the same name is an error. */
export function uniquePolicies(policies: readonly PolicyAst[], report: Report): PolicyAst[] {
  const byName = new Map<string, PolicyAst>()
  for (const policy of policies) {
    const first = byName.get(policy.name)
    if (first === undefined) {
      byName.set(policy.name, policy)
      continue
    }
    report({
      code: 'language/policy-name-taken',
      severity: 'error',
      message: `two policies are named \`${policy.name}\``,
      span: nameSpan(policy),
      help: 'rename the file, or open it with `policy NAME` and a name of its own',
      notes: [{ message: 'the other one is here', span: nameSpan(first) }],
    })
  }
  return [...byName.values()]
}

/** A policy without a rule governs nothing; most likely the wrong file was given. */
export function emptyPolicies(policies: readonly PolicyAst[], report: Report): void {
  for (const policy of policies) {
    if (policy.statements.length > 0 || hasOtherText(policy)) continue
    report({
      code: 'language/empty-policy',
      severity: 'error',
      message: `policy \`${policy.name}\` has no rules`,
      span: nameSpan(policy),
      help: 'write at least one rule, for example `error(vm) :- nova:location(vm, "host-1")`',
    })
  }
}

/** Text that is no comment and no declaration, but gave no statement: the parser has reported it. */
function hasOtherText(policy: PolicyAst): boolean {
  let rest = policy.text.replace(/^\ufeff/, ' ')
  const blank = (span: Span | undefined) => {
    if (span) rest = rest.slice(0, span.start) + ' '.repeat(span.end - span.start) + rest.slice(span.end)
  }
  blank(policy.declaration?.span)
  for (const comment of policy.comments) blank(comment.span)
  return /[^\s.;]/.test(rest)
}

/** Names that policies and data sources both claim, and a decision table of another shape than the engine's. */
export function foreignNames(policies: readonly PolicyAst[], names: Names, report: Report): void {
  for (const policy of policies) {
    const seen = new Set<string>()
    for (const statement of policy.statements)
      for (const { modal, atom } of statement.heads) {
        const { name, span } = atom.name
        if (modal !== undefined || seen.has(name) || builtins.has(name) || !names.isDerived(policy.name, name)) continue
        seen.add(name)
        const taken = [name, `${policy.name}:${name}`].find(t => names.schemas.has(t))
        if (taken !== undefined) report(shadowed(taken, policy.name, name, span))
      }
  }
  for (const system of systemSchemas) {
    const given = names.schemas.get(system.table)
    if (given && given.columns.length !== system.columns.length)
      report({
        code: 'language/system-table',
        severity: 'error',
        message: `the data sources give \`${system.table}\` with ${given.columns.length} columns (${given.columns.map(c => `\`${c.name}\``).join(', ')})`,
        help: `it must have the columns ${system.columns.map(c => `\`${c.name}\``).join(', ')}`,
      })
  }
}

function shadowed(table: string, policy: string, name: string, span: Span): Diagnostic {
  const system = systemSchemas.some(s => s.table === table)
  return {
    code: 'language/shadowed-table',
    severity: system ? 'error' : 'warning',
    message: system
      ? `\`${table}\` is the engine's own table, which no rule can define`
      : `policy \`${policy}\` defines \`${name}\`, which a data source has too; \`${name}\` is read as the policy's`,
    span,
    help: "give the policy's table a name of its own",
  }
}

function nameSpan(policy: PolicyAst): Span {
  return policy.declaration?.span ?? { file: policy.file, start: 0, end: 0, line: 1, column: 1 }
}
