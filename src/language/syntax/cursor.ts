import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import { shorten } from './lexer.ts'
import { T, type TokenKind, type Tokens } from './tokens.ts'

/** Brackets inside brackets: far beyond what people write, far below what the call stack bears. */
const NESTING_LIMIT = 100

/** Operators in one literal: bounds the height of a left-leaning tree such as 1 + 1 + 1 + …, for every pass over it. */
const OPERATOR_LIMIT = 500

/** Thrown to leave a statement that has been reported; made once, since a stack is of no use. */
export class Abandoned extends Error {}
const abandoned = new Abandoned('a reported syntax error')

const CLOSING = new Map<TokenKind, readonly [open: string, close: string]>([
  [T.leftParen, ['(', ')']],
  [T.leftBracket, ['[', ']']],
  [T.leftBrace, ['{', '}']],
])

/** What may follow a bracket that was forgotten, so that parsing goes on as if it were there. */
const AFTER_CLOSING = new Set<TokenKind>([
  T.turnstile,
  T.dot,
  T.semicolon,
  T.end,
  T.comma,
  T.rightBrace,
  T.rightBracket,
])

export const isComparison = (kind: TokenKind): boolean => kind >= T.less && kind <= T.notEqual
export const isArithmetic = (kind: TokenKind): boolean => kind >= T.plus && kind <= T.percent

/** A place in the tokens, and the ways to report what is wrong there. */
export class Cursor {
  protected readonly tokens: Tokens
  protected readonly diagnostics: Diagnostic[]
  /** Index of the token that is read next. */
  protected at = 0
  #depth = 0
  #operators = 0

  constructor(tokens: Tokens) {
    this.tokens = tokens
    this.diagnostics = [...tokens.diagnostics]
  }

  /** The kind of the token that is read next. */
  protected peek(): TokenKind {
    return this.tokens.kind[this.at]!
  }

  /** The kind of the token at index `i`; past the end it is `end`. */
  protected kindAt(i: number): TokenKind {
    return this.tokens.kind[i] ?? T.end
  }

  /** Step over the present token; the `end` token stays. */
  protected advance(): void {
    if (this.peek() !== T.end) this.at++
  }

  protected spanFrom(from: number): Span {
    return this.tokens.spanBetween(from, Math.max(from, this.at - 1))
  }

  protected sameLine(a: number, b: number): boolean {
    return this.tokens.line[a] === this.tokens.line[b]
  }

  protected adjacent(a: number, b: number): boolean {
    return this.tokens.end[a] === this.tokens.start[b]
  }

  /** The source of some tokens, on one line and not too long, for a message. */
  protected source(from: number, to: number): string {
    const { text, start, end } = this.tokens
    return shorten(text.slice(start[from]!, Math.min(end[to]!, start[from]! + 100)).replace(/\s+/g, ' '))
  }

  protected report(code: string, message: string, span: Span, more: Pick<Diagnostic, 'help' | 'notes'> = {}): void {
    this.diagnostics.push({ code, severity: 'error', message, span, ...more })
  }

  protected abandon(): never {
    throw abandoned
  }

  /** What stands at the cursor, for "expected …, found …". */
  protected found(): string {
    return this.peek() === T.end ? 'the end of the text' : `\`${shorten(this.tokens.slice(this.at))}\``
  }

  /** Report that `what` should stand here, and leave the statement. A token that the lexer has reported is not reported again. */
  protected expected(what: string, help?: string): never {
    if (this.peek() !== T.bad) {
      const message = `expected ${what}, found ${this.found()}`
      this.report('language/unexpected-token', message, this.tokens.span(this.at), help === undefined ? {} : { help })
    }
    this.abandon()
  }

  /** Step over the bracket that closes the one at `open`, or report that it is missing. */
  protected closeBracket(open: number): void {
    const openKind = this.kindAt(open)
    if (this.peek() === openKind + 1) {
      this.advance()
      return
    }
    if (this.peek() === T.bad) this.abandon()
    const [opening, closing] = CLOSING.get(openKind)!
    if (this.tokens.match[open]! >= 0) this.expected(`\`${closing}\``)
    this.report(
      'language/missing-bracket',
      `expected \`${closing}\` before ${this.found()}`,
      this.tokens.span(this.at),
      {
        notes: [{ message: `to close this \`${opening}\``, span: this.tokens.span(open) }],
      },
    )
    if (!AFTER_CLOSING.has(this.peek())) this.abandon()
  }

  protected missingComma(before: string): void {
    const span = this.tokens.span(this.at)
    const help = `write \`,\` before ${this.found()}`
    this.report('language/missing-comma', `expected \`,\` before the next ${before}`, span, { help })
  }

  /** Begin a literal or a head that is inside nothing. */
  protected resetLimits(): void {
    this.#depth = 0
    this.#operators = 0
  }

  protected enter(): void {
    if (++this.#depth <= NESTING_LIMIT) return
    this.#tooDeep(`brackets and signs are nested more than ${NESTING_LIMIT} deep`)
  }

  protected leave(): void {
    this.#depth--
  }

  protected countOperator(): void {
    if (++this.#operators <= OPERATOR_LIMIT) return
    this.#tooDeep(`one literal has more than ${OPERATOR_LIMIT} operators`)
  }

  #tooDeep(message: string): never {
    const help = 'bind parts of it to variables, `part = …`, in literals of their own'
    this.report('language/too-deep', message, this.tokens.span(this.at), { help })
    this.abandon()
  }
}
