import type { RuleProfile } from '../datalog/index.ts'
import type { Context } from './context.ts'
import { figure } from './words.ts'

/** Characters of a rule's text that are shown. */
const LONGEST = 60

/** What rules cost, hottest first. */
export function sayProfile(profile: readonly RuleProfile[], context: Context): void {
  const total = profile.reduce((sum, p) => sum + p.milliseconds, 0) || 1
  context.table(
    [
      { title: 'ms', align: 'right' },
      { title: '%', align: 'right' },
      { title: 'tuples', align: 'right' },
      { title: 'rows joined', align: 'right' },
      { title: 'runs', align: 'right' },
      { title: 'rule' },
      { title: '' },
    ],
    profile.map(({ rule, milliseconds, tuples, rows, runs }) => [
      figure(milliseconds),
      figure((100 * milliseconds) / total, 0),
      String(tuples),
      String(rows),
      String(runs),
      `${rule.span.file}:${rule.span.line}`,
      rule.text.length > LONGEST ? `${rule.text.slice(0, LONGEST - 1)}…` : rule.text,
    ]),
  )
}

export function profileJson(profile: readonly RuleProfile[]): unknown {
  return profile.map(({ rule: { policy, span, text }, ...figures }) => ({
    rule: { policy, file: span.file, line: span.line, text },
    ...figures,
  }))
}
