import { type ASTNode, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { type CompiledExpression, ExpressionError, type ExpressionLanguage } from './expressions.ts'

/*
 * The default language: CEL (the Common Expression Language), which always ends, reads nothing but what it is given, and is checked
 * when the definition is. Its whole numbers are big integers; ours come and go as ordinary numbers.
 */

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 100 },
})

export const cel: ExpressionLanguage = {
  compile(text): CompiledExpression {
    let program: ReturnType<typeof environment.parse>
    try {
      program = environment.parse(text)
    } catch (error) {
      throw explain(error)
    }
    const names = [...freeNames(program.ast)]
    return {
      names,
      evaluate(values) {
        const seen: Record<string, unknown> = {}
        for (const name of names) if (Object.hasOwn(values, name)) seen[name] = toCel(values[name])
        try {
          return fromCel(program(seen))
        } catch (error) {
          throw explain(error)
        }
      },
    }
  },
}

function explain(error: unknown): unknown {
  if (!(error instanceof ParseError || error instanceof EvaluationError || (error instanceof Error && 'node' in error)))
    return error
  const first = error.message.split('\n', 1)[0]!
  return new ExpressionError(
    first.charAt(0).toLowerCase() + first.slice(1),
    (error as { node?: { pos?: number } }).node?.pos ?? 0,
  )
}

/** Names that an expression reads: identifiers. Those that a macro binds are among them, which does no harm. */
function* freeNames(node: unknown): Generator<string> {
  if (Array.isArray(node)) for (const part of node) yield* freeNames(part)
  else if (isNode(node)) {
    if (node.op === 'id') yield node.args as string
    else yield* freeNames(node.args)
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

/** Big inputs are turned once: the values expressions see are never changed. */
const turned = new WeakMap<object, unknown>()

function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  let result = turned.get(value)
  if (result === undefined) {
    result = Array.isArray(value)
      ? value.map(toCel)
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toCel(part)]))
    turned.set(value, result)
  }
  return result
}

function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, part]) => [String(key), fromCel(part)]))
  if (typeof (value as { valueOf(): unknown }).valueOf() === 'bigint')
    return Number((value as { valueOf(): bigint }).valueOf())
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fromCel(part)]))
}
