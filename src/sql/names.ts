import { createHash } from 'node:crypto'
import type { Value } from '../tables/index.ts'

/** PostgreSQL cuts names to this many bytes without an error, so that two could become one. */
const LONGEST_NAME = 63

/** What a PostgreSQL text can't hold: U+0000, and half a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu

/** A name that PostgreSQL keeps whole: itself, or its beginning with a hash of the rest. */
export function sqlName(name: string): string {
  const clean = name.replace(UNSTORABLE, '?')
  if (Buffer.byteLength(clean) <= LONGEST_NAME) return clean
  const hash = createHash('sha256').update(clean).digest('hex').slice(0, 10)
  let start = ''
  for (const c of clean) {
    if (Buffer.byteLength(start + c) > LONGEST_NAME - hash.length - 1) break
    start += c
  }
  return `${start}~${hash}`
}

/** A name between quotes, so that any character and any word may stand in it. */
export function quoted(name: string): string {
  return `"${sqlName(name).replaceAll('"', '""')}"`
}

/** Names of columns, each once: a repeated or empty one gets its position. */
export function columnNames(names: readonly (string | undefined)[]): string[] {
  const taken = new Set<string>()
  return names.map((name, i) => {
    let mine = sqlName(name || `c${i + 1}`)
    while (taken.has(mine)) mine = sqlName(`${mine} ${i + 1}`)
    taken.add(mine)
    return mine
  })
}

/** A text between quotes. Wants a text that PostgreSQL can hold (`holdsText`). */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** PostgreSQL stores neither U+0000 nor lone surrogates. */
export function holdsText(value: Value): boolean {
  return typeof value !== 'string' || value.search(UNSTORABLE) < 0
}

/** The jsonb of a value. */
export function jsonLiteral(value: Value): string {
  return `${textLiteral(JSON.stringify(value))}::jsonb`
}

/** A line of comment: nothing in it can end it. */
export function commentLine(text: string): string {
  return `-- ${text.replace(/[\r\n]+/g, ' ')}`
}
