import type { CoreExpr, CoreLiteral, CoreTerm, Wildcard } from '../language/index.ts'
import type { Row, Value } from '../tables/index.ts'

/** Gives a variable's text: its value where it has one, else its name. */
export type VariableText = (index: number) => string

export function valueText(v: Value): string {
  return JSON.stringify(v)
}

export function rowText(table: string, row: Row): string {
  return `${table}(${row.map(valueText).join(', ')})`
}

export function termText(t: CoreTerm | Wildcard, name: VariableText): string {
  return t.kind === 'wildcard' ? '_' : t.kind === 'constant' ? valueText(t.value) : name(t.index)
}

const infix: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 }

export function exprText(e: CoreExpr, name: VariableText, outer = 0): string {
  if (e.kind !== 'call') return termText(e, name)
  const level = infix[e.function]
  if (level === undefined) {
    if (e.function === 'neg') return `-${exprText(e.args[0]!, name, 3)}`
    return `${e.function}(${e.args.map(a => exprText(a, name)).join(', ')})`
  }
  const text = `${exprText(e.args[0]!, name, level)} ${e.function} ${exprText(e.args[1]!, name, level + 1)}`
  return level < outer ? `(${text})` : text
}

/** A literal as a user would write it, with `name` for the variables. */
export function literalText(l: CoreLiteral, name: VariableText, table: (full: string) => string = t => t): string {
  switch (l.kind) {
    case 'atom':
      return `${l.negated ? 'not ' : ''}${table(l.table)}(${l.args.map(a => termText(a, name)).join(', ')})`
    case 'compare':
      return `${l.negated ? 'not ' : ''}${exprText(l.left, name)} ${l.operator} ${exprText(l.right, name)}`
    case 'builtin':
      return `${l.negated ? 'not ' : ''}${l.name}(${[...l.inputs, ...l.outputs].map(a => termText(a, name)).join(', ')})`
    case 'aggregate': {
      const value = l.value ? ` ${exprText(l.value, name)}` : ''
      const body = l.body.map(b => literalText(b, name, table)).join(', ')
      return `${name(l.result.index)} = ${l.operator}${value} : { ${body} }`
    }
  }
}
