import type { Diagnostic, Span } from '../diagnostic/index.ts'

/** What evaluation may meet without stopping. */
export type WarningKind =
  | 'mixed-types'
  | 'not-a-number'
  | 'past-2^53'
  | 'builtin-failed'
  | 'mixed-aggregate'
  | 'sum-past-2^53'

const messages: Record<WarningKind, { code: string; message: (n: number, detail: string) => string; help: string }> = {
  'mixed-types': {
    code: 'datalog/mixed-types',
    message: (n, d) => `a comparison of values of different types was false ${times(n)}, first with ${d}`,
    help: 'compare numbers with numbers and strings with strings; `int(x, y)` or `float(x, y)` turn text into a number',
  },
  'not-a-number': {
    code: 'datalog/not-a-number',
    message: (n, d) =>
      `arithmetic met a value that is not a number ${times(n)}, and the literal failed, first with ${d}`,
    help: 'check the column this value comes from; `int(x, y)` or `float(x, y)` turn text into a number',
  },
  'past-2^53': {
    code: 'datalog/integer-too-large',
    message: (n, d) => `arithmetic gave an integer past 2^53 ${times(n)}, and the literal failed, first with ${d}`,
    help: 'use a larger unit, so that numbers stay below 9007199254740992',
  },
  'builtin-failed': {
    code: 'datalog/builtin-failed',
    message: (n, d) => `a builtin could not read its input ${times(n)}, and the literal failed, first with ${d}`,
    help: 'check the column this value comes from',
  },
  'mixed-aggregate': {
    code: 'datalog/mixed-aggregate',
    message: (n, d) =>
      `an aggregate met a value it cannot take in ${times(n)}, and the literal failed, first with ${d}`,
    help: '`sum` and `mean` need numbers; `min` and `max` need all numbers or all strings',
  },
  'sum-past-2^53': {
    code: 'datalog/integer-too-large',
    message: (n, d) => `a sum came past 2^53 ${times(n)}, and the literal failed, first with ${d}`,
    help: 'use a larger unit, so that numbers stay below 9007199254740992',
  },
}

function times(n: number): string {
  return n === 1 ? 'once' : `${n} times`
}

interface Entry {
  readonly kind: WarningKind
  readonly span: Span
  readonly detail: string
  count: number
}

export type SavedWarnings = readonly (readonly [string, Entry])[]

/** Counts what evaluation met, by place; the first case of each is kept as an example. */
export class Warnings {
  #entries = new Map<string, Entry>()

  /** `detail` is only called for a place that is new. */
  add(kind: WarningKind, span: Span, detail: () => string): void {
    const key = `${kind} ${span.file} ${span.start} ${span.end}`
    const entry = this.#entries.get(key)
    if (entry) entry.count++
    else this.#entries.set(key, { kind, span, detail: detail(), count: 1 })
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Forget all but what was met at these places (`file start end`). */
  keep(places: ReadonlySet<string>): void {
    for (const [key, { span }] of this.#entries)
      if (!places.has(`${span.file} ${span.start} ${span.end}`)) this.#entries.delete(key)
  }

  /** What `restore` takes to bring the present counts back. */
  save(): SavedWarnings {
    return [...this.#entries].map(([key, entry]) => [key, { ...entry }] as const)
  }

  restore(saved: SavedWarnings): void {
    if (this.#entries.size > 0 || saved.length > 0) this.#entries = new Map(saved.map(([key, e]) => [key, { ...e }]))
  }

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#entries.values()].map(({ kind, span, detail, count }) => {
      const { code, message, help } = messages[kind]
      return { code, severity: 'warning', message: message(count, detail), span, help }
    })
  }
}
