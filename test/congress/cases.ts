import { readFileSync } from 'node:fs'

/** `[verb, policy, text]`, in the order in which they were done. */
export type Operation = readonly [verb: string, policy: string | null, detail: unknown]

/** One case; which fields it has depends on its kind. */
export interface Case {
  readonly file: string
  readonly line: number
  readonly kind: string
  readonly text?: string
  readonly policy?: string
  readonly schemas?: Readonly<Record<string, unknown>>
  readonly policies?: Readonly<Record<string, string>>
  readonly ops?: readonly Operation[]
  readonly target?: string
  readonly tablenames?: readonly string[]
  readonly query?: string
  readonly sequence?: string
  readonly delta?: boolean
  readonly action_policy?: string
  readonly expected?: unknown
  readonly complete?: boolean
}

/** Every case with a name of its own: `test_builtin.py:1403 select`, numbered where a line has several. */
export function readCases(): ReadonlyMap<string, Case> {
  const url = new URL('../../fixtures/congress/cases.json', import.meta.url)
  const cases = JSON.parse(readFileSync(url, 'utf8')) as Case[]
  const named = new Map<string, Case>()
  for (const c of cases) {
    const name = `${c.file.replace(/^.*\//, '')}:${c.line} ${c.kind}`
    let unique = name
    for (let i = 2; named.has(unique); i++) unique = `${name} ${i}`
    named.set(unique, c)
  }
  return named
}
