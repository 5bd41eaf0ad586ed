import { nearestName } from '../../diagnostic/index.ts'
import type { ExprAst } from '../ast.ts'
import type { ArithmeticFunction, CoreExpr, CoreLiteral } from '../core.ts'
import type { Lowering } from './lowering.ts'
import { quotedList } from './names.ts'
import { Scope } from './scope.ts'

/** Deeper expressions are refused, so that later rooms may recurse over them. */
export const MAX_DEPTH = 500

/** Functions that may be called in an expression, with the fewest and most arguments each takes. */
const functions: ReadonlyMap<string, { readonly least: number; readonly most: number }> = new Map([
  ['abs', { least: 1, most: 1 }],
  ['floor', { least: 1, most: 1 }],
  ['ceil', { least: 1, most: 1 }],
  ['round', { least: 1, most: 1 }],
  ['log', { least: 1, most: 1 }],
  ['exp', { least: 1, most: 1 }],
  ['pow', { least: 2, most: 2 }],
  ['min', { least: 2, most: 100 }],
  ['max', { least: 2, most: 100 }],
])

/**
 * Lower one side of a comparison. Aggregates in it are lifted: each becomes a literal of its own before the comparison, and its
 * result variable stands in its place.
 */
export function lowerExpr(
  lowering: Lowering,
  expr: ExprAst,
  scope: Scope,
  out: CoreLiteral[],
  depth = 0,
): CoreExpr | undefined {
  if (depth > MAX_DEPTH || scope.depth > MAX_DEPTH)
    return lowering.refuse(
      'language/too-deep',
      `the expression is nested more than ${MAX_DEPTH} deep`,
      expr.span,
      'split it over several rules',
    )
  switch (expr.kind) {
    case 'variable':
      return lowering.variable(expr.name, expr.span, { kind: 'comparison' }, scope)
    case 'constant':
      return { kind: 'constant', value: expr.value }
    case 'wildcard':
      return lowering.refuse(
        'language/wildcard-value',
        '`_` has no value to compute or compare with',
        expr.span,
        'write a variable that the body binds',
      )
    case 'unary': {
      const operand = lowerExpr(lowering, expr.operand, scope, out, depth + 1)
      if (!operand) return undefined
      if (operand.kind === 'constant' && typeof operand.value === 'number')
        return { kind: 'constant', value: 0 - operand.value }
      return { kind: 'call', function: 'neg', args: [operand] }
    }
    case 'binary': {
      const left = lowerExpr(lowering, expr.left, scope, out, depth + 1)
      const right = lowerExpr(lowering, expr.right, scope, out, depth + 1)
      return left && right && { kind: 'call', function: expr.operator, args: [left, right] }
    }
    case 'call':
      return lowerCall(lowering, expr, scope, out, depth)
    case 'aggregate':
      return lowerAggregate(lowering, expr, scope, out)
  }
}

function lowerCall(
  lowering: Lowering,
  expr: Extract<ExprAst, { kind: 'call' }>,
  scope: Scope,
  out: CoreLiteral[],
  depth: number,
): CoreExpr | undefined {
  const known = functions.get(expr.function)
  if (known === undefined) {
    const near = nearestName(expr.function, functions.keys())
    return lowering.refuse(
      'language/unknown-function',
      `there is no function \`${expr.function}\``,
      expr.span,
      near === undefined ? `the functions are ${quotedList([...functions.keys()])}` : `did you mean \`${near}\`?`,
    )
  }
  const args = expr.args.map(a => lowerExpr(lowering, a, scope, out, depth + 1))
  if (args.length < known.least || args.length > known.most)
    return lowering.refuse(
      'language/function-arity',
      `\`${expr.function}\` takes ${known.least}${known.most > known.least ? ' or more' : ''} arguments, not ${args.length}`,
      expr.span,
      `write \`${expr.function}(${['x', 'y'].slice(0, known.least).join(', ')})\``,
    )
  const sound = args.filter(a => a !== undefined)
  if (sound.length < args.length) return undefined
  return { kind: 'call', function: expr.function as ArithmeticFunction, args: sound }
}

function lowerAggregate(
  lowering: Lowering,
  expr: Extract<ExprAst, { kind: 'aggregate' }>,
  scope: Scope,
  out: CoreLiteral[],
): CoreExpr | undefined {
  const inner = new Scope(scope)
  lowering.declare(inner, expr.body, expr.value ? [expr.value] : [])
  const body: CoreLiteral[] = []
  for (const literal of expr.body) lowering.literal(literal, inner, body)
  const value = expr.value && lowerExpr(lowering, expr.value, inner, body)
  if (expr.value && !value) return undefined
  const text = expr.value ? `${expr.operator} ${lowering.quote(expr.value.span)}` : expr.operator
  const result = { kind: 'variable', index: lowering.fresh(`${text} : {…}`) } as const
  const groupBy = [...inner.outer].sort((a, b) => a - b)
  out.push({ kind: 'aggregate', operator: expr.operator, result, value, body, groupBy, span: expr.span })
  return result
}
