import type {
  AggregateOperator,
  ComparisonOperator,
  CoreExpr,
  CoreLiteral,
  CoreRule,
  Program,
  TableInfo,
  Variable,
} from '../../language/index.ts'
import type { Row, TableData, Value } from '../../tables/index.ts'

/** Builds core rules by hand, for tests below the parser. */
const span = { file: '<test>', start: 0, end: 0, line: 1, column: 1 }

/** Names the variables of one rule as they come. */
export class RuleBuilder {
  readonly names: string[] = []

  v(name: string): Variable {
    let index = this.names.indexOf(name)
    if (index < 0) index = this.names.push(name) - 1
    return { kind: 'variable', index }
  }

  /** `?x` is a variable, anything else a constant. */
  term(t: Value): CoreExpr {
    return typeof t === 'string' && t.startsWith('?') ? this.v(t.slice(1)) : { kind: 'constant', value: t }
  }

  atom(table: string, args: readonly Value[], negated = false): CoreLiteral {
    const terms = args.map(a => {
      if (a !== '_') return this.term(a) as Variable
      return negated ? ({ kind: 'wildcard' } as const) : this.v(`_${this.names.length}`)
    })
    return { kind: 'atom', table, args: terms, negated, span }
  }

  compare(left: Value | CoreExpr, operator: ComparisonOperator, right: Value | CoreExpr): CoreLiteral {
    const side = (x: Value | CoreExpr) => (typeof x === 'object' && x !== null ? x : this.term(x))
    return { kind: 'compare', operator, left: side(left), right: side(right), negated: false, span }
  }

  aggregate(
    result: string,
    operator: AggregateOperator,
    value: CoreExpr | undefined,
    body: readonly CoreLiteral[],
    groupBy: readonly string[],
  ): CoreLiteral {
    const group = groupBy.map(n => this.v(n).index)
    return { kind: 'aggregate', operator, result: this.v(result), value, body, groupBy: group, span }
  }
}

export function rule(
  head: string,
  args: readonly Value[],
  body: (b: RuleBuilder) => readonly CoreLiteral[] = () => [],
): CoreRule {
  const b = new RuleBuilder()
  const literals = body(b)
  const terms = args.map(a => b.term(a) as Variable)
  return {
    id: 0,
    policy: 'test',
    modal: undefined,
    head: { table: head, args: terms, span },
    body: literals,
    variables: b.names,
    span,
    text: `${head} rule`,
    comments: [],
  }
}

/** A program of rules alone; every table it mentions is declared. */
export function program(rules: readonly CoreRule[]): Program {
  const tables = new Map<string, TableInfo>()
  const declare = (name: string, arity: number, derived: boolean) => {
    if (tables.has(name) && !derived) return
    const kind = derived ? 'derived' : 'data'
    const role = name === 'error' ? 'error' : undefined
    tables.set(name, { name, arity, columns: undefined, kind, role, policy: 'test', display: name })
  }
  const visit = (body: readonly CoreLiteral[]) => {
    for (const l of body) {
      if (l.kind === 'atom') declare(l.table, l.args.length, false)
      else if (l.kind === 'aggregate') visit(l.body)
    }
  }
  for (const r of rules) visit(r.body)
  for (const r of rules) declare(r.head.table, r.head.args.length, true)
  return {
    policies: [{ name: 'test', file: '<test>' }],
    rules: rules.map((r, id) => ({ ...r, id })),
    tables,
    schemas: new Map(),
    strata: [],
    sources: new Map(),
  }
}

/** A reading of a table, with columns c0, c1 … */
export function table(name: string, rows: readonly Row[], arity = rows[0]?.length ?? 0): TableData {
  const columns = Array.from({ length: arity }, (_, i) => ({ name: `c${i}` }))
  return {
    schema: { table: name, columns },
    rows,
    provenance: { source: 'test', place: name, readAt: '2026-01-01T00:00:00Z' },
  }
}
