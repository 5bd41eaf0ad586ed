import { nearestName } from '../../diagnostic/index.ts'
import type { AtomLiteralAst } from '../ast.ts'
import { builtins, infixArithmetic, infixComparison } from '../builtins.ts'
import type { CompareLiteral, CoreExpr, CoreLiteral, CoreTerm, Wildcard } from '../core.ts'
import { count } from './columns.ts'
import type { Lowering } from './lowering.ts'
import type { Place, Scope } from './scope.ts'

/**
 * Lower a builtin: comparisons and simple arithmetic become infix, the rest a builtin literal. A bare name of a builtin is always
 * the builtin: no policy can define a table of that name, and a data source's is out of reach under it.
 */
export function lowerBuiltin(lowering: Lowering, literal: AtomLiteralAst, scope: Scope): CoreLiteral | undefined {
  const { atom, negated, span } = literal
  const { name } = atom.name
  const signature = builtins.get(name)
  if (signature === undefined) {
    const near = nearestName(name, builtins.keys())
    return lowering.refuse(
      'language/unknown-builtin',
      `there is no builtin \`${name}\``,
      atom.name.span,
      near === undefined ? 'leave out `builtin:` if a table is meant' : `did you mean \`builtin:${near}\`?`,
    )
  }
  const parameters = [...signature.inputs, ...signature.outputs]
  const usage = `${name}(${parameters.join(', ')})`
  const named = atom.named[0]
  if (named)
    return lowering.refuse(
      'language/unknown-columns',
      `the builtin \`${name}\` takes its arguments by position`,
      named.columnSpan,
      `write \`${usage}\``,
    )
  if (atom.args.length !== parameters.length)
    return lowering.refuse(
      'language/builtin-arity',
      `the builtin \`${name}\` takes ${count(parameters.length, 'argument')}, not ${atom.args.length}`,
      atom.span,
      `write \`${usage}\``,
    )

  const place: Place = { kind: 'builtin', name }
  const inputCount = signature.inputs.length
  const terms: (CoreTerm | Wildcard | undefined)[] = atom.args.map((arg, i) => {
    if (arg.kind !== 'wildcard') return lowering.term(arg, place, scope)
    if (i < inputCount)
      return lowering.refuse(
        'language/wildcard-value',
        `\`_\` has no value for \`${name}\` to read`,
        arg.span,
        'write a variable that the body binds',
      )
    return negated ? { kind: 'wildcard' } : { kind: 'variable', index: lowering.fresh('_') }
  })
  const inputs = terms.slice(0, inputCount).filter(isTerm)
  const outputs = terms.slice(inputCount).filter(t => t !== undefined)
  if (inputs.length + outputs.length < terms.length) return undefined
  return infix(name, inputs, outputs[0], negated, span) ?? { kind: 'builtin', name, inputs, outputs, negated, span }
}

function isTerm(t: CoreTerm | Wildcard | undefined): t is CoreTerm {
  return t !== undefined && t.kind !== 'wildcard'
}

function infix(
  name: string,
  inputs: readonly CoreTerm[],
  output: CoreTerm | Wildcard | undefined,
  negated: boolean,
  span: CompareLiteral['span'],
): CompareLiteral | undefined {
  const operator = infixComparison.get(name)
  const [left, right] = inputs
  if (operator !== undefined && left && right) {
    if (negated && operator === '=') return { kind: 'compare', operator: '!=', left, right, negated: false, span }
    return { kind: 'compare', operator, left, right, negated, span }
  }
  const arithmetic = infixArithmetic.get(name)
  if (arithmetic === undefined || output === undefined) return undefined
  const value: CoreExpr = { kind: 'call', function: arithmetic, args: inputs }
  // `not plus(x, y, _)` asks whether there is a sum at all: an expression equals itself unless it fails.
  const result = output.kind === 'wildcard' ? value : output
  return { kind: 'compare', operator: '=', left: result, right: value, negated, span }
}
