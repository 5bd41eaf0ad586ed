import type { Span } from '../../diagnostic/index.ts'
import type { AggregateOperator, ExprAst, LiteralAst, NamedArgAst } from '../ast.ts'
import { Cursor, isArithmetic, isComparison } from './cursor.ts'
import { T, type TokenKind } from './tokens.ts'

/** The words that begin an aggregate; they are plain names elsewhere. */
export const AGGREGATES: ReadonlyMap<string, AggregateOperator> = new Map([
  ['count', 'count'],
  ['sum', 'sum'],
  ['mean', 'mean'],
  ['avg', 'mean'],
  ['min', 'min'],
  ['max', 'max'],
])

type Binary = Extract<ExprAst, { kind: 'binary' }>['operator']

const OPERATORS = new Map<TokenKind, Binary>([
  [T.plus, '+'],
  [T.minus, '-'],
  [T.star, '*'],
  [T.slash, '/'],
  [T.percent, '%'],
])

const isSum = (kind: TokenKind): boolean => kind === T.plus || kind === T.minus
const isProduct = (kind: TokenKind): boolean => kind >= T.star && kind <= T.percent
const isPlainValue = (kind: TokenKind): boolean => kind >= T.number && kind <= T.wildcard
export const startsValue = (kind: TokenKind): boolean =>
  kind === T.name || isPlainValue(kind) || kind === T.leftParen || kind === T.minus

/**
 * Expressions and argument lists.
 *
 *     sum     = product (('+' | '-') product)*
 *     product = unary (('*' | '/' | '%') unary)*
 *     unary   = '-' unary | primary
 *     primary = constant | variable | '_' | '(' sum ')' | function '(' sum, … ')' | aggregate
 *     aggregate = 'count' ':' '{' body '}' | ('sum' | 'mean' | 'avg' | 'min' | 'max') sum ':' '{' body '}'
 *
 * An aggregate is a primary that ends at its brace: `100 * sum l : { … } / cap` is `(100 * sum…) / cap`. `min` and `max` with
 * several values in parentheses are functions, with one they begin an aggregate: `max (a) * b : { … }`.
 */
export abstract class ExpressionParser extends Cursor {
  /** Literals up to a `}`, which stays. */
  protected abstract bracedBody(): LiteralAst[]

  protected expression(): ExprAst {
    return this.#sumFrom(this.#productFrom(this.#unary()))
  }

