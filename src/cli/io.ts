import type { Readable } from 'node:stream'

/** Where a command's text goes: a stream, or a buffer in tests. */
export interface Sink {
  write(text: string): void
  /** A terminal: tables get borders, progress is drawn in place. */
  readonly isTerminal: boolean
  /** Width in characters; 100 where it is not known. */
  readonly columns: number
}

/** The outside world as a command sees it. */
export interface Io {
  readonly out: Sink
  readonly err: Sink
  /** What a session reads; none where there is nobody to type. */
  readonly in?: Readable
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The exit codes, the same for every command. */
export const exitCodes = {
  fine: 0,
  findings: 1,
  badInput: 2,
  fault: 3,
  /** A limit was reached: what is there is right, but not all there is. */
  incomplete: 4,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What went wrong when writing an answer, for example a full disk behind `> file`. */
export class OutputError extends Error {
  override readonly cause: NodeJS.ErrnoException

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message)
    this.name = 'OutputError'
    this.cause = cause
  }
}

/** The process's own streams. */
export function processIo(): Io {
  return {
    out: streamSink(process.stdout),
    err: streamSink(process.stderr),
    // Opened when it is asked for: an open standard input keeps the process waiting.
    get in() {
      return process.stdin
    },
    env: process.env,
  }
}

function streamSink(stream: NodeJS.WriteStream): Sink {
  return {
    write: text => void stream.write(text),
    get isTerminal() {
      return stream.isTTY === true
    },
    get columns() {
      return stream.columns ?? 100
    },
  }
}

/** Colours by the usual rules: NO_COLOR wins, then FORCE_COLOR, then whether it is a terminal. */
export function wantsColor(sink: Sink, env: Io['env']): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true
  return sink.isTerminal && env['TERM'] !== 'dumb'
}
