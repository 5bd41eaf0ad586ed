import type { CommentAst, LiteralAst, PolicyAst, StatementAst } from '../ast.ts'
import { type PrintBraces, printHead, printLiteral } from './print.ts'

const WIDTH = 100
const INDENT = '    '

/**
 * Print a policy in its canonical layout: a rule on one line where it fits into 100 columns, else its head on one line and each
 * literal on one of its own; an aggregate that does not fit is broken the same way. One blank line stays between groups. Comments
 * stay where they are: at the end of a line, above a literal, above a rule; one inside an atom moves above it.
 */
export function formatPolicy(policy: PolicyAst): string {
  return new Layout(policy).run()
}

class Layout {
  readonly #policy: PolicyAst
  readonly #text: string
  readonly #lines: string[] = []
  /** Index of the first comment not yet printed: they come out in the order in which they went in. */
  #comment = 0
  /** Offset behind what was printed last at top level. */
  #done = 0

  constructor(policy: PolicyAst) {
    this.#policy = policy
    this.#text = policy.text
  }

  run(): string {
    const { declaration, statements } = this.#policy
    if (declaration) {
      const { start, end } = declaration.span
      this.#topComments(end, start)
      this.#topLine(`policy ${declaration.name}`, start)
      this.#lines.push(this.#lines.pop()! + this.#trailing(end, statements[0]?.span.start))
      this.#finish(end)
    }
    statements.forEach((statement, i) => {
      this.#statement(statement, statements[i + 1]?.span.start)
    })
    this.#topComments(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    return this.#lines.map(line => `${line}\n`).join('')
  }

  #peek(): CommentAst | undefined {
    return this.#policy.comments[this.#comment]
  }

  /** A line at top level that began at offset `start`, under a blank line if it had one above. */
  #topLine(line: string, start: number): void {
    if (this.#lines.length > 0 && /\n\s*\n/.test(this.#text.slice(this.#done, start))) this.#lines.push('')
    this.#lines.push(line)
    if (start > this.#done) this.#done = start
  }

  /** What was printed ends at `end`, or behind the comment that was printed last. */
  #finish(end: number): void {
    const comment = this.#policy.comments[this.#comment - 1]
    this.#done = Math.max(this.#done, end, comment?.span.end ?? 0)
  }

  /** Comments before `limit`; those behind `start` come from inside the statement there. */
  #topComments(limit: number, start: number): void {
    for (let c = this.#peek(); c && c.span.start < limit; c = this.#peek()) {
      this.#comment++
      this.#topLine(clean(c.text), Math.min(c.span.start, start))
      this.#done = Math.max(this.#done, Math.min(c.span.end, start))
    }
  }

  #statement(statement: StatementAst, next: number | undefined): void {
    const { heads, body, span } = statement
    this.#topComments(heads.at(-1)!.span.end, span.start)
    const head = heads.map(printHead).join(', ')
    const whole = body ? `${head} :- ${body.map(l => printLiteral(l)).join(', ')}` : head
    const inside = this.#peek()
    const fits = whole.length <= WIDTH && !(body && inside && inside.span.start < span.end)
    if (fits) this.#topLine(whole + this.#trailing(span.end, next), span.start)
    else if (body) this.#brokenRule(statement, head, body, next)
    else {
      const facts = heads.map((h, i) => (i === 0 ? '' : INDENT) + printHead(h)).join(',\n')
      this.#topLine(facts + this.#trailing(span.end, next), span.start)
    }
    this.#finish(span.end)
  }

  #brokenRule(
    { heads, span }: StatementAst,
    head: string,
    body: readonly LiteralAst[],
    next: number | undefined,
  ): void {
    const afterArrow = this.#trailing(heads.at(-1)!.span.end, body[0]?.span.start)
    this.#topLine(`${head} :-${afterArrow}`, span.start)
    this.#lines.push(...this.#literals(body, INDENT, next))
  }

  /** One line or more for each literal; `next` is where the text goes on behind the last. */
  #literals(literals: readonly LiteralAst[], indent: string, next: number | undefined): string[] {
    const lines: string[] = []
    literals.forEach((literal, i) => {
      const following = literals[i + 1]?.span.start ?? next
      const text = this.#literal(literal, indent, lines)
      const comma = i + 1 < literals.length ? ',' : ''
      lines.push(indent + text + comma + this.#trailing(literal.span.end, following))
    })
    return lines
  }

  #literal(literal: LiteralAst, indent: string, lines: string[]): string {
    this.#ownLines(literal.span.start, indent, lines)
    const text = printLiteral(literal)
    const inside = this.#peek()
    const hasComment = inside !== undefined && inside.span.start < literal.span.end
    if (!hasComment && indent.length + text.length < WIDTH) return text
    const broken = printLiteral(literal, this.#brokenBraces(indent))
    // Without braces to stand in, a comment inside a literal goes above it.
    if (broken === text) this.#ownLines(literal.span.end, indent, lines)
    return broken
  }

  #brokenBraces(indent: string): PrintBraces {
    return ({ body, span }) => {
      const deeper = indent + INDENT
      const lines = this.#literals(body, deeper, span.end - 1)
      this.#ownLines(span.end - 1, deeper, lines)
      return `{\n${lines.join('\n')}\n${indent}}`
    }
  }

  /** Comments before `limit`, each on its own line. */
  #ownLines(limit: number, indent: string, lines: string[]): void {
    for (let c = this.#peek(); c && c.span.start < limit; c = this.#peek()) {
      this.#comment++
      lines.push(indent + clean(c.text))
    }
  }

  /** Comments that stand behind offset `end` on its line and end that line, `next` being where the text goes on. */
  #trailing(end: number, next = this.#text.length): string {
    const lineEnd = breakBehind(this.#text, end)
    let trailing = ''
    for (let c = this.#peek(); c && c.span.start >= end && c.span.start < Math.min(lineEnd, next); c = this.#peek()) {
      const rest = c.span.end <= lineEnd ? lineEnd : breakBehind(this.#text, c.span.end)
      if (next < this.#text.length && rest >= next) break
      this.#comment++
      trailing += ` ${clean(c.text)}`
    }
    return trailing
  }
}

/** The offset of the first line break at or behind `from`, or of the end of the text. */
function breakBehind(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at
}

/** A comment's text with plain line breaks and without white space at its end. */
export function clean(text: string): string {
  if (text.startsWith('/*')) return text.replace(/\r\n?/g, '\n')
  return text.replace(/\r/g, ' ').trimEnd()
}
