/** Character classes of the language, by UTF-16 code unit. */

export const isDigit = (c: number): boolean => c >= 48 && c <= 57

const isAsciiLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90)

const LETTER = /^\p{L}$/u
const NAME_PART = /^[\p{L}\p{M}\p{N}]$/u
const SPACE = /^[\s\u200b\u2060\ufeff]$/u

/** How many code units of `text` at `i` are one character that may begin a name; 0 for none. */
export function nameStart(text: string, i: number): number {
  const c = text.charCodeAt(i)
  if (isAsciiLetter(c) || c === 95) return 1
  return c < 128 || Number.isNaN(c) ? 0 : unicodeMatch(text, i, LETTER)
}

/** The same for a character inside a name. */
export function namePart(text: string, i: number): number {
  const c = text.charCodeAt(i)
  if (isAsciiLetter(c) || c === 95 || isDigit(c)) return 1
  return c < 128 || Number.isNaN(c) ? 0 : unicodeMatch(text, i, NAME_PART)
}

function unicodeMatch(text: string, i: number, pattern: RegExp): number {
  const character = String.fromCodePoint(text.codePointAt(i)!)
  return pattern.test(character) ? character.length : 0
}

/** White space other than a line break, pasted no-break and zero-width spaces included. */
export function isSpace(c: number): boolean {
  if (c < 128) return c === 32 || c === 9 || c === 13 || c === 11 || c === 12
  return SPACE.test(String.fromCharCode(c))
}

/** `"` or a curly form of it. */
export const isDoubleQuote = (c: number): boolean => c === 34 || (c >= 0x201c && c <= 0x201f)

/** `'` or a curly form of it. */
export const isSingleQuote = (c: number): boolean => c === 39 || (c >= 0x2018 && c <= 0x201b)

/** Typographic dashes and the minus sign, which word processors put in place of `-`. */
export const isFancyDash = (c: number): boolean => (c >= 0x2010 && c <= 0x2015) || c === 0x2212
