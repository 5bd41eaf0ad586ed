import type { CoreLiteral, CoreTerm, Wildcard } from '../../language/index.ts'
import type { Value } from '../../tables/index.ts'
import type { View } from '../index.ts'
import type { Derivation, Tuple } from '../types.ts'

/**
 * Checks a derivation node by node against a view: each node proves the tuple it stands for, its children match the rule's literals
 * under one assignment of values, given rows are there and absent rows are not. Returns what is wrong; nothing when all holds.
 */
export function replay(why: Derivation, claim: Tuple, view: View, path: readonly string[] = []): string[] {
  const label = `${claim.table}(${JSON.stringify(claim.row)})`
  const bad = (what: string) => [`${label}: ${what}`]
  if (!('tuple' in why)) return bad(`explained by a ${why.kind}`)
  if (why.tuple.table !== claim.table || JSON.stringify(why.tuple.row) !== JSON.stringify(claim.row))
    return bad('explained by another tuple')
  if (path.includes(label)) return bad('rests on itself')
  if (!view.has(claim.table, claim.row)) return bad('does not hold')
  if (why.kind === 'row') return []
  const { rule } = why
  const env = new Map<number, Value>()
  if (!unify(rule.head.args, claim.row, env)) return bad('is not the head of its rule')
  if (why.kind === 'fact') return rule.body.length === 0 ? [] : bad('is no fact')
  if (why.because.length !== rule.body.length) return bad('has a wrong number of literals')
  return rule.body.flatMap((l, i) =>
    replayLiteral(l, why.because[i]!, env, view, [...path, label]).map(w => `${label}: ${w}`),
  )
}

function replayLiteral(
  l: CoreLiteral,
  child: Derivation,
  env: Map<number, Value>,
  view: View,
  path: readonly string[],
): string[] {
  if (l.kind === 'atom' && !l.negated) {
    if (!('tuple' in child)) return [`${l.table} has no tuple`]
    if (child.tuple.table !== l.table || !unify(l.args, child.tuple.row, env)) return [`${l.table} has another tuple`]
    return replay(child, child.tuple, view, path)
  }
  if (l.kind === 'atom') {
    if (child.kind !== 'absent') return [`${l.table} should be absent`]
    const matches = view.rows(l.table).some(row => child.pattern.every((v, c) => v === undefined || v === row[c]))
    return matches ? [`a row of ${l.table} matches`] : []
  }
  if (l.kind !== 'aggregate') return child.kind === 'builtin' ? [] : [`a ${l.kind} explained by a ${child.kind}`]
  if (child.kind !== 'aggregate') return [`an aggregate explained by a ${child.kind}`]
  const known = env.get(l.result.index)
  env.set(l.result.index, child.value)
  if (known !== undefined && known !== child.value) return ['an aggregate has another value']
  if (child.group.length !== Math.min(10, child.bindings)) return ['an aggregate is folded wrongly']
  return child.group.flatMap(b => b.flatMap(d => ('tuple' in d ? replay(d, d.tuple, view, path) : [])))
}

function unify(args: readonly (CoreTerm | Wildcard)[], row: readonly Value[], env: Map<number, Value>): boolean {
  return args.every((arg, i) => {
    if (arg.kind === 'wildcard') return true
    if (arg.kind === 'constant') return arg.value === row[i]
    if (env.has(arg.index)) return env.get(arg.index) === row[i]
    env.set(arg.index, row[i]!)
    return true
  })
}
