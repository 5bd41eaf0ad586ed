import type { CoreRule, Program } from '../../language/index.ts'
import type { Context } from '../context.ts'

/**
 * The rules of a policy as they stand in its file, each under the comment that its author wrote above it. A comment belongs to every rule
 * up to the next comment.
 */
export function ruleLines(program: Program, policy: string, paint: Context['paint']): string[] {
  const rules = program.rules.filter(rule => rule.policy === policy)
  return rules.flatMap((rule, i) => [
    ...(rule.comments.length > 0 && i > 0 ? [''] : []),
    ...rule.comments.map(comment => paint.green(`// ${comment.trim()}`)),
    ...sourceLines(program, rule),
  ])
}

function sourceLines(program: Program, rule: CoreRule): string[] {
  return (program.sources.get(rule.span.file) ?? '').slice(rule.span.start, rule.span.end).split('\n')
}
