import { createHash } from 'node:crypto'
import { DiagnosticError, fail } from '../../diagnostic/index.ts'
import { parsePolicy, type StatementAst } from '../../language/index.ts'
import type { PolicyRule } from './types.ts'
import { errorsIn, fileOf } from './world/program.ts'

/*
 * A policy's text as a list of rules, for those who add and remove them one at a time. A rule's name and comment are the comment lines
 * right above it: `@name NAME` first, the comment after it.
 */

interface Placed {
  readonly rule: PolicyRule
  /** Where the rule and the comments above it stand in the text. */
  readonly start: number
  readonly end: number
}

export function rulesOf(name: string, text: string): readonly PolicyRule[] {
  return placedRules(name, text).map(({ rule }) => rule)
}

/** The text with one more rule at its end. */
export function appendRule(
  policy: string,
  text: string,
  { rule, name, comment }: Omit<PolicyRule, 'id'>,
): { readonly text: string; readonly rule: PolicyRule } {
  const { policy: parsed, diagnostics } = parsePolicy(rule, 'rule')
  if (errorsIn(diagnostics).length > 0) throw new DiagnosticError(diagnostics)
  if (parsed.statements.length !== 1)
    fail('control/one-rule', `the text has ${parsed.statements.length} rules, and one is asked for`, {
      help: 'add one rule at a time, or change the whole text of the policy',
    })
  const lines = [
    ...(name === undefined ? [] : [`@name ${name}`]),
    ...(comment === undefined ? [] : comment.split('\n')),
  ]
  const above = lines.map(line => `// ${line.trim()}\n`).join('')
  const longer = `${text.trimEnd()}${text.trim() === '' ? '' : '\n'}${above}${rule.trim()}\n`
  return { text: longer, rule: placedRules(policy, longer).at(-1)!.rule }
}

/** The text without a rule. */
export function cutRule(
  policy: string,
  text: string,
  id: string,
): { readonly text: string; readonly rule: PolicyRule } {
  const placed = placedRules(policy, text).find(({ rule }) => rule.id === id)
  if (!placed)
    return fail('control/unknown-rule', `the policy \`${policy}\` has no rule \`${id}\``, { help: 'list its rules' })
  const before = text.slice(0, placed.start)
  const after = text.slice(placed.end).replace(/^[ \t;.]*\n?/, '')
  return { text: before + after, rule: placed.rule }
}

function placedRules(name: string, text: string): readonly Placed[] {
  const { policy } = parsePolicy(text, fileOf(name))
  const seen = new Map<string, number>()
  return policy.statements.map(statement => {
    const rule = text.slice(statement.span.start, statement.span.end)
    const { start, lines } = commentsAbove(text, statement)
    const named = lines.find(line => line.startsWith('@name '))
    const comment = lines.filter(line => line !== named).join('\n')
    // The same rule twice is two rules.
    const turn = (seen.get(rule) ?? 0) + 1
    seen.set(rule, turn)
    const id = createHash('sha256').update(`${rule}\0${turn}`).digest('hex').slice(0, 32)
    const parts = { ...(named && { name: named.slice('@name '.length) }), ...(comment !== '' && { comment }) }
    return { rule: { id, ...parts, rule }, start, end: statement.span.end }
  })
}

/** Whole lines of `//` comments right above a statement. */
function commentsAbove(text: string, { span }: StatementAst): { start: number; lines: string[] } {
  const lines: string[] = []
  let start = span.start
  for (;;) {
    const end = text.lastIndexOf('\n', start - 1)
    if (end < 0 || text.slice(end + 1, start).trim() !== '') break
    const begin = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(begin, end).trim()
    if (!line.startsWith('//')) break
    lines.unshift(line.slice(2).trim())
    start = begin
  }
  return { start, lines }
}
