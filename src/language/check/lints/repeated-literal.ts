import type { CoreLiteral } from '../../core.ts'
import { bodiesOf, type Lint, soundRules } from './lint.ts'

/** The same literal twice in one body changes nothing: often a copy that was meant to be edited. */
export const repeatedLiteral: Lint = (context, report) => {
  for (const { lowered } of soundRules(context))
    for (const body of bodiesOf(lowered.body)) {
      if (body.length < 2) continue
      const seen = new Map<string, CoreLiteral>()
      for (const literal of body) {
        const key = literalKey(literal)
        const first = seen.get(key)
        if (first === undefined) seen.set(key, literal)
        else
          report({
            code: 'language/repeated-literal',
            severity: 'warning',
            message: 'this literal repeats an earlier one of the same body',
            span: literal.span,
            help: 'leave it out, or change what was meant to differ',
            notes: [{ message: 'it stands here already', span: first.span }],
          })
      }
    }
}

/** Equal for literals that say the same, wherever they stand. */
export function literalKey(literal: CoreLiteral): string {
  return JSON.stringify(literal, (key, value) => (key === 'span' ? undefined : value))
}
