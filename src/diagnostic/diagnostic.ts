/** How much a diagnostic matters: an `error` stops the pipeline at its next gate, a `warning` does not. */
export type Severity = 'error' | 'warning' | 'info'

/**
 * A piece of a source text: offsets are UTF-16 code units, `end` exclusive; `line` and `column` are 1-based and belong to
 * `start`. `file` is the name the user gave (a path, or `<query>`).
 */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
  readonly line: number
  readonly column: number
}

/** A second place that matters (first declaration, the rule that closes a cycle), or a remark without a place. */
export interface Note {
  readonly message: string
  readonly span?: Span
}

/**
 * The one way anything tells a user that something is wrong: parser, checker, lints, data sources, solvers, CLI and API.
 *
 * `message` says what is wrong in the user's words with the user's text in backticks: one sentence, lower case first letter, no
 * full stop. `help` says what to do. `code` is stable and listed under `codes/`.
 */
export interface Diagnostic {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly span?: Span
  readonly help?: string
  readonly notes?: readonly Note[]
}

/**
 * Bad input that stops an operation. Carries every diagnostic found, errors and warnings.
 * Anything thrown that is not a `DiagnosticError` is an internal fault and is shown as ours.
 */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(d => d.message).join('; '))
    this.name = 'DiagnosticError'
    this.diagnostics = diagnostics
  }
}

/** Throw a `DiagnosticError` of a single error. */
export function fail(code: string, message: string, more: Partial<Omit<Diagnostic, 'code' | 'message'>> = {}): never {
  throw new DiagnosticError([{ code, severity: 'error', message, ...more }])
}
