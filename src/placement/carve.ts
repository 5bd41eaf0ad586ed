import type { CoreRule, Program } from '../language/index.ts'
import { type Analysis, analyse, DELEGATED_ROLES, displayName } from './analysis.ts'
import { atomsOf, decisionTables, isReadAtPresent, predictedTable } from './decision.ts'
import { type JudgeProgram, judgeProgram } from './judge-program.ts'
import type { RuleFate } from './types.ts'

/**
 * Sort the rules of a program: which go to the solver, which are plain data, and which are only monitored, each with its reason.
 * In the order of the program's rules.
 */
export function carve(program: Program): RuleFate[] {
  const judge = judgeProgram(program)
  return fatesOf(program, judge, analyse(judge))
}

export function fatesOf(program: Program, judge: JudgeProgram, analysis: Analysis): RuleFate[] {
  const decision = decisionTables(program)
  const judged = new Map<number, number>()
  judge.originOf.forEach((origin, id) => {
    if (origin !== undefined) judged.set(origin, id)
  })
  return program.rules.map(rule => ({
    rule: rule.id,
    place: `${rule.span.file}:${rule.span.line}`,
    text: rule.text,
    ...fateOf(program, decision, analysis, rule, judged.get(rule.id)),
  }))
}

function fateOf(
  program: Program,
  decision: ReadonlySet<string>,
  analysis: Analysis,
  rule: CoreRule,
  judged: number | undefined,
): Pick<RuleFate, 'fate' | 'reason'> {
  if (isReadAtPresent(program, rule))
    return { fate: 'data', reason: `\`${displayName(program, rule.head.table)}\` is read under the present placement` }
  const witness = [...atomsOf(rule.body)].find(a => decision.has(a.table))
  if (!witness || judged === undefined) return { fate: 'data', reason: 'it does not depend on the placement' }
  const through = displayName(program, witness.table)
  const refusal = analysis.refused.get(judged)
  if (refusal) return { fate: 'monitored', reason: refusal.reason }
  if (!analysis.delegated.has(judged) && rule.modal !== undefined && predictedTable(rule) === undefined)
    return {
      fate: 'monitored',
      reason: `it reads \`${through}\`, but only error, warning and cost rules go to the solver`,
    }
  if (!analysis.delegated.has(judged))
    return {
      fate: 'monitored',
      reason: `it reads \`${through}\`, but no error, warning or cost rule that goes to the solver needs it`,
    }
  const role = program.tables.get(rule.head.table)?.role
  return DELEGATED_ROLES.has(role ?? '')
    ? { fate: 'delegated', reason: `it reads \`${through}\`` }
    : { fate: 'delegated', reason: `it reads \`${through}\`, and a delegated rule needs it` }
}
