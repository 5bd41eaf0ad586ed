import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import type { Value } from '../../tables/index.ts'
import type { CommentAst } from '../ast.ts'

/** Token kinds. Small numbers, kept in a plain array: a large file has millions of tokens. */
export const T = {
  end: 0,
  name: 1,
  number: 2,
  string: 3,
  /** `true`, `false`, `null`. */
  constant: 4,
  /** `_` */
  wildcard: 5,
  /** `not`, `NOT`, `!` */
  not: 6,
  leftParen: 7,
  rightParen: 8,
  leftBracket: 9,
  rightBracket: 10,
  leftBrace: 11,
  rightBrace: 12,
  comma: 13,
  dot: 14,
  semicolon: 15,
  /** `:-` */
  turnstile: 16,
  colon: 17,
  less: 18,
  lessEqual: 19,
  greater: 20,
  greaterEqual: 21,
  equal: 22,
  notEqual: 23,
  plus: 24,
  minus: 25,
  star: 26,
  slash: 27,
  percent: 28,
  /** `:=`, `=>`, `->`: never right; the parser knows what was probably meant. */
  arrow: 29,
  /** Something that the lexer has already reported. */
  bad: 30,
} as const

export type TokenKind = (typeof T)[keyof typeof T]

/**
 * The tokens of one text, as parallel arrays; the last token is always `end`. Tokens never contain a line break.
 */
export class Tokens {
  readonly file: string
  readonly text: string
  readonly kind: TokenKind[] = []
  readonly start: number[] = []
  /** Exclusive. */
  readonly end: number[] = []
  /** 1-based. */
  readonly line: number[] = []
  /** What a number, string or constant stands for; undefined for every other token. */
  readonly value: (Value | undefined)[] = []
  /** For an opening bracket the index of its closing one, else -1. Brackets never match across the end of a rule or a `:-`. */
  readonly match: number[] = []
  readonly comments: CommentAst[] = []
  /** Offset of the first character of each line; a byte order mark is not part of the first. */
  readonly lineStarts: number[] = []
  readonly diagnostics: Diagnostic[] = []

  constructor(text: string, file: string) {
    this.text = text
    this.file = file
  }

  /** The source text of token `i`. */
  slice(i: number): string {
    return this.text.slice(this.start[i]!, this.end[i]!)
  }

  span(i: number): Span {
    return this.spanBetween(i, i)
  }

  /** From the start of token `from` to the end of token `to`. */
  spanBetween(from: number, to: number): Span {
    const start = this.start[from]!
    const line = this.line[from]!
    return { file: this.file, start, end: this.end[to]!, line, column: start - this.lineStarts[line - 1]! + 1 }
  }

  /** A span of offsets on the given line. */
  spanAt(start: number, end: number, line: number): Span {
    return { file: this.file, start, end, line, column: start - this.lineStarts[line - 1]! + 1 }
  }
}
