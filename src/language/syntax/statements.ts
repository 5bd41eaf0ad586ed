import type { Diagnostic, Note } from '../../diagnostic/index.ts'
import type { HeadAst, LiteralAst, PolicyAst, StatementAst } from '../ast.ts'
import { Abandoned, isArithmetic, isComparison } from './cursor.ts'
import { LiteralParser } from './literals.ts'
import { T, type TokenKind } from './tokens.ts'

/** A line that begins behind one of these goes on with the rule before it. */
const CONNECTING = new Set<TokenKind>([
  T.comma,
  T.turnstile,
  T.arrow,
  T.not,
  T.colon,
  T.leftParen,
  T.leftBracket,
  T.leftBrace,
])

/** Such a fact is no fact: it was probably meant as a literal. */
const hasVariable = (head: HeadAst): boolean => head.atom.args.some(a => a.kind === 'variable')

const NEW_RULE = 'a new rule begins here, since no `,` stands before it'

/** Whole policies and queries: statements one after the other, each recovered on its own. */
export class Parser extends LiteralParser {
  /** Where a rule ended for want of a comma alone; shown when the next statement makes no sense. */
  #runsOn: Note | undefined

  policy(): Pick<PolicyAst, 'declaration' | 'statements'> & { diagnostics: Diagnostic[] } {
    const declaration = this.#declaration()
    const statements: StatementAst[] = []
    for (;;) {
      while (this.peek() === T.dot || this.peek() === T.semicolon) this.advance()
      if (this.peek() === T.end) break
      const from = this.at
      try {
        statements.push(this.#statement())
      } catch (error) {
        if (!(error instanceof Abandoned)) throw error
        this.#runsOn = undefined
        this.#recover(from)
      }
    }
    return { ...(declaration ? { declaration } : {}), statements, diagnostics: this.diagnostics }
  }

  query(): { literals: LiteralAst[]; diagnostics: Diagnostic[] } {
    let literals: LiteralAst[] = []
    try {
      if (this.peek() === T.end) this.expected('a query', 'write literals, for example `error(x)`')
      const read = this.body()
      if (this.peek() === T.dot || this.peek() === T.semicolon) this.advance()
      if (this.peek() === T.turnstile) this.expected('the end of the query', 'a query has literals only, no head')
      if (this.peek() !== T.end) this.expected('`,` or the end of the query')
      literals = read
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error
    }
    return { literals, diagnostics: this.diagnostics }
  }

  #declaration(): PolicyAst['declaration'] {
    if (!this.#declarationAhead()) return undefined
    const from = this.at
    this.advance()
    const name = this.tokens.slice(this.at)
    this.advance()
    const span = this.spanFrom(from)
    if (name.includes(':')) {
      const message = `\`${name}\` cannot name a policy`
      this.report('language/reserved-word', message, span, { help: 'leave out the `:`, which stands before a table' })
    }
    if (this.peek() === T.minus && this.adjacent(this.at - 1, this.at)) {
      const help = `write \`${name}_…\`: \`-\` is minus`
      this.report('language/reserved-word', 'a name cannot have a `-`', this.tokens.span(this.at), { help })
      while (this.sameLine(from, this.at) && this.peek() !== T.end) this.advance()
    }
    return { name, span }
  }

  /** `policy NAME` on one line, and not a fact `policy` with another fact behind it. */
  #declarationAhead(): boolean {
    const i = this.at
    if (this.peek() !== T.name || this.kindAt(i + 1) !== T.name || this.tokens.slice(i) !== 'policy') return false
    const after = this.kindAt(i + 2)
    return this.sameLine(i, i + 1) && after !== T.leftParen && after !== T.leftBracket && after !== T.turnstile
  }

