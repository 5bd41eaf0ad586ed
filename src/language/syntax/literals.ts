import { nearestName } from '../../diagnostic/index.ts'
import type { AtomAst, ComparisonAst, ComparisonOperator, HeadAst, LiteralAst, Modal, NameAst } from '../ast.ts'
import { isArithmetic, isComparison } from './cursor.ts'
import { ExpressionParser, startsValue } from './expressions.ts'
import { T, type TokenKind } from './tokens.ts'

const MODALS: readonly Modal[] = ['insert', 'delete', 'execute', 'predict']

const COMPARISONS = new Map<TokenKind, ComparisonOperator>([
  [T.less, '<'],
  [T.lessEqual, '<='],
  [T.greater, '>'],
  [T.greaterEqual, '>='],
  [T.equal, '='],
  [T.notEqual, '!='],
])

const OPPOSITE: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '=': '!=',
  '!=': '=',
}

/** What people write between literals who think in other languages. */
const CONNECTIVES = new Map([
  ['and', 'write `,` between literals'],
  ['or', 'write a second rule with the same head'],
])

type Shape = 'atom' | 'expression'

/** Atoms, literals and bodies. */
export abstract class LiteralParser extends ExpressionParser {
  /** An atom, with a modal around it where there is one: `p(x)`, `insert[p(x)]`, and Congress's `p+(x)`, `p-(x)`. */
  protected modalAtom(): HeadAst {
    const from = this.at
    if (this.peek() === T.name && this.kindAt(from + 1) === T.leftBracket) return this.#bracketed()
    const signed = this.signAhead(from)
    const atom = this.#atom(signed !== undefined)
    return { ...(signed ? { modal: signed } : {}), atom, span: this.spanFrom(from) }
  }

