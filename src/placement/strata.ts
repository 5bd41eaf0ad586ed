import { type CoreLiteral, type CoreRule, type Dependency, stratify } from '../language/index.ts'

/** Derived tables of these rules in an order in which they can be computed; each entry is one strongly connected component. */
export function strataOf(rules: readonly CoreRule[]): readonly (readonly string[])[] {
  const dependencies: Dependency[] = []
  for (const rule of rules) collect(rule, rule.body, undefined, dependencies)
  return stratify(new Set(rules.map(r => r.head.table)), dependencies).components
}

function collect(rule: CoreRule, body: readonly CoreLiteral[], strict: Dependency['strict'], into: Dependency[]): void {
  for (const literal of body) {
    if (literal.kind === 'aggregate') collect(rule, literal.body, 'aggregate', into)
    else if (literal.kind === 'atom')
      into.push({
        from: rule.head.table,
        to: literal.table,
        strict: strict ?? (literal.negated ? 'not' : undefined),
        span: literal.span,
      })
  }
}
