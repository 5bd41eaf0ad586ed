import type { Diagnostic, Span } from '../../diagnostic/index.ts'

/** Errors shown for one file before the rest is only counted: a wrong delimiter makes one for each row. */
const SHOWN_PER_FILE = 20

/** A file's text, and spans in it. `name` is the path as the user would write it. */
export class SourceText {
  readonly name: string
  readonly text: string
  #lineStarts: number[] | undefined

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
  }

  /** Offsets are UTF-16 code units; `end` is exclusive. */
  span(start: number, end: number = start): Span {
    this.#lineStarts ??= lineStarts(this.text)
    const line = lastAtMost(this.#lineStarts, start)
    return { file: this.name, start, end, line: line + 1, column: start - this.#lineStarts[line]! + 1 }
  }

  /** The first characters of the file, for what concerns all of it. */
  get opening(): Span {
    return { file: this.name, start: 0, end: 0, line: 1, column: 1 }
  }
}

/** Collects what is wrong with a folder, so that one reading reports everything. */
export class Findings {
  readonly #list: Diagnostic[] = []
  readonly #counts = new Map<string, number>()
  #errors = 0

  error(code: string, message: string, span: Span | undefined, more: Partial<Diagnostic> = {}): void {
    this.add({ code, severity: 'error', message, ...(span ? { span } : {}), ...more })
  }

  add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === 'error') this.#errors++
    const file = diagnostic.span?.file
    if (file !== undefined) {
      const count = (this.#counts.get(file) ?? 0) + 1
      this.#counts.set(file, count)
      if (count > SHOWN_PER_FILE) return
    }
    this.#list.push(diagnostic)
  }

  get errors(): number {
    return this.#errors
  }

  /** Everything found in order of place, with a remark for each file that had too many. */
  list(): Diagnostic[] {
    const cut: Diagnostic[] = [...this.#counts]
      .filter(([, count]) => count > SHOWN_PER_FILE)
      .map(([file, count]) => ({
        code: 'data/more-errors',
        severity: 'info',
        message: `\`${file}\` has ${count - SHOWN_PER_FILE} more findings that are not shown`,
      }))
    return [...this.#list.sort(byPlace), ...cut]
  }
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (!a.span || !b.span) return (a.span ? 0 : 1) - (b.span ? 0 : 1)
  if (a.span.file !== b.span.file) return a.span.file < b.span.file ? -1 : 1
  return a.span.start - b.span.start
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Index of the last element that is at most `value`; the first is 0, so there is one. */
function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (sorted[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}