  #bracketed(): HeadAst {
    const from = this.at
    const word = this.tokens.slice(from)
    const modal = MODALS.find(m => m === word)
    if (!modal) {
      const near = nearestName(word, MODALS)
      const known = MODALS.map(m => `\`${m}[…]\``).join(', ')
      const help = near ? `did you mean \`${near}\`?` : `known are ${known}; arguments stand in \`(…)\``
      this.report('language/unknown-modal', `\`${word}[…]\` is not known`, this.tokens.span(from), { help })
    }
    this.advance()
    const open = this.at
    this.advance()
    const atom = this.#atom(false)
    this.closeBracket(open)
    return { ...(modal ? { modal } : {}), atom, span: this.spanFrom(from) }
  }

  /** `p+(` and `p-(`, the sign right behind the name: Congress's older way to say insert and delete. */
  protected signAhead(i: number): Modal | undefined {
    const sign = this.kindAt(i + 1)
    if ((sign !== T.plus && sign !== T.minus) || this.kindAt(i + 2) !== T.leftParen) return undefined
    return this.adjacent(i, i + 1) ? (sign === T.plus ? 'insert' : 'delete') : undefined
  }

  #atom(signed: boolean): AtomAst {
    const from = this.at
    const name = this.#tableName()
    if (signed) this.advance()
    const bare = this.peek() !== T.leftParen
    const { args, named } = bare ? { args: [], named: [] } : this.argumentList()
    return { kind: 'atom', name, bare, args, named, span: this.spanFrom(from) }
  }

  #tableName(): NameAst {
    const from = this.at
    if (this.peek() === T.constant || this.peek() === T.wildcard || this.peek() === T.not) this.#reservedWord(false)
    if (this.peek() !== T.name) this.expected('the name of a table')
    let word = this.tokens.slice(from)
    this.advance()
    if (this.peek() === T.colon && this.kindAt(this.at + 1) === T.name) {
      this.advance()
      word += `:${this.tokens.slice(this.at)}`
      this.advance()
    }
    const colon = word.indexOf(':')
    const span = this.spanFrom(from)
    return colon < 0 ? { name: word, span } : { module: word.slice(0, colon), name: word.slice(colon + 1), span }
  }

  #reservedWord(inBody: boolean): never {
    const word = this.tokens.slice(this.at)
    const isLiteral = this.peek() === T.constant && inBody
    const message = isLiteral ? `\`${word}\` is a value, not a literal` : `\`${word}\` cannot name a table`
    const help = isLiteral ? 'leave it out: a rule that always holds is its head alone' : 'choose another name'
    this.report('language/reserved-word', message, this.tokens.span(this.at), { help })
    this.abandon()
  }

  /** Whether what begins at the name `i` is an atom or a side of a comparison, told by the token behind it. */
  #shape(i: number): Shape {
    const next = this.kindAt(i + 1)
    if (next === T.leftParen) return this.#shapeByFollower(this.kindAfterBracket(i + 1))
    if (next === T.leftBracket) return 'atom'
    if (next === T.colon && this.kindAt(i + 2) === T.name) return 'atom'
    if (this.signAhead(i)) return this.#shapeByFollower(this.kindAfterBracket(i + 2))
    if (this.aggregateAhead(i)) return 'expression'
    return this.#shapeByFollower(next)
  }

  #shapeByFollower(kind: TokenKind): Shape {
    const inExpression = isComparison(kind) || isArithmetic(kind) || kind === T.arrow || kind === T.colon
    return inExpression ? 'expression' : 'atom'
  }

  protected literal(): LiteralAst {
    const from = this.at
    if (this.peek() === T.not) return this.#negated()
    if (this.peek() === T.name && this.#shape(from) === 'atom') return this.#atomLiteral(from, false)
    if (!startsValue(this.peek())) this.expected('a literal')
    return this.#comparison()
  }

  #atomLiteral(from: number, negated: boolean): LiteralAst {
    const { modal, atom } = this.modalAtom()
    // `p+` and `p-` are tables that rules give; what `execute` and `predict` head is no state to be read.
    if (modal === 'execute' || modal === 'predict') {
      const help = 'read the table itself, or give the rules of the modal a table of their own and read that'
      this.report('language/modal-literal', `\`${modal}[…]\` stands in heads only`, this.spanFrom(from), { help })
    }
    return { kind: 'atom-literal', negated, ...(modal ? { modal } : {}), atom, span: this.spanFrom(from) }
  }

  #negated(): LiteralAst {
    const from = this.at
    this.advance()
    while (this.peek() === T.not) {
      const help = 'remove both; what is not absent is present'
      this.report('language/double-negation', 'a negation is negated', this.tokens.span(this.at), { help })
      this.advance()
    }
    if (this.peek() === T.leftParen && this.#shapeByFollower(this.kindAfterBracket(this.at)) === 'atom') {
      const help = 'define a table with these literals as its body, and negate that table'
      const span = this.tokens.span(this.at)
      this.report('language/negated-group', 'only one atom can stand behind `not`', span, { help })
      this.abandon()
    }
    if (this.peek() === T.constant || this.peek() === T.wildcard) this.#reservedWord(true)
    if (this.peek() !== T.name || this.#shape(this.at) === 'atom') return this.#atomLiteral(from, true)
    const comparison = this.#comparison()
    const turned: ComparisonAst = { ...comparison, operator: OPPOSITE[comparison.operator], span: this.spanFrom(from) }
    const { text } = this.tokens
    const side = (s: { start: number; end: number }) => text.slice(s.start, s.end).replace(/\s+/g, ' ')
    const instead = `${side(comparison.left.span)} ${turned.operator} ${side(comparison.right.span)}`
    const help = instead.length <= 80 ? `write \`${instead}\`` : `use \`${turned.operator}\` instead`
    this.report('language/negated-comparison', 'a comparison cannot be negated', turned.span, { help })
    return turned
  }

  #comparison(): ComparisonAst {
    const from = this.at
    const left = this.expression()
    const operator = this.#comparisonOperator(from)
    const right = this.expression()
    const span = this.spanFrom(from)
    while (isComparison(this.peek())) {
      const help = `repeat what stands in the middle: \`${this.source(from, this.at - 1)}, … ${this.tokens.slice(this.at)} …\``
      this.report('language/chained-comparison', 'a comparison has two sides only', this.tokens.span(this.at), { help })
      this.advance()
      this.expression()
    }
    return { kind: 'comparison', operator, left, right, span }
  }

  #comparisonOperator(from: number): ComparisonOperator {
    let operator = COMPARISONS.get(this.peek())
    if (this.peek() === T.arrow) {
      const written = this.tokens.slice(this.at)
      operator = written === '=>' ? '>=' : '='
      const message = `\`${written}\` is not an operator inside a body`
      this.report('language/foreign-operator', message, this.tokens.span(this.at), { help: `write \`${operator}\`` })
    }
    if (!operator && this.at === from + 1 && this.kindAt(from) === T.constant) {
      this.at = from
      this.#reservedWord(true)
    }
    if (!operator) this.expected('a comparison (`<`, `<=`, `>`, `>=`, `=` or `!=`)')
    this.advance()
    return operator
  }

  protected bracedBody(): LiteralAst[] {
    const literals = [this.literal()]
    while (this.peek() === T.comma || this.#literalWithoutComma() || this.peek() === T.name) {
      if (!this.#separator()) break
      literals.push(this.literal())
    }
    return literals
  }

  /** The literals behind `:-` or of a query: up to a token that can't continue them. */
  protected body(): LiteralAst[] {
    const literals: LiteralAst[] = []
    do {
      this.resetLimits()
      literals.push(this.literal())
    } while ((this.peek() === T.comma || this.#literalWithoutComma()) && this.#separator())
    return literals
  }

  /** Step over what stands between two literals, and say whether a literal follows. */
  #separator(): boolean {
    if (this.peek() !== T.comma) {
      const help = this.peek() === T.name ? CONNECTIVES.get(this.tokens.slice(this.at).toLowerCase()) : undefined
      if (help && this.#connectiveAhead()) {
        const message = `\`${this.tokens.slice(this.at)}\` is not a word of the language`
        this.report('language/foreign-operator', message, this.tokens.span(this.at), { help })
        this.advance()
      } else this.missingComma('literal')
      return true
    }
    const comma = this.tokens.span(this.at)
    this.advance()
    const ends =
      this.peek() === T.end || this.peek() === T.dot || this.peek() === T.semicolon || this.peek() === T.rightBrace
    if (!ends && !this.headAhead(this.at)) return true
    const message = ends ? 'nothing follows the last `,`' : 'another rule follows the last `,`'
    this.report('language/trailing-comma', message, comma, { help: 'remove it, or add the missing literal' })
    return false
  }

  /** Behind a literal: another literal without the comma between, rather than the next rule. */
  #literalWithoutComma(): boolean {
    if (this.peek() === T.not || this.peek() === T.string || this.peek() === T.number) return true
    if (this.peek() !== T.name) return false
    if (this.#connectiveAhead()) return true
    const i = this.at
    const next = this.kindAt(i + 1)
    if (next === T.leftParen) {
      // `p(x) <- …` and `p(x) <= …` begin a rule.
      const after = this.kindAfterBracket(i + 1)
      return (isComparison(after) && after !== T.less && after !== T.lessEqual) || isArithmetic(after)
    }
    if (this.aggregateAhead(i)) return true
    // So does `p+(x) :- …`.
    if (this.signAhead(i) && this.#shapeByFollower(this.kindAfterBracket(i + 2)) === 'atom') return false
    return isComparison(next) || isArithmetic(next)
  }

  /** `and` or `or` with a literal behind it on its line; alone they are names like others. */
  #connectiveAhead(): boolean {
    const next = this.kindAt(this.at + 1)
    return (
      CONNECTIVES.has(this.tokens.slice(this.at).toLowerCase()) &&
      (next === T.name || next === T.not || next === T.number || next === T.string) &&
      this.sameLine(this.at, this.at + 1)
    )
  }

  /** Whether an atom and `:-` begin at token `i`. */
  protected headAhead(i: number): boolean {
    if (this.kindAt(i) !== T.name) return false
    let next = i + 1
    if (this.signAhead(i)) next++
    const kind = this.kindAt(next)
    if (kind === T.turnstile) return true
    return (kind === T.leftParen || kind === T.leftBracket) && this.kindAfterBracket(next) === T.turnstile
  }
}
