import pc from 'picocolors'
import type { Diagnostic, Severity, Span } from './diagnostic.ts'

/** Source texts by the file name that spans carry; a file that is not here is shown by place alone. */
export type SourceTexts = ReadonlyMap<string, string>

export interface RenderOptions {
  /** ANSI colours; default false, so that piped output stays plain. */
  readonly color?: boolean
}

type Colors = ReturnType<typeof pc.createColors>

/** Longest source excerpt shown of one line, in characters; a longer line is cut around the caret. */
const EXCERPT = 160

/** The mark that some editors put before a file's first character; it takes no column. */
const BOM = '\ufeff'

/** One diagnostic as text: severity and code, file:line:column, the source line, carets, help and notes. */
export function renderDiagnostic(d: Diagnostic, sources: SourceTexts, options: RenderOptions = {}): string {
  const c = pc.createColors(options.color ?? false)
  const paint = { error: c.red, warning: c.yellow, info: c.cyan } satisfies Record<Severity, unknown>
  const lines = [
    `${paint[d.severity](c.bold(d.severity))}${c.bold(`: ${printable(d.message)}`)} ${c.dim(`[${d.code}]`)}`,
  ]
  if (d.span) lines.push(...excerpt(d.span, sources, c, paint[d.severity]))
  for (const note of d.notes ?? []) {
    lines.push(`  ${c.blue('note')}: ${printable(note.message)}`)
    if (note.span) lines.push(...excerpt(note.span, sources, c, c.blue))
  }
  if (d.help) lines.push(`  ${c.green('help')}: ${printable(d.help)}`)
  return lines.join('\n')
}

/** Several diagnostics in order of place, one blank line between them. */
export function renderDiagnostics(
  ds: readonly Diagnostic[],
  sources: SourceTexts,
  options: RenderOptions = {},
): string {
  return [...ds]
    .sort((a, b) => comparePlaces(a.span, b.span))
    .map(d => renderDiagnostic(d, sources, options))
    .join('\n\n')
}

function comparePlaces(a: Span | undefined, b: Span | undefined): number {
  if (!a || !b) return (a ? 1 : 0) - (b ? 1 : 0)
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.start - b.start
}

function excerpt(span: Span, sources: SourceTexts, c: Colors, paint: (s: string) => string): string[] {
  const place = `  ${c.dim('-->')} ${span.file}:${span.line}:${span.column}`
  const text = sources.get(span.file)
  if (text === undefined) return [place]
  let from = span.start === 0 ? 0 : text.lastIndexOf('\n', span.start - 1) + 1
  if (from === 0 && text.startsWith(BOM)) from = Math.min(1, span.start)
  let to = text.indexOf('\n', span.start)
  if (to < 0) to = text.length
  let line = printable(text.slice(from, to).replace(/\r$/, ''))
  let at = span.start - from
  if (line.length > EXCERPT) {
    const cut = Math.max(0, Math.min(at - EXCERPT / 4, line.length - EXCERPT))
    line = line.slice(cut, cut + EXCERPT)
    at -= cut
  }
  const width = Math.max(1, Math.min(span.end, to) - span.start)
  const number = String(span.line)
  const margin = ' '.repeat(number.length)
  const pad = line.slice(0, at).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(width, line.length - at || 1)))
  return [
    place,
    `${margin} ${c.dim('|')}`,
    `${c.dim(`${number} |`)} ${line}`,
    `${margin} ${c.dim('|')} ${pad}${paint(carets)}`,
  ]
}

/** A source line that is safe on a terminal: control characters, of which escape sequences are made, show as `�`. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return line.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\ufffd')
}
