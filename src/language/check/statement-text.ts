import type { Span } from '../../diagnostic/index.ts'
import type { CommentAst, PolicyAst, StatementAst } from '../ast.ts'

const NONE: readonly never[] = []

/**
 * Statements of one policy as text on one line and with the comments above them. Statements must be asked for in order of place.
 */
export class StatementTexts {
  readonly policy: PolicyAst
  /** First comment that does not end before the last statement asked for. */
  #next = 0

  constructor(policy: PolicyAst) {
    this.policy = policy
  }

  of(statement: StatementAst): { readonly text: string; readonly comments: readonly string[] } {
    const { comments, text } = this.policy
    const from = this.#next
    while (this.#next < comments.length && comments[this.#next]!.span.end <= statement.span.start) this.#next++
    const above = from === this.#next ? NONE : comments.slice(from, this.#next)
    let inside: Span[] | undefined
    for (let i = this.#next; i < comments.length && comments[i]!.span.start < statement.span.end; i++)
      (inside ??= []).push(comments[i]!.span)
    const written = text.slice(statement.span.start, statement.span.end)
    return {
      // Most facts stand on one line as they are.
      text:
        inside === undefined && !/[^\S ]| {2}|[.; ]$/.test(written)
          ? written
          : onOneLine(text, statement.span, inside ?? NONE),
      comments: above.length === 0 ? NONE : commentLines(above, statement.span.start, text),
    }
  }
}

/** The text of a span without comments, each run of white space outside of quotes one blank, without the closing `.` or `;`. */
function onOneLine(text: string, span: Span, comments: readonly Span[]): string {
  let out = ''
  let quote = ''
  let comment = 0
  for (let i = span.start; i < span.end; i++) {
    if (comments[comment]?.start === i) {
      i = comments[comment]!.end - 1
      comment++
      if (!out.endsWith(' ')) out += ' '
      continue
    }
    const c = text[i]!
    if (quote === '') {
      if (/\s/.test(c)) {
        if (!out.endsWith(' ')) out += ' '
        continue
      }
      quote = closing[c] ?? ''
    } else if (c === '\\') {
      out += c + (text[++i] ?? '')
      continue
    } else if (quote.includes(c)) quote = ''
    out += c
  }
  return out.trim().replace(/\s*[.;]$/, '')
}

/** What ends a text that a quote begins. Curly quotes read as straight ones. */
const closing: Readonly<Record<string, string>> = {
  '"': '"“”',
  '“': '"“”',
  '”': '"“”',
  "'": "'‘’",
  '‘': "'‘’",
  '’': "'‘’",
}

/** Lines of the comments that stand right above a place, no blank line and no code between. */
function commentLines(above: readonly CommentAst[], start: number, text: string): string[] {
  const lines: string[] = []
  let below = start
  for (let i = above.length - 1; i >= 0; i--) {
    const { span } = above[i]!
    const between = text.slice(span.end, below)
    if (between.trim() !== '' || between.split('\n').length > 2) break
    const lineStart = text.lastIndexOf('\n', span.start - 1) + 1
    const before = text.slice(lineStart, span.start).replace('\ufeff', '')
    if (before.trim() !== '') break
    lines.unshift(...withoutMarkers(above[i]!.text))
    below = span.start
  }
  return lines
}

function withoutMarkers(comment: string): string[] {
  const line = /^(?:\/\/+|#+)/.exec(comment)
  if (line) return [comment.slice(line[0].length).trim()]
  return comment
    .replace(/^\/\*+/, '')
    .replace(/\*+\/$/, '')
    .split('\n')
    .map(l => l.trim().replace(/^\*\s?/, ''))
    .filter((l, i, all) => l !== '' || (i > 0 && i < all.length - 1))
}
