import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Value } from '../../tables/index.ts'
import { isDigit, isDoubleQuote, isFancyDash, isSingleQuote, isSpace, namePart, nameStart } from './characters.ts'
import { readNumber } from './number.ts'
import { ALONE, CHARACTER_HELP, DOUBLE, FOREIGN, SIMPLE } from './signs.ts'
import { T, type TokenKind, Tokens } from './tokens.ts'

/**
 * Cut a text into tokens: one pass, linear, on any text. What cannot be a token is reported and becomes the token that was
 * probably meant, or a `bad` one that the parser skips in silence.
 */
export function lex(text: string, file: string): Tokens {
  return new Lexer(text, file).run()
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Congress's integers with a prefix. */
const RADIX = /0(?:x[0-9a-f]+|o[0-7]+|b[01]+)/iy
const EXPONENT = /e[+-]?[0-9]+/iy

class Lexer {
  readonly #text: string
  readonly #out: Tokens
  #i = 0
  #line = 1
  /** Indices of the opening brackets not yet closed. */
  #open: number[] = []

  constructor(text: string, file: string) {
    this.#text = text
    this.#out = new Tokens(text, file)
  }

  run(): Tokens {
    const text = this.#text
    if (text.charCodeAt(0) === 0xfeff) this.#i = 1
    this.#out.lineStarts.push(this.#i)
    while (this.#i < text.length) {
      const c = text.charCodeAt(this.#i)
      if (c === 10) this.#newLine()
      else if (isSpace(c)) this.#i++
      else if (ALONE.has(c)) {
        this.#i++
        this.#push(ALONE.get(c)!, this.#i - 1)
      } else if (nameStart(text, this.#i) > 0) this.#name()
      else if (c === 35) this.#lineComment()
      else if (c === 47 && text.charCodeAt(this.#i + 1) === 47) this.#lineComment()
      else if (c === 47 && text.charCodeAt(this.#i + 1) === 42) this.#blockComment()
      else if (isDigit(c)) this.#number()
      else if (isDoubleQuote(c)) this.#string(isDoubleQuote)
      else if (isSingleQuote(c)) this.#string(isSingleQuote)
      else this.#sign(c)
    }
    this.#end()
    return this.#out
  }

  #push(kind: TokenKind, start: number, value?: Value): void {
    const out = this.#out
    const index = out.kind.length
    out.kind.push(kind)
    out.start.push(start)
    out.end.push(this.#i)
    out.line.push(this.#line)
    out.match.push(-1)
    out.value.push(value)
    if (kind >= T.leftParen && kind <= T.turnstile) this.#bracket(kind, index)
  }

  /** Pair brackets, in a way that one missing bracket spoils no more than its own rule. */
  #bracket(kind: TokenKind, index: number): void {
    switch (kind) {
      case T.leftParen:
      case T.leftBracket:
      case T.leftBrace:
        this.#open.push(index)
        break
      case T.rightParen:
      case T.rightBracket:
      case T.rightBrace: {
        const open = this.#open.at(-1)
        if (open === undefined || this.#out.kind[open] !== kind - 1) break
        this.#open.pop()
        this.#out.match[open] = index
        break
      }
      case T.dot:
      case T.semicolon:
      case T.turnstile:
        this.#open.length = 0
        break
    }
  }

  #report(code: string, message: string, start: number, end: number, help?: string): void {
    const span = this.#out.spanAt(start, end, this.#line)
    const diagnostic: Diagnostic = { code, severity: 'error', message, span, ...(help === undefined ? {} : { help }) }
    this.#out.diagnostics.push(diagnostic)
  }

  #newLine(): void {
    this.#i++
    this.#line++
    this.#out.lineStarts.push(this.#i)
  }

  /** The offset of the line break that ends the present line, or of the end of the text. */
  #lineEnd(): number {
    const at = this.#text.indexOf('\n', this.#i)
    const end = at < 0 ? this.#text.length : at
    return this.#text.charCodeAt(end - 1) === 13 && end - 1 > this.#i ? end - 1 : end
  }

  #lineComment(): void {
    const start = this.#i
    this.#i = this.#lineEnd()
    this.#out.comments.push({
      text: this.#text.slice(start, this.#i),
      span: this.#out.spanAt(start, this.#i, this.#line),
    })
  }

  #blockComment(): void {
    const start = this.#i
    const close = this.#text.indexOf('*/', start + 2)
    const end = close < 0 ? this.#text.length : close + 2
    const span = this.#out.spanAt(start, end, this.#line)
    if (close < 0) {
      const help = 'end the comment with `*/`'
      this.#report('language/unterminated-comment', 'a comment begun with `/*` never ends', start, start + 2, help)
    }
    this.#out.comments.push({ text: this.#text.slice(start, end), span })
    for (let at = this.#text.indexOf('\n', start); at >= 0 && at < end; at = this.#text.indexOf('\n', at + 1)) {
      this.#i = at
      this.#newLine()
    }
    this.#i = end
  }

  #number(): void {
    const text = this.#text
    const start = this.#i
    if (text.charCodeAt(start) === 48 && this.#matches(RADIX)) this.#i = RADIX.lastIndex
    else {
      this.#digits()
      if (text.charCodeAt(this.#i) === 46 && isDigit(text.charCodeAt(this.#i + 1))) {
        this.#i++
        this.#digits()
      }
      if (nameStart(text, this.#i) > 0 && this.#matches(EXPONENT)) this.#i = EXPONENT.lastIndex
    }
    if (namePart(text, this.#i) > 0) this.#numberWithLetters(start)
    else this.#finishNumber(start, text.slice(start, this.#i))
  }

  /** Whether a sticky pattern matches here; its `lastIndex` is then behind the match. */
  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#i
    return pattern.test(this.#text)
  }

  #digits(): void {
    while (isDigit(this.#text.charCodeAt(this.#i))) this.#i++
  }

  #numberWithLetters(start: number): void {
    for (let n = namePart(this.#text, this.#i); n > 0; n = namePart(this.#text, this.#i)) this.#i += n
    const word = this.#text.slice(start, this.#i)
    const help = `put text into quotes, \`"${word}"\`; a name begins with a letter or \`_\``
    this.#report('language/bad-number', `\`${shorten(word)}\` is neither a number nor a name`, start, this.#i, help)
    this.#push(T.number, start, 0)
  }

  #finishNumber(start: number, word: string): void {
    if (/^0[0-9]/.test(word) && !/^0+$/.test(word)) {
      const help = `write \`${word.replace(/^0+(?=[0-9])/, '')}\`, or \`"${word}"\` for a text`
      this.#report('language/bad-number', `the number \`${shorten(word)}\` begins with a zero`, start, this.#i, help)
    }
    const value = readNumber(word)
    if (value === undefined) {
      const message = `the number \`${shorten(word)}\` is too large: numbers are exact up to 2^53 only`
      this.#report('language/number-too-large', message, start, this.#i, 'put an identifier into quotes')
    }
    this.#push(T.number, start, value ?? 0)
  }

  #name(): void {
    const text = this.#text
    const start = this.#i
    this.#nameParts()
    // `module:table` is one name when nothing stands between; `:-` and `:=` are not part of it.
    while (text.charCodeAt(this.#i) === 58 && nameStart(text, this.#i + 1) > 0) {
      this.#i++
      this.#nameParts()
    }
    const word = text.slice(start, this.#i)
    if (word === '_') this.#push(T.wildcard, start)
    else if (word === 'not' || word === 'NOT') this.#push(T.not, start)
    else if (CONSTANTS.has(word)) this.#push(T.constant, start, CONSTANTS.get(word)!)
    else this.#push(T.name, start)
  }

  /** Letters, digits, `_`, and `.` where more of the name follows it. */
  #nameParts(): void {
    const text = this.#text
    for (;;) {
      const n = namePart(text, this.#i)
      if (n > 0) this.#i += n
      else if (text.charCodeAt(this.#i) === 46 && namePart(text, this.#i + 1) > 0) this.#i++
      else return
    }
  }

  #string(isQuote: (c: number) => boolean): void {
    const text = this.#text
    const start = this.#i++
    let value = ''
    let from = this.#i
    for (;;) {
      const c = text.charCodeAt(this.#i)
      if (this.#i >= text.length || c === 10) {
        this.#i = from
        this.#unterminatedString(start)
        return
      }
      if (isQuote(c)) break
      if (c === 92) {
        value += text.slice(from, this.#i) + this.#escape()
        from = this.#i
      } else this.#i++
    }
    value += text.slice(from, this.#i)
    this.#i++
    this.#push(T.string, start, value)
  }

  #unterminatedString(start: number): void {
    this.#i = this.#lineEnd()
    const help = 'close it with the same quote; a line break inside a text is written `\\n`'
    this.#report('language/unterminated-string', 'the text in quotes does not end on its line', start, this.#i, help)
    this.#push(T.bad, start)
  }

  /** At a backslash: what it stands for. A bad escape is reported and stands for itself. */
  #escape(): string {
    const text = this.#text
    const start = this.#i
    const c = text.charCodeAt(start + 1)
    if (c === 117) {
      const hex = text.slice(start + 2, start + 6)
      if (/^[0-9a-fA-F]{4}$/.test(hex)) {
        this.#i += 6
        return String.fromCharCode(Number.parseInt(hex, 16))
      }
    }
    const letter = isDoubleQuote(c) ? '"' : isSingleQuote(c) ? "'" : (text[start + 1] ?? '')
    const meaning = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (meaning !== undefined) {
      this.#i += 2
      return meaning
    }
    this.#i += 1
    const end = c === 10 || c === 13 || Number.isNaN(c) ? start + 1 : start + 2
    const help = 'write `\\\\` for a backslash; `\\n`, `\\t`, `\\"`, `\\uXXXX` and the other escapes of JSON are known'
    this.#report('language/bad-escape', `\`${text.slice(start, end)}\` is not an escape`, start, end, help)
    return '\\'
  }

  #sign(c: number): void {
    const text = this.#text
    const start = this.#i
    const two = text.slice(start, start + 2)
    if (c === 46 && isDigit(text.charCodeAt(start + 1)) && !this.#followsValue(start)) this.#dotNumber()
    else if (c === 58 && isFancyDash(text.charCodeAt(start + 1))) this.#foreign(two, T.turnstile, ':-')
    else if (isFancyDash(c)) this.#foreign(text[start]!, T.minus, '-')
    else this.#operator(two)
  }

  #operator(two: string): void {
    const start = this.#i
    for (const spelling of [two, two[0]!]) {
      const known = spelling.length === 2 ? DOUBLE : SIMPLE
      if (Object.hasOwn(FOREIGN, spelling)) {
        this.#foreign(spelling, ...FOREIGN[spelling]!)
        return
      }
      if (Object.hasOwn(known, spelling)) {
        this.#i += spelling.length
        this.#push(known[spelling]!, start)
        return
      }
    }
    this.#unknownCharacters()
  }

  #foreign(spelling: string, kind: TokenKind, instead: string): void {
    const start = this.#i
    this.#i += spelling.length
    const message = `\`${spelling}\` is not part of the language`
    this.#report('language/foreign-operator', message, start, this.#i, `write \`${instead}\``)
    this.#push(kind, start)
  }

  /** Right behind a name, a constant or a closing bracket a `.` ends the rule; elsewhere `.5` is meant as a number. */
  #followsValue(start: number): boolean {
    const kind = this.#out.kind.at(-1)
    if (kind === undefined || this.#out.end.at(-1) !== start) return false
    const isClosing = kind === T.rightParen || kind === T.rightBracket || kind === T.rightBrace
    return isClosing || (kind >= T.name && kind <= T.wildcard)
  }

  #dotNumber(): void {
    const start = this.#i++
    this.#digits()
    const word = this.#text.slice(start, this.#i)
    const message = `the number \`${shorten(word)}\` has no digit before its point`
    this.#report('language/bad-number', message, start, this.#i, `write \`0${shorten(word)}\``)
    this.#push(T.number, start, Number(`0${word}`))
  }

  /** One report for a run of one and the same character, so that binary data does not flood the screen. */
  #unknownCharacters(): void {
    const text = this.#text
    const start = this.#i
    const character = String.fromCodePoint(text.codePointAt(start)!)
    while (text.startsWith(character, this.#i)) this.#i += character.length
    const help = CHARACTER_HELP[text.slice(start, this.#i)]
    const message = `the character ${nameCharacter(character)} is not part of the language`
    this.#report('language/unknown-character', message, start, this.#i, help)
    this.#push(T.bad, start)
  }

  /** The `end` token sits right behind the last one, where a reader looks for what is missing. */
  #end(): void {
    const out = this.#out
    this.#i = out.end.at(-1) ?? this.#i
    this.#line = out.line.at(-1) ?? this.#line
    this.#push(T.end, this.#i)
  }
}

/** A printable character in backticks, any other by its code point. */
function nameCharacter(character: string): string {
  if (/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)) return `\`${character}\``
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

/** A user's word, cut to a length that a message can carry. */
export function shorten(word: string): string {
  return word.length <= 40 ? word : `${word.slice(0, 37)}…`
}
