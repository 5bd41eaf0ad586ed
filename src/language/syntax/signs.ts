import { T, type TokenKind } from './tokens.ts'

/** Signs of one character. */
export const SIMPLE: Readonly<Record<string, TokenKind>> = {
  '(': T.leftParen,
  ')': T.rightParen,
  '[': T.leftBracket,
  ']': T.rightBracket,
  '{': T.leftBrace,
  '}': T.rightBrace,
  ',': T.comma,
  '.': T.dot,
  ';': T.semicolon,
  ':': T.colon,
  '<': T.less,
  '>': T.greater,
  '=': T.equal,
  '!': T.not,
  '+': T.plus,
  '-': T.minus,
  '*': T.star,
  '/': T.slash,
  '%': T.percent,
}

/** Signs of two, tried first. */
export const DOUBLE: Readonly<Record<string, TokenKind>> = {
  ':-': T.turnstile,
  '<=': T.lessEqual,
  '>=': T.greaterEqual,
  '==': T.equal,
  '!=': T.notEqual,
  ':=': T.arrow,
  '=>': T.arrow,
  '->': T.arrow,
}

/** Spellings of other languages: read as the token meant, and reported. */
export const FOREIGN: Readonly<Record<string, readonly [kind: TokenKind, instead: string]>> = {
  '&&': [T.comma, ','],
  '&': [T.comma, ','],
  '∧': [T.comma, ','],
  '=<': [T.lessEqual, '<='],
  '<>': [T.notEqual, '!='],
  '≤': [T.lessEqual, '<='],
  '≥': [T.greaterEqual, '>='],
  '≠': [T.notEqual, '!='],
  '×': [T.star, '*'],
  '÷': [T.slash, '/'],
  '\\+': [T.not, 'not'],
  '¬': [T.not, 'not'],
  '~': [T.not, 'not'],
  '←': [T.turnstile, ':-'],
}

/** What to say of characters that belong to no sign. */
export const CHARACTER_HELP: Readonly<Record<string, string>> = {
  '|': 'for "or", write a second rule with the same head',
  '||': 'for "or", write a second rule with the same head',
  '^': 'for a power, write `pow(x, y)`',
  '?': 'end a query with nothing, and write a variable as a plain name',
  $: 'a variable is a plain name without a sign before it',
  '@': 'a name has letters, digits, `_` and `.`; put text into quotes',
}

/** Token kinds of the characters that stand alone whatever follows them, by code. */
export const ALONE = new Map([...'()[]{},;'].map(c => [c.charCodeAt(0), SIMPLE[c]!]))
