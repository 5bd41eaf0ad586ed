import type { Diagnostic } from '../../diagnostic/index.ts'
import type { Names } from './names.ts'
import type { Dependency } from './stratify.ts'

/** The error for a circle through `not` or an aggregate, which is the first dependency given. Each step is a note with its place. */
export function stratificationError(cycle: readonly Dependency[], names: Names): Diagnostic {
  const [strict, ...rest] = cycle as [Dependency, ...Dependency[]]
  const show = (table: string) => displayOf(table, names)
  const reading = strict.strict === 'not' ? 'the absence of' : 'an aggregate of'
  const circle =
    strict.from === strict.to
      ? 'its own rows'
      : `\`${show(strict.to)}\`, which depends on \`${show(strict.from)}\` in turn`
  return {
    code: 'language/unstratified',
    severity: 'error',
    message: `\`${show(strict.from)}\` depends on ${reading} ${circle}`,
    span: strict.span,
    help: 'break the circle: a table under `not` or inside an aggregate must be complete without the rule that reads it',
    ...(rest.length > 0 && {
      notes: rest.map(d => ({ message: `\`${show(d.from)}\` reads \`${show(d.to)}\` here`, span: d.span })),
    }),
  }
}

function displayOf(table: string, names: Names): string {
  return names.ownName(table) ?? table
}
