import pc from 'picocolors'
import { type Diagnostic, renderDiagnostics } from '../diagnostic/index.ts'
import { type ExitCode, exitCodes, type Io, wantsColor } from './io.ts'
import { type Column, renderTable } from './table.ts'

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
    this.remark(renderDiagnostics(diagnostics, this.sources, { color: wantsColor(this.io.err, this.io.env) }))
    this.remark('')
  }
}
