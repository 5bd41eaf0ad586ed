import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { CoreLiteral, Program } from '../../core.ts'
import type { Entry } from '../check-policies.ts'
import type { Names } from '../names.ts'

export interface LintContext {
  readonly entries: readonly Entry[]
  readonly program: Program
  readonly names: Names
}

export type Report = (d: Diagnostic) => void

/** Looks at all checked statements; reports warnings. */
export type Lint = (context: LintContext, report: Report) => void

/** Statements with a body that are sound: lints keep quiet about what has an error already. */
export function soundRules(context: LintContext): Entry[] {
  return context.entries.filter(e => e.candidates.length > 0 && e.lowered.body.length > 0)
}

/** A rule's body and the bodies of its aggregates, nested ones included. */
export function bodiesOf(body: readonly CoreLiteral[]): (readonly CoreLiteral[])[] {
  return [body, ...body.flatMap(l => (l.kind === 'aggregate' ? bodiesOf(l.body) : []))]
}
