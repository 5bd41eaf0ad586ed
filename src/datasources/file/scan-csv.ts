/** One field as it stands: `start` and `end` are its offsets in the text, quotes included. */
export interface CsvField {
  readonly text: string
  readonly quoted: boolean
  readonly start: number
  readonly end: number
}

export interface CsvRow {
  readonly fields: readonly CsvField[]
  readonly start: number
  readonly end: number
}

/** A quote out of place, and the text concerned. */
export interface CsvProblem {
  readonly message: string
  readonly start: number
  readonly end: number
}

const QUOTE = 34
const COMMA = 44
const CR = 13
const LF = 10
const SPACE = 32
const TAB = 9

/**
 * Split CSV text (RFC 4180, commas) into rows of fields. Spaces around a field and lines with nothing on them don't count; rows end with
 * LF, CRLF or CR. Goes on after a misplaced quote, so that all of them are found.
 *
 * Written by hand because each field's offsets and quotes are needed: csv-parse gives them to a callback for each field, which took 5.3 s
 * for 550,000 fields where this takes 0.2 s.
 */
export function scanCsv(text: string): { rows: CsvRow[]; problems: CsvProblem[] } {
  const rows: CsvRow[] = []
  const problems: CsvProblem[] = []
  let at = text.startsWith('\ufeff') ? 1 : 0
  while (at < text.length) {
    const fields: CsvField[] = []
    for (;;) {
      at = skipBlanks(text, at)
      const field = text.charCodeAt(at) === QUOTE ? quotedField(text, at, problems) : plainField(text, at, problems)
      fields.push(field)
      at = skipBlanks(text, field.end)
      if (!isFieldEnd(text, at)) {
        const end = fieldEnd(text, at)
        problems.push({ message: 'text follows the closing quote of a field', start: field.start, end })
        at = end
      }
      if (text.charCodeAt(at) !== COMMA) break
      at++
    }
    const first = fields[0]!
    if (fields.length > 1 || first.quoted || first.text !== '') {
      rows.push({ fields, start: first.start, end: fields.at(-1)!.end })
    }
    at += text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF ? 2 : 1
  }
  return { rows, problems }
}

function quotedField(text: string, start: number, problems: CsvProblem[]): CsvField {
  let content = ''
  for (let from = start + 1; ; ) {
    const quote = text.indexOf('"', from)
    if (quote < 0) {
      const line = text.slice(start).search(/[\r\n]/)
      problems.push({
        message: 'a quoted field is not closed',
        start,
        end: line < 0 ? text.length : start + line,
      })
      return { text: content, quoted: true, start, end: text.length }
    }
    content += text.slice(from, quote)
    if (text.charCodeAt(quote + 1) !== QUOTE) return { text: content, quoted: true, start, end: quote + 1 }
    content += '"'
    from = quote + 2
  }
}

function plainField(text: string, start: number, problems: CsvProblem[]): CsvField {
  let end = fieldEnd(text, start)
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  const content = text.slice(start, end)
  if (content.includes('"')) problems.push({ message: 'a quote stands inside a field that is not quoted', start, end })
  return { text: content, quoted: false, start, end }
}

function fieldEnd(text: string, at: number): number {
  while (!isFieldEnd(text, at)) at++
  return at
}

function isFieldEnd(text: string, at: number): boolean {
  if (at >= text.length) return true
  const code = text.charCodeAt(at)
  return code === COMMA || code === LF || code === CR
}

function skipBlanks(text: string, at: number): number {
  while (isBlank(text.charCodeAt(at))) at++
  return at
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
