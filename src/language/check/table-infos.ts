import type { TableInfo } from '../core.ts'
import type { Arities } from './arity.ts'
import type { Entry } from './check-policies.ts'
import type { Names } from './names.ts'
import { roleOf } from './roles.ts'

/** Every table that a schema or a rule mentions, those of refused rules included, by full name. */
export function tableInfos(entries: readonly Entry[], names: Names, arities: Arities): Map<string, TableInfo> {
  const infos = new Map<string, TableInfo>()
  const columnsOf = (table: string) => names.schemas.get(table)?.columns.map(c => c.name)
  for (const { policy, lowered } of entries)
    for (const head of lowered.heads)
      if (!infos.has(head.table))
        infos.set(head.table, {
          name: head.table,
          arity: arities.arity(head.table) ?? head.args.length,
          columns: head.modal === 'execute' ? undefined : columnsOf(head.base),
          kind: 'derived',
          role: head.modal === undefined ? roleOf(head.display) : undefined,
          policy: policy.name,
          display: head.display,
        })
  for (const schema of names.schemas.values())
    if (!infos.has(schema.table)) infos.set(schema.table, given(schema.table, schema.columns.length, 'data'))
  for (const { lowered } of entries)
    for (const use of lowered.uses)
      if (!infos.has(use.table))
        infos.set(
          use.table,
          given(use.table, arities.arity(use.table) ?? use.arity, use.kind, use.modal && use.display),
        )
  return infos

  function given(name: string, arity: number, kind: TableInfo['kind'], modalDisplay?: string): TableInfo {
    // A derived table gets here when each of its heads was refused.
    const own = kind === 'derived' && modalDisplay === undefined ? names.ownName(name) : undefined
    const policy = own === undefined ? undefined : name.slice(0, name.indexOf(':'))
    const display = modalDisplay ?? own ?? name
    return { name, arity, columns: columnsOf(name), kind, role: undefined, policy, display }
  }
}
