import type { Row, Value } from '../../tables/index.ts'
import type { CoreExpr, CoreLiteral, CoreRule, CoreTerm, Program, Wildcard } from '../core.ts'

/** A rule's variables by number, or the values they have: what stands for a variable in rendered text. */
export type VariableText = (index: number) => string

/** A value as a policy writes it: `"vm1"`, `37.5`, `true`. */
export function renderValue(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * A tuple as its author would write it: `error("s1", "vm1")`. `row` may hold undefined where any value would do, shown as `_`.
 */
export function renderTuple(program: Program, table: string, row: Row | readonly (Value | undefined)[]): string {
  return call(
    displayName(program, table),
    row.map(v => (v === undefined ? '_' : renderValue(v))),
  )
}

/** A table's name as its author writes it: `error` for `m:error`. */
export function displayName(program: Program, table: string): string {
  return program.tables.get(table)?.display ?? table
}

/** A literal as text, with variable names, or with what `text` gives for them. */
export function renderLiteral(program: Program, rule: CoreRule, literal: CoreLiteral, text?: VariableText): string {
  const name: VariableText = text ?? (index => rule.variables[index] ?? '_')
  const not = literal.kind !== 'aggregate' && literal.negated ? 'not ' : ''
  switch (literal.kind) {
    case 'atom':
      return (
        not +
        call(
          displayName(program, literal.table),
          literal.args.map(a => term(a, name)),
        )
      )
    case 'builtin':
      return (
        not +
        call(
          literal.name,
          [...literal.inputs, ...literal.outputs].map(a => term(a, name)),
        )
      )
    case 'compare': {
      const comparison = `${renderExpr(literal.left, name)} ${literal.operator} ${renderExpr(literal.right, name)}`
      return literal.negated ? `not (${comparison})` : comparison
    }
    case 'aggregate': {
      const value = literal.value ? ` ${renderExpr(literal.value, name)}` : ''
      const body = literal.body.map(l => renderLiteral(program, rule, l, text)).join(', ')
      const aggregate = `${literal.operator}${value} : { ${body} }`
      const own = rule.variables[literal.result.index]?.endsWith(madeResult) ?? false
      return own && text === undefined ? aggregate : `${name(literal.result.index)} = ${aggregate}`
    }
  }
}

/** How the checker ends the name of a variable that it made for an aggregate's result. */
export const madeResult = ' : {…}'

/** A rule as text in core form: columns by position, comparisons infix, table names as their authors write them. */
export function renderRule(program: Program, rule: CoreRule): string {
  const name: VariableText = index => rule.variables[index] ?? '_'
  const args = rule.head.args.map(a => term(a, name))
  const head = call(displayName(program, rule.head.table), args)
  if (rule.body.length === 0) return head
  return `${head} :- ${rule.body.map(l => renderLiteral(program, rule, l)).join(', ')}`
}

/** `p`, `p(x, y)`, and inside a modal's brackets `predict[p(x, y)]`. */
function call(name: string, args: readonly string[]): string {
  if (args.length === 0) return name
  const list = `(${args.join(', ')})`
  return name.endsWith(']') ? `${name.slice(0, -1)}${list}]` : `${name}${list}`
}

function term(t: CoreTerm | Wildcard, name: VariableText): string {
  if (t.kind === 'wildcard') return '_'
  return t.kind === 'constant' ? renderValue(t.value) : name(t.index)
}

const precedence: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 }

/** An expression as text, with the fewest parentheses. */
export function renderExpr(expr: CoreExpr, name: VariableText, above = 0): string {
  if (expr.kind !== 'call') return term(expr, name)
  const [left, right] = expr.args
  const own = precedence[expr.function]
  if (own !== undefined && left && right) {
    const text = `${renderExpr(left, name, own)} ${expr.function} ${renderExpr(right, name, own + 1)}`
    return own < above ? `(${text})` : text
  }
  if (expr.function === 'neg' && left) return `-${renderExpr(left, name, 3)}`
  return `${expr.function}(${expr.args.map(a => renderExpr(a, name)).join(', ')})`
}
