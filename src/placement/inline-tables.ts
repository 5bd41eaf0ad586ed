import type { CoreExpr, CoreLiteral, CoreRule, CoreTerm, Wildcard } from '../language/index.ts'
import { LOCATION } from './decision.ts'

/**
 * A rule that reads its decision-dependent helper tables through their own rules: `used(m, u), u > 5` becomes the body of `used` and
 * `u > 5`. Helpers with several rules, or with heads that are not just variables, stay as they are. Inside an aggregate, which counts the
 * bindings of all its variables, a helper is read through only where its rule has no variable but those of its head.
 */
export function inlineTables(
  rule: CoreRule,
  rulesOf: ReadonlyMap<string, readonly CoreRule[]>,
  decision: ReadonlySet<string>,
): CoreRule {
  const variables = [...rule.variables]
  const inlined = (body: readonly CoreLiteral[], inside: boolean): CoreLiteral[] =>
    body.flatMap((literal): CoreLiteral[] => {
      if (literal.kind === 'aggregate') return [{ ...literal, body: inlined(literal.body, true) }]
      if (literal.kind !== 'atom' || literal.negated || literal.table === LOCATION || !decision.has(literal.table))
        return [literal]
      const helper = onlyRule(rulesOf.get(literal.table))
      if (!helper || (inside && helper.head.args.length < helper.variables.length)) return [literal]
      const names = new Map<number, CoreTerm>()
      helper.head.args.forEach((arg, i) => {
        // INVARIANT: only negated literals have wildcards.
        if (arg.kind === 'variable') names.set(arg.index, literal.args[i] as CoreTerm)
      })
      const renamed = (index: number): CoreTerm => {
        let term = names.get(index)
        if (!term) {
          term = { kind: 'variable', index: variables.push(helper.variables[index]!) - 1 }
          names.set(index, term)
        }
        return term
      }
      const body = rename(helper.body, renamed)
      return body ? inlined(body, inside) : [literal]
    })
  return { ...rule, body: inlined(rule.body, false), variables }
}

/** The rule of a table that has one, with a different variable in each column. */
function onlyRule(rules: readonly CoreRule[] = []): CoreRule | undefined {
  const [rule] = rules
  if (!rule || rules.length > 1) return undefined
  const columns = new Set(rule.head.args.map(arg => (arg.kind === 'variable' ? arg.index : -1)))
  return columns.has(-1) || columns.size < rule.head.args.length ? undefined : rule
}

/** Undefined where an aggregate would group by, or give, a constant. */
function rename(body: readonly CoreLiteral[], to: (index: number) => CoreTerm): CoreLiteral[] | undefined {
  const term = <T extends CoreTerm | Wildcard>(t: T): T | CoreTerm => (t.kind === 'variable' ? to(t.index) : t)
  const expr = (e: CoreExpr): CoreExpr => {
    if (e.kind === 'variable') return to(e.index)
    return e.kind === 'call' ? { ...e, args: e.args.map(expr) } : e
  }
  const renamed: CoreLiteral[] = []
  for (const literal of body) {
    if (literal.kind === 'atom') renamed.push({ ...literal, args: literal.args.map(term) })
    else if (literal.kind === 'compare')
      renamed.push({ ...literal, left: expr(literal.left), right: expr(literal.right) })
    else if (literal.kind === 'builtin')
      renamed.push({ ...literal, inputs: literal.inputs.map(term) as CoreTerm[], outputs: literal.outputs.map(term) })
    else {
      const inner = rename(literal.body, to)
      const result = to(literal.result.index)
      const groupBy = literal.groupBy.map(to)
      if (!inner || result.kind !== 'variable' || groupBy.some(t => t.kind !== 'variable')) return undefined
      renamed.push({
        ...literal,
        result,
        groupBy: groupBy.map(t => (t as { index: number }).index),
        value: literal.value && expr(literal.value),
        body: inner,
      })
    }
  }
  return renamed
}