  #statement(): StatementAst {
    if (this.#declarationAhead()) {
      const help = 'move it to the top of the file; a file is one policy'
      const span = this.tokens.spanBetween(this.at, this.at + 1)
      this.report('language/misplaced-policy-name', '`policy NAME` must open the file', span, { help })
      this.at += 2
      this.abandon()
    }
    const from = this.at
    const runsOn = this.#runsOn
    this.#runsOn = undefined
    const heads = [this.#head(runsOn)]
    while (this.peek() === T.comma) {
      const comma = this.tokens.span(this.at)
      this.advance()
      if (
        this.peek() === T.end ||
        this.peek() === T.dot ||
        this.peek() === T.semicolon ||
        this.peek() === T.turnstile
      ) {
        this.report('language/trailing-comma', 'nothing follows the last `,`', comma, { help: 'remove it' })
        break
      }
      heads.push(this.#head(runsOn))
    }
    const body = this.#arrow(runsOn) ? this.body() : undefined
    const span = this.spanFrom(from)
    if (this.peek() === T.dot || this.peek() === T.semicolon) this.advance()
    else if (body) this.#runsOn = { message: NEW_RULE, span: this.tokens.span(this.at) }
    else if (heads.some(hasVariable)) this.#runsOn = runsOn
    return { kind: 'statement', heads, ...(body ? { body } : {}), span }
  }

  #head(runsOn: Note | undefined): HeadAst {
    this.resetLimits()
    if (this.peek() === T.not) {
      const help = 'state what holds; a body may ask with `not` for what does not'
      this.report('language/negated-head', 'a head cannot be negated', this.tokens.span(this.at), {
        help,
        ...(runsOn ? { notes: [runsOn] } : {}),
      })
      this.advance()
    }
    const startsHead = this.peek() === T.name || this.peek() === T.constant || this.peek() === T.wildcard
    if (!startsHead) this.expected('a rule or a fact', this.#hintForStart())
    return this.modalAtom()
  }

  #hintForStart(): string | undefined {
    const next = this.kindAt(this.at + 1)
    if (this.peek() === T.percent || (this.peek() === T.minus && next === T.minus))
      return 'a comment begins with `//` or `#`, or stands between `/*` and `*/`'
    if (this.peek() === T.colon)
      return 'a value before `:` that begins with a sign stands in parentheses, `sum (-x) : { … }`'
    if (this.peek() === T.turnstile) return 'a rule begins with its head, `head :- body`'
    return undefined
  }

  /** Step over `:-`, or over what was written in its place; false when a fact ends here. */
  #arrow(runsOn: Note | undefined): boolean {
    const i = this.at
    const written = this.tokens.slice(i)
    const next = this.kindAt(i + 1)
    let length = 0
    if (this.peek() === T.turnstile) {
      this.advance()
      return true
    }
    if (this.peek() === T.arrow || this.peek() === T.lessEqual) length = 1
    else if (this.peek() === T.less && next === T.minus) length = 2
    else if (this.peek() === T.colon && next === T.minus) length = 2
    else if (this.peek() === T.name && written === 'if' && next === T.name && this.sameLine(i, i + 1)) length = 1
    if (length === 0) {
      const isSign = isArithmetic(this.peek()) && this.sameLine(i - 1, i)
      if (isComparison(this.peek()) || isSign) this.#comparisonAsHead(runsOn)
      return false
    }
    const turned = written === '=>' || written === '->'
    const help = turned ? 'write the head first, `head :- body`' : 'write `:-` between head and body'
    const message = `\`${this.source(i, i + length - 1)}\` cannot stand between head and body`
    this.report('language/wrong-arrow', message, this.tokens.spanBetween(i, i + length - 1), { help })
    this.at += length
    return true
  }

  #comparisonAsHead(runsOn: Note | undefined): never {
    const help = 'a rule is `head :- body`, with comparisons in the body'
    this.report('language/comparison-head', 'a comparison cannot be a head or a fact', this.tokens.span(this.at), {
      help,
      ...(runsOn ? { notes: [runsOn] } : {}),
    })
    this.abandon()
  }

  /**
   * Go to where the next statement probably begins: behind a `.` or `;`, at an atom with `:-` behind it, or at a name that opens
   * a line which does not continue the one before. At least one token of the failed statement is left behind.
   */
  #recover(from: number): void {
    if (this.at <= from) this.at = from + 1
    for (; this.kindAt(this.at) !== T.end; this.at++) {
      if (this.peek() === T.dot || this.peek() === T.semicolon) return
      if (this.peek() !== T.name) continue
      const before = this.kindAt(this.at - 1)
      const continues = CONNECTING.has(before) || isComparison(before) || isArithmetic(before)
      if (this.headAhead(this.at) || (!continues && !this.sameLine(this.at - 1, this.at))) return
    }
    this.at = this.tokens.kind.length - 1
  }
}