  #sumFrom(left: ExprAst): ExprAst {
    while (isSum(this.peek())) left = this.#binary(left, () => this.#productFrom(this.#unary()))
    return left
  }

  #productFrom(left: ExprAst): ExprAst {
    while (isProduct(this.peek())) left = this.#binary(left, () => this.#unary())
    return left
  }

  #binary(left: ExprAst, operand: () => ExprAst): ExprAst {
    const operator = OPERATORS.get(this.peek())!
    this.countOperator()
    this.advance()
    const right = operand()
    return { kind: 'binary', operator, left, right, span: { ...left.span, end: right.span.end } }
  }

  #unary(): ExprAst {
    if (this.peek() !== T.minus) return this.#primary()
    const from = this.at
    this.advance()
    if (this.peek() === T.number) {
      const value = this.tokens.value[this.at] as number
      this.advance()
      return { kind: 'constant', value: value === 0 ? 0 : -value, span: this.spanFrom(from) }
    }
    this.enter()
    const operand = this.#unary()
    this.leave()
    return { kind: 'unary', operator: '-', operand, span: this.spanFrom(from) }
  }

  #primary(): ExprAst {
    const from = this.at
    switch (this.peek()) {
      case T.number:
      case T.string:
      case T.constant: {
        const value = this.tokens.value[from] ?? null
        this.advance()
        return { kind: 'constant', value, span: this.spanFrom(from) }
      }
      case T.wildcard:
        this.advance()
        return { kind: 'wildcard', span: this.spanFrom(from) }
      case T.leftParen: {
        this.enter()
        this.advance()
        const inner = this.expression()
        this.closeBracket(from)
        this.leave()
        return { ...inner, span: this.spanFrom(from) }
      }
      case T.name:
        if (this.aggregateAhead(from)) return this.#aggregate()
        return this.kindAt(from + 1) === T.leftParen ? this.#call() : this.#variable()
      default:
        return this.expected('a variable, a constant or an expression')
    }
  }

  #variable(): ExprAst {
    const from = this.at
    const name = this.tokens.slice(from)
    this.advance()
    const span = this.spanFrom(from)
    if (name.includes(':')) {
      const help = 'put it into quotes if it is a text; read a table by a literal of its own'
      this.report('language/table-as-value', `\`${name}\` names a table, and stands where a value should`, span, {
        help,
      })
    }
    return { kind: 'variable', name, span }
  }

  #call(): ExprAst {
    const from = this.at
    const name = this.tokens.slice(from)
    this.advance()
    const open = this.at
    const { args, named } = this.argumentList()
    const only = args[0]
    if (named[0]) {
      const message = `the function \`${name}\` takes values, not columns by name`
      this.report('language/unexpected-token', message, named[0].columnSpan)
    }
    if (AGGREGATES.has(name) && args.length === 1 && only)
      return this.#aggregateOfGroup(from, name, { ...only, span: this.spanFrom(open) })
    return { kind: 'call', function: name, args, span: this.spanFrom(from) }
  }

  /**
   * Whether the name at `i` begins an aggregate rather than being a variable or a table that has such a name. Decided by the few
   * tokens behind it, so that a rule which ends in a variable called `sum` does not run into the next one.
   */
  protected aggregateAhead(i: number): boolean {
    const word = this.tokens.slice(i)
    if (!AGGREGATES.has(word)) return false
    const next = this.kindAt(i + 1)
    if (next === T.colon || next === T.leftBrace) return true
    if (isPlainValue(next)) return true
    const after = this.kindAt(i + 2)
    if (next === T.name && (after === T.colon || after === T.leftBrace)) return true
    if (word === 'count') return false
    if (next === T.leftParen) return word !== 'min' && word !== 'max'
    if (next === T.minus) {
      // `sum -x : { … }`, but `sum - count : { … }` is a difference.
      const isValue = (after === T.name && this.tokens.slice(i + 2) !== 'count') || after === T.number
      return isValue && this.kindAt(i + 3) === T.colon
    }
    if (next !== T.name) return false
    if (isArithmetic(after)) return this.sameLine(i, i + 1) || !this.adjacent(i + 1, i + 2)
    if (after !== T.leftParen) return false
    const behind = this.kindAfterBracket(i + 2)
    return behind === T.colon || isArithmetic(behind)
  }

  /** The kind of the token behind the bracket that closes the one at `open`; `bad` when it is never closed. */
  protected kindAfterBracket(open: number): TokenKind {
    const close = this.tokens.match[open]!
    return close < 0 ? T.bad : this.kindAt(close + 1)
  }

  #aggregate(): ExprAst {
    const from = this.at
    const word = this.tokens.slice(from)
    this.advance()
    let value: ExprAst | undefined
    if (this.peek() !== T.colon && this.peek() !== T.leftBrace) value = this.expression()
    if (word === 'count' && value) {
      const help = 'write `count : { … }`; it counts the distinct bindings of the variables inside the braces'
      this.report('language/aggregate-form', '`count` takes no value before its `:`', value.span, { help })
      value = undefined
    }
    if (word !== 'count' && !value) {
      const help = `write \`${word} x : { … }\`, x being bound inside the braces`
      this.report('language/aggregate-form', `\`${word}\` has no value before its \`:\``, this.tokens.span(from), {
        help,
      })
    }
    return this.#aggregateBody(from, word, value)
  }

  /** `max (…) * b : { … }`: the parentheses were read as those of a call. */
  #aggregateOfGroup(from: number, word: string, group: ExprAst): ExprAst {
    const value = this.#sumFrom(this.#productFrom(group))
    if (this.peek() === T.colon || this.peek() === T.leftBrace) return this.#aggregateBody(from, word, value)
    const help = `write \`${word} x : { … }\` over a body, or \`${word}(x, y)\` for several values`
    this.report('language/aggregate-form', `\`${word}\` of one value has no body`, this.spanFrom(from), { help })
    return value
  }

  #aggregateBody(from: number, word: string, value: ExprAst | undefined): ExprAst {
    const operator = AGGREGATES.get(word)!
    const form = word === 'count' ? '`count : { … }`' : `\`${word} x : { … }\``
    if (this.peek() === T.colon) this.advance()
    else if (this.peek() === T.leftBrace)
      this.report('language/aggregate-form', 'expected `:` before `{`', this.tokens.span(this.at), {
        help: `write ${form}`,
      })
    else this.expected('`:`', `an aggregate is written ${form}; put a value that begins with a sign into parentheses`)
    if (this.peek() !== T.leftBrace) {
      if (this.peek() !== T.bad)
        this.report('language/aggregate-form', `expected \`{\`, found ${this.found()}`, this.tokens.span(this.at), {
          help: `put the body into braces, ${form}`,
        })
      this.abandon()
    }
    const open = this.at
    this.enter()
    this.advance()
    const body = this.bracedBody()
    this.closeBracket(open)
    this.leave()
    return { kind: 'aggregate', operator, ...(value ? { value } : {}), body, span: this.spanFrom(from) }
  }

  /** From `(` to behind its `)`. */
  protected argumentList(): { args: ExprAst[]; named: NamedArgAst[] } {
    const open = this.at
    const args: ExprAst[] = []
    const named: NamedArgAst[] = []
    this.enter()
    this.advance()
    while (this.peek() !== T.rightParen) {
      this.#argument(args, named)
      if (this.peek() === T.comma) {
        const comma = this.tokens.span(this.at)
        this.advance()
        if (this.peek() === T.rightParen)
          this.report('language/trailing-comma', 'nothing follows the last `,`', comma, { help: 'remove it' })
      } else if (startsValue(this.peek()) && this.tokens.match[open]! >= 0) this.missingComma('argument')
      else break
    }
    this.closeBracket(open)
    this.leave()
    return { args, named }
  }

  #argument(args: ExprAst[], named: NamedArgAst[]): void {
    const from = this.at
    if ((this.peek() === T.name || this.peek() === T.number) && this.tokens.slice(from + 1) === '=') {
      const column = this.tokens.slice(from)
      const columnSpan = this.tokens.span(from)
      this.advance()
      this.advance()
      named.push({ column, columnSpan, value: this.expression() })
    } else {
      const value = this.expression()
      args.push(value)
      if (named.length > 0 && !isComparison(this.peek())) this.#positionalAfterNamed(value.span)
    }
    if (!isComparison(this.peek())) return
    this.advance()
    this.expression()
    const help = `bind the argument to a variable and write \`${this.source(from, this.at - 1)}\` as a literal of the body`
    this.report('language/comparison-argument', 'a comparison cannot be an argument', this.spanFrom(from), { help })
  }

  #positionalAfterNamed(span: Span): void {
    const help = 'put the arguments without a name first'
    const message = 'an argument without a name follows one with a name'
    this.report('language/positional-after-named', message, span, { help })
  }
}
