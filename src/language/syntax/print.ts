import type { AtomAst, ExprAst, HeadAst, LiteralAst, NameAst } from '../ast.ts'
import { AGGREGATES } from './expressions.ts'

type Aggregate = Extract<ExprAst, { kind: 'aggregate' }>

/** How the braces of an aggregate are printed; the formatter passes one that breaks lines. */
export type PrintBraces = (aggregate: Aggregate) => string

const onOneLine: PrintBraces = aggregate => `{ ${aggregate.body.map(l => printLiteral(l)).join(', ')} }`

/** How tightly an operator binds; a primary is 3. */
const PRECEDENCE = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 } as const
const PRIMARY = 3

export function printHead(head: HeadAst): string {
  return inModal(head.modal, printAtom(head.atom, onOneLine))
}

export function printLiteral(literal: LiteralAst, braces: PrintBraces = onOneLine): string {
  if (literal.kind === 'comparison') {
    const left = printExpression(literal.left, braces)
    return `${left} ${literal.operator} ${printExpression(literal.right, braces)}`
  }
  return (literal.negated ? 'not ' : '') + inModal(literal.modal, printAtom(literal.atom, braces))
}

const inModal = (modal: string | undefined, atom: string): string => (modal ? `${modal}[${atom}]` : atom)

export function printName(name: NameAst): string {
  return name.module === undefined ? name.name : `${name.module}:${name.name}`
}

function printAtom(atom: AtomAst, braces: PrintBraces): string {
  const args = atom.args.map(a => printExpression(a, braces))
  const named = atom.named.map(n => `${n.column}=${printExpression(n.value, braces)}`)
  if (atom.bare && args.length === 0 && named.length === 0) return printName(atom.name)
  return `${printName(atom.name)}(${[...args, ...named].join(', ')})`
}

/** An expression with the fewest parentheses that keep its tree. */
export function printExpression(e: ExprAst, braces: PrintBraces = onOneLine, tightness = 0): string {
  switch (e.kind) {
    case 'variable':
      return e.name
    case 'wildcard':
      return '_'
    case 'constant':
      return printConstant(e.value)
    case 'unary': {
      // `-1` would come back as a constant.
      const isNumber = e.operand.kind === 'constant' && typeof e.operand.value === 'number'
      const operand = printExpression(e.operand, braces, PRIMARY)
      return isNumber ? `-(${operand})` : `-${operand}`
    }
    case 'binary': {
      const own = PRECEDENCE[e.operator]
      const left = printExpression(e.left, braces, own)
      const text = `${left} ${e.operator} ${printExpression(e.right, braces, own + 1)}`
      return own < tightness ? `(${text})` : text
    }
    case 'call':
      return `${e.function}(${e.args.map(a => printExpression(a, braces)).join(', ')})`
    case 'aggregate':
      return printAggregate(e, braces)
  }
}

function printAggregate(e: Aggregate, braces: PrintBraces): string {
  if (!e.value) return `${e.operator} : ${braces(e)}`
  const value = printExpression(e.value, braces)
  return `${e.operator} ${isPlainlyRead(e.value) ? value : `(${value})`} : ${braces(e)}`
}

/** Whether an aggregate's value can stand without parentheses: it begins with no sign, and no name in it begins an aggregate. */
function isPlainlyRead(e: ExprAst): boolean {
  switch (e.kind) {
    case 'variable':
      return !AGGREGATES.has(e.name)
    case 'constant':
      return typeof e.value !== 'number' || e.value >= 0
    case 'wildcard':
    case 'call':
      return true
    case 'binary':
      return isPlainlyRead(e.left) && isPlainlyRead(e.right)
    default:
      return false
  }
}

function printConstant(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  // A curly quote inside would end the text, since it reads as a straight one.
  return JSON.stringify(value).replace(/[\u201c-\u201f]/g, c => `\\u${c.charCodeAt(0).toString(16)}`)
}
