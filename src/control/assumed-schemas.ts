import { nearestName } from '../diagnostic/index.ts'
import { type AtomAst, builtins, type ExprAst, type LiteralAst, type PolicyAst } from '../language/index.ts'
import type { TableSchema } from '../tables/index.ts'

/**
 * Schemas for the data tables that policies read, guessed from how they read them: for checking a policy without any data at hand.
 * A name that looks like a slip for one of the policy's own tables gets none, so that the checker speaks of it.
 */
export function assumedSchemas(policies: readonly PolicyAst[]): TableSchema[] {
  const own = new Map(policies.map(policy => [policy.name, headsOf(policy)]))
  const found = new Map<string, { positions: number; columns: Set<string> }>()
  for (const policy of policies)
    for (const atom of policy.statements.flatMap(statement => atomsOf(statement.body ?? []))) {
      const { module, name } = atom.name
      const heads = own.get(module ?? policy.name)
      if (heads?.has(name) || (module !== undefined && own.has(module))) continue
      if (module === 'builtin' || (module === undefined && (builtins.has(name) || nearestName(name, heads ?? []))))
        continue
      const table = module === undefined ? name : `${module}:${name}`
      const seen = found.get(table) ?? { positions: 0, columns: new Set() }
      found.set(table, seen)
      seen.positions = Math.max(seen.positions, atom.args.length)
      for (const { column } of atom.named) seen.columns.add(column)
    }
  return [...found].map(([table, { positions, columns }]) => ({
    table,
    columns: [...Array.from({ length: positions }, (_, i) => `column ${i + 1}`), ...columns].map(name => ({ name })),
  }))
}

function headsOf(policy: PolicyAst): ReadonlySet<string> {
  const plain = policy.statements.flatMap(statement => statement.heads.filter(head => head.modal === undefined))
  return new Set(plain.map(head => head.atom.name.name))
}

function atomsOf(body: readonly LiteralAst[]): AtomAst[] {
  return body.flatMap(literal =>
    literal.kind === 'atom-literal'
      ? [literal.atom, ...[...literal.atom.args, ...literal.atom.named.map(arg => arg.value)].flatMap(atomsIn)]
      : [literal.left, literal.right].flatMap(atomsIn),
  )
}

function atomsIn(expr: ExprAst): AtomAst[] {
  switch (expr.kind) {
    case 'unary':
      return atomsIn(expr.operand)
    case 'binary':
      return [expr.left, expr.right].flatMap(atomsIn)
    case 'call':
      return expr.args.flatMap(atomsIn)
    case 'aggregate':
      return [...(expr.value ? atomsIn(expr.value) : []), ...atomsOf(expr.body)]
    default:
      return []
  }
}
