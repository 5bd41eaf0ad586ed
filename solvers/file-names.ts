/**
 * Names for LP and MPS files. Readers agree on few characters, so `[` and `]` become `(` and `)`, `-` becomes `~`, and anything else
 * becomes `#` and two hexadecimal digits for each byte of UTF-8: `x[vm1,server-a]` is written `x(vm1,server~a)`. A name that is a
 * keyword of the LP format or could be read as a number has its first character escaped. Too long a name is cut, and a cut or repeated
 * one ends in `#@` and its number; nothing else does.
 */
const PLAIN = /[A-Za-z0-9_.,]/
const SHORT = new Map([
  ['[', '('],
  [']', ')'],
  ['-', '~'],
])
const LONG = new Map([...SHORT].map(([from, to]) => [to, from]))
const NUMBER_LIKE = /^([0-9.]|[eE][0-9.~]|[eE]$)/
const KEYWORD = new RegExp(
  `^(${[
    'min(imi[sz]e|imum)?|max(imi[sz]e|imum)?|subject|such|st\\.?|s\\.t\\.|to|that|bounds?|free|inf(inity)?|nan',
    'gen(erals?)?|int(egers?)?|bin(ar(y|ies))?|semis?|sos[12]?|end|sections?|rows|columns|rhs|ranges|endata|name',
  ].join('|')})$`,
  'i',
)
/** The shortest limit among the readers that were tried is 100 characters. */
const LONGEST = 90

/** One name in the form of the files. */
export function escapeName(name: string): string {
  let escaped = ''
  for (const char of name) escaped += PLAIN.test(char) ? char : (SHORT.get(char) ?? hex(char))
  if (escaped === '') return '#'
  return NUMBER_LIKE.test(escaped) || KEYWORD.test(escaped) ? hex(escaped[0]!) + escaped.slice(1) : escaped
}

/** The name behind an escaped one; a cut name is given as far as it goes. */
export function unescapeName(escaped: string): string {
  const name = escaped.replace(/#@\d+$/, '').replace(/[()~]/g, char => LONG.get(char)!)
  return decodeURIComponent(name.replace(/%/g, '%25').replace(/^#$/, '').replace(/#/g, '%'))
}

/** Escaped names of `count` things, made unique. */
export function escapeNames(count: number, nameOf: (index: number) => string): string[] {
  const seen = new Set<string>()
  return Array.from({ length: count }, (_, index) => {
    let escaped = escapeName(nameOf(index))
    if (escaped.length > LONGEST) escaped = `${cut(nameOf(index))}#@${index}`
    if (seen.has(escaped)) escaped += `#@${index}`
    seen.add(escaped)
    return escaped
  })
}

/** As many whole characters of a name as there is room for when escaped. */
function cut(name: string): string {
  let kept = ''
  for (const char of name) {
    if (escapeName(kept + char).length > LONGEST) break
    kept += char
  }
  return escapeName(kept)
}

function hex(char: string): string {
  return [...Buffer.from(char)].map(byte => `#${byte.toString(16).padStart(2, '0')}`).join('')
}
