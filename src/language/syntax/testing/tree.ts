import type { AtomAst, ExprAst, HeadAst, LiteralAst, StatementAst } from '../../ast.ts'

/**
 * The tree of statements and literals as short text for tests, apart from the formatter's printer: every operator in prefix form,
 * every variable plain, every constant as JSON behind `'`.
 */
export function statementTree({ heads, body }: StatementAst): string {
  const head = heads.map(headTree).join(' & ')
  return body ? `${head} :- ${bodyTree(body)}` : head
}

export const bodyTree = (body: readonly LiteralAst[]): string => body.map(literalTree).join(' & ')

const headTree = (h: HeadAst): string => (h.modal ? `${h.modal}[${atomTree(h.atom)}]` : atomTree(h.atom))

function literalTree(l: LiteralAst): string {
  if (l.kind === 'comparison') return `(${l.operator} ${expressionTree(l.left)} ${expressionTree(l.right)})`
  const atom = l.modal ? `${l.modal}[${atomTree(l.atom)}]` : atomTree(l.atom)
  return l.negated ? `(not ${atom})` : atom
}

function atomTree({ name, bare, args, named }: AtomAst): string {
  const full = name.module === undefined ? name.name : `<${name.module}>${name.name}`
  if (bare) return full
  const columns = named.map(n => `${n.column}=${expressionTree(n.value)}`)
  return `${full}(${[...args.map(expressionTree), ...columns].join(' ')})`
}

function expressionTree(e: ExprAst): string {
  switch (e.kind) {
    case 'variable':
      return e.name
    case 'wildcard':
      return '_'
    case 'constant':
      return `'${JSON.stringify(e.value)}`
    case 'unary':
      return `(neg ${expressionTree(e.operand)})`
    case 'binary':
      return `(${e.operator} ${expressionTree(e.left)} ${expressionTree(e.right)})`
    case 'call':
      return `(${[e.function, ...e.args.map(expressionTree)].join(' ')})`
    case 'aggregate':
      return `(${e.operator}${e.value ? ` ${expressionTree(e.value)}` : ''} { ${bodyTree(e.body)} })`
  }
}
