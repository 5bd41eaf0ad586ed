import type { CompareLiteral, CoreExpr, CoreLiteral, CoreRule, Program } from '../language/index.ts'
import { call, variable } from './core-terms.ts'
import { atomsOf } from './decision.ts'
import { variablesOf } from './split-body.ts'

/** Tables that tell how far a violation is from being mended; the last column is the distance. */
export const isGuide = (table: string): boolean => table.startsWith(PREFIX)

const PREFIX = '~excess:'

/**
 * A count of violations is flat: a host that is over its capacity by ten counts like one that is over by one, and a search sees no
 * progress on the way. For each rule behind an error or warning that compares an aggregate, a guide rule measures by how much the
 * comparison holds, as a share of the larger side. Guides only steer the search; nothing is reported from them.
 */
export function guideRules(program: Program, decision: ReadonlySet<string>): CoreRule[] {
  const behind = tablesBehindViolations(program)
  return program.rules.flatMap(rule => {
    if (!behind.has(rule.head.table) || !decision.has(rule.head.table)) return []
    const at = rule.body.findIndex(l => l.kind === 'compare' && measuresAggregate(l, rule.body))
    return at < 0 ? [] : [guideRule(rule, rule.body[at] as CompareLiteral)]
  })
}

function guideRule(rule: CoreRule, comparison: CompareLiteral): CoreRule {
  const distance = variable(rule.variables.length)
  const [high, low] = comparison.operator.startsWith('>')
    ? [comparison.left, comparison.right]
    : [comparison.right, comparison.left]
  const measure: CoreLiteral = {
    kind: 'compare',
    operator: '=',
    negated: false,
    left: distance,
    right: call('/', call('-', high, low), call('max', call('abs', high), call('abs', low))),
    span: comparison.span,
  }
  const kept = boundVariables(rule.body).map(variable)
  return {
    ...rule,
    id: -1,
    modal: undefined,
    head: { table: `${PREFIX}${rule.id}`, args: [...kept, distance], span: rule.head.span },
    body: [...rule.body, measure],
    variables: [...rule.variables, 'distance'],
  }
}

function measuresAggregate(literal: CompareLiteral, body: readonly CoreLiteral[]): boolean {
  if (literal.negated || literal.operator === '=' || literal.operator === '!=') return false
  const results = new Set(body.flatMap(l => (l.kind === 'aggregate' ? [l.result.index] : [])))
  const reads = (e: CoreExpr): boolean =>
    variablesOf(e).some(v => results.has(v) || boundFrom(v, body).some(u => results.has(u)))
  return reads(literal.left) || reads(literal.right)
}

/** Variables that an equation computes this one from. */
function boundFrom(v: number, body: readonly CoreLiteral[]): number[] {
  return body.flatMap(l =>
    l.kind === 'compare' && l.operator === '=' && l.left.kind === 'variable' && l.left.index === v
      ? variablesOf(l.right)
      : [],
  )
}

function boundVariables(body: readonly CoreLiteral[]): number[] {
  const bound = new Set<number>()
  for (const l of body)
    if (l.kind === 'atom' && !l.negated) for (const t of l.args) if (t.kind === 'variable') bound.add(t.index)
  return [...bound].sort((a, b) => a - b)
}

function tablesBehindViolations(program: Program): Set<string> {
  const behind = new Set(
    [...program.tables.values()].filter(t => t.role === 'error' || t.role === 'warning').map(t => t.name),
  )
  for (let size = -1; size !== behind.size; ) {
    size = behind.size
    for (const rule of program.rules)
      if (behind.has(rule.head.table)) for (const atom of atomsOf(rule.body)) behind.add(atom.table)
  }
  return behind
}
