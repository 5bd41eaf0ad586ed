import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Entry } from './check-policies.ts'
import type { TableUse } from './lowering.ts'
import type { Names } from './names.ts'

/**
 * Warn of tables that nobody defines, once for each policy and table. A predicted table needs no data: a prediction stands alone
 * where nothing was measured.
 */
export function unknownTables(entries: readonly Entry[], names: Names, report: (d: Diagnostic) => void): void {
  const predicted = predictedTables(entries)
  const found = new Map<string, { readonly policy: string; readonly uses: TableUse[] }>()
  for (const { policy, lowered } of entries)
    for (const use of lowered.uses) {
      if (use.kind !== 'unknown' || predicted.has(use.table)) continue
      const key = `${policy.name}\n${use.table}`
      const known = found.get(key)
      if (known) known.uses.push(use)
      else found.set(key, { policy: policy.name, uses: [use] })
    }
  for (const { policy, uses } of found.values()) report(unknownTable(uses, policy, names))
}

/** The warning for a table that nobody defines; `uses` in order of place, at least one. */
export function unknownTable(uses: readonly TableUse[], policy: string, names: Names): Diagnostic {
  const [first, ...others] = uses as [TableUse, ...TableUse[]]
  return {
    code: 'language/unknown-table',
    severity: 'warning',
    message: `nobody defines the table \`${first.display}\`: it is read as empty${first.required ? ', and this rule never fires' : ''}`,
    span: first.atom.name.span,
    help: first.modal
      ? `write a rule with the head \`${first.display.slice(0, -1)}(…)]\``
      : names.helpFor(policy, first.atom.name),
    ...(others.length > 0 && {
      notes: [
        {
          message:
            others.length === 1 ? 'it is read here too' : `it is read at ${others.length} other places, here first`,
          span: others[0]!.atom.name.span,
        },
      ],
    }),
  }
}

/** Tables that some `predict` rule gives values for under another placement. */
export function predictedTables(entries: readonly Entry[]): ReadonlySet<string> {
  const predicted = new Set<string>()
  for (const { lowered } of entries)
    for (const { modal, base } of lowered.heads) if (modal === 'predict') predicted.add(base)
  return predicted
}
