/*
 * Expressions inside definitions: texts with `<% … %>`. Which language stands between the signs is the business of an
 * `ExpressionLanguage`; here is only what surrounds it.
 */

/** A language for expressions. Must be safe to run on anybody's text: no access to the process, and an end. */
export interface ExpressionLanguage {
  /** @throws ExpressionError with the offset of what is wrong in `text` */
  compile(text: string): CompiledExpression
}

export interface CompiledExpression {
  /** Names it reads from its surroundings. */
  readonly names: readonly string[]
  /** @throws ExpressionError */
  evaluate(values: Values): unknown
}

/** What an expression can see, by name. */
export type Values = Readonly<Record<string, unknown>>

/** An expression that can not be read or has no value. The message is for users. */
export class ExpressionError extends Error {
  /** UTF-16 offset in the expression's text. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'ExpressionError'
    this.offset = offset
  }
}

/** A value from a definition, in which some texts are expressions. */
export interface Template {
  readonly names: ReadonlySet<string>
  /** The value with all expressions replaced by theirs. */
  fill(values: Values): unknown
}

const MARKED = /<%([\s\S]*?)%>/g

/**
 * Prepare a value of a definition. A text that is nothing but one expression becomes its value, of whatever kind; in a longer text
 * values are written out.
 */
export function compileTemplate(language: ExpressionLanguage, value: unknown): Template {
  const names = new Set<string>()
  const compile = (part: unknown): ((values: Values) => unknown) => {
    if (typeof part === 'string') return compileText(language, part, names)
    if (Array.isArray(part)) {
      const items = part.map(compile)
      return values => items.map(item => item(values))
    }
    if (typeof part === 'object' && part !== null) {
      const entries = Object.entries(part).map(([key, item]) => [key, compile(item)] as const)
      return values => Object.fromEntries(entries.map(([key, item]) => [key, item(values)]))
    }
    return () => part
  }
  const fill = compile(value)
  // A value without expressions is the same every time.
  return { names, fill: names.size === 0 && !hasExpression(value) ? () => value : fill }
}

/** A guard: an expression with or without its signs. True only if its value is `true`. */
export function compileCondition(language: ExpressionLanguage, value: unknown): Template {
  const text = typeof value === 'string' && !value.includes('<%') ? `<% ${value} %>` : value
  const template = compileTemplate(language, text)
  return { names: template.names, fill: values => template.fill(values) === true }
}

export function hasExpression(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('<%')
  if (Array.isArray(value)) return value.some(hasExpression)
  return typeof value === 'object' && value !== null && Object.values(value).some(hasExpression)
}

function compileText(language: ExpressionLanguage, text: string, names: Set<string>): (values: Values) => unknown {
  const parts: ((values: Values) => unknown)[] = []
  let end = 0
  for (const match of text.matchAll(MARKED)) {
    if (match.index > end) parts.push(constant(text.slice(end, match.index)))
    const inside = match[1]!
    const blank = inside.length - inside.trimStart().length
    try {
      const compiled = language.compile(inside.trim())
      for (const name of compiled.names) names.add(name)
      parts.push(values => compiled.evaluate(values))
    } catch (error) {
      if (error instanceof ExpressionError)
        throw new ExpressionError(error.message, error.offset + match.index + 2 + blank)
      throw error
    }
    end = match.index + match[0].length
  }
  if (parts.length === 0) return constant(text)
  if (end < text.length) parts.push(constant(text.slice(end)))
  if (parts.length === 1) return parts[0]!
  return values => parts.map(part => written(part(values))).join('')
}

function constant(text: string): () => string {
  return () => text
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
