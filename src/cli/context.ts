import { readFileSync, statSync } from 'node:fs'
import pc from 'picocolors'
import { type Diagnostic, renderDiagnostics } from '../diagnostic/index.ts'
import { type ExitCode, exitCodes, type Io, type Sink, wantsColor } from './io.ts'
import { type Column, renderTable } from './table.ts'

/** Bytes of a data file up to which its lines are shown in messages. */
const LARGEST_EXCERPTED = 10_000_000

/** What every command gets: ways to speak, and the exit code it leaves. */
export class Context {
  readonly io: Io
  /** Paints for standard output. */
  readonly paint: ReturnType<typeof pc.createColors>
  readonly paintErr: ReturnType<typeof pc.createColors>
  /** The answer is one JSON document on standard output. */
  json = false
  /** Show the stack of an internal fault. */
  debug: boolean
  /** Texts of the files read so far, for the excerpts in messages. */
  readonly sources = new Map<string, string>()
  exit: ExitCode = exitCodes.fine

  constructor(io: Io) {
    this.io = io
    this.paint = pc.createColors(wantsColor(io.out, io.env))
    this.paintErr = pc.createColors(wantsColor(io.err, io.env))
    this.debug = Boolean(io.env['USHER_DEBUG'])
  }

  /** A line of the answer. */
  say(text = ''): void {
    this.io.out.write(`${text}\n`)
  }

  /** A line for the person at the terminal that is no part of the answer. */
  remark(text: string): void {
    this.io.err.write(`${text}\n`)
  }

  /** A heading of the answer. */
  heading(text: string): void {
    this.say(this.paint.bold(text))
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    this.io.out.write(renderTable(columns, rows, this.io.out))
  }

  /** The whole answer as JSON. */
  answer(value: unknown): void {
    this.say(JSON.stringify(value, null, 2))
  }

  /** Diagnostics on standard error; in JSON mode the command puts them into its answer instead. */
  warn(diagnostics: readonly Diagnostic[]): void {
    if (diagnostics.length === 0 || this.json) return
    this.remark(this.render(diagnostics, this.io.err))
    this.remark('')
  }

  /** Diagnostics as text for one of the streams, with excerpts of the files they speak of. */
  render(diagnostics: readonly Diagnostic[], sink: Sink): string {
    for (const { span, notes = [] } of diagnostics)
      for (const place of [span, ...notes.map(note => note.span)]) if (place) this.#readForExcerpt(place.file)
    return renderDiagnostics(diagnostics, this.sources, { color: wantsColor(sink, this.io.env) })
  }

  /** Policies are in `sources` since they were read; data files are read again, for the one line that is shown. */
  #readForExcerpt(file: string): void {
    if (this.sources.has(file)) return
    try {
      if (statSync(file).size <= LARGEST_EXCERPTED) this.sources.set(file, readFileSync(file, 'utf8'))
    } catch {
      // A place that is no file, or a file that went away: the place alone is shown.
    }
  }
}
