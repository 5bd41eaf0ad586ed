import type { CoreRule } from '../language/index.ts'
import type { JudgeProgram } from './judge-program.ts'
import { strataOf } from './strata.ts'

/** The mark of a rule that binds the end of a plan, not the way there: `// @final` on a line above it. */
const FINAL = /^@final\b/

/**
 * The judge's program for states on the way: without the error and warning rules that are marked final. The same object when none
 * is. The mark says nothing on a rule for any other table, on which other rules may rest.
 */
export function judgeOnTheWay(judge: JudgeProgram): JudgeProgram {
  const { program } = judge
  const isFinal = ({ head, comments }: CoreRule) => {
    const role = program.tables.get(head.table)?.role
    return (role === 'error' || role === 'warning') && comments.some(line => FINAL.test(line.trim()))
  }
  const kept = program.rules.filter(rule => !isFinal(rule))
  if (kept.length === program.rules.length) return judge
  const rules = kept.map((rule, id) => ({ ...rule, id }))
  return {
    ...judge,
    program: { ...program, rules, strata: strataOf(rules) },
    originOf: kept.map(rule => judge.originOf[rule.id]),
  }
}
