import type { CoreLiteral } from '../../core.ts'
import type { Entry } from '../check-policies.ts'
import { predictedTables } from '../unknown-tables.ts'
import { contradiction } from './contradiction.ts'
import { type Lint, soundRules } from './lint.ts'

/**
 * A rule that can never fire: its comparisons contradict each other, or it reads a table that only such rules define. A rule that
 * itself reads a table nobody defines has its warning there.
 */
export const neverFires: Lint = (context, report) => {
  const dead = new Set<Entry>()
  for (const entry of soundRules(context)) {
    const found = contradiction(entry.lowered.body)
    if (found === undefined) continue
    dead.add(entry)
    report({
      code: 'language/never-fires',
      severity: 'warning',
      message: `this rule can never fire: ${found.why}`,
      span: found.literal.span,
      help: 'correct the comparison, or leave the rule out',
      ...(found.other && { notes: [{ message: 'together with this', span: found.other.span }] }),
    })
  }

  const filled = filledTables(context.entries, dead)
  for (const entry of soundRules(context)) {
    if (dead.has(entry)) continue
    const required = entry.lowered.uses.filter(u => u.required)
    if (required.some(u => u.kind === 'unknown' && !filled.has(u.table))) continue
    const empty = required.find(u => !filled.has(u.table))
    const literal = empty && entry.lowered.body.find(l => isAtomOf(l, empty.table))
    if (!empty || !literal) continue
    report({
      code: 'language/never-fires',
      severity: 'warning',
      message: `this rule can never fire: each rule for \`${empty.display}\` needs a table that stays empty`,
      span: literal.span,
      help: `mend the rules for \`${empty.display}\`, or leave this one out`,
    })
  }
}

function isAtomOf(literal: CoreLiteral, table: string): boolean {
  return literal.kind === 'atom' && !literal.negated && literal.table === table
}

/**
 * Tables that may have a row: those of data sources and predictions, and heads of rules all of whose positive literals may have
 * one. Tables of refused rules count as filled, so that an error is not followed by warnings.
 */
function filledTables(entries: readonly Entry[], dead: ReadonlySet<Entry>): ReadonlySet<string> {
  const predicted = predictedTables(entries)
  const filled = new Set(predicted)
  const waiting = new Map<string, { entry: Entry; missing: number }[]>()
  const ready: string[] = []
  const fill = (table: string) => {
    if (filled.has(table)) return
    filled.add(table)
    ready.push(table)
  }
  for (const entry of entries) {
    const { heads } = entry.lowered
    // Candidates are the heads themselves, but for those refused.
    if (entry.candidates.length < heads.length)
      for (const head of heads) if (!entry.candidates.includes(head)) fill(head.table)
    for (const use of entry.lowered.uses) if (use.kind === 'data') fill(use.table)
  }
  for (const table of predicted) ready.push(table)
  for (const entry of entries) {
    if (dead.has(entry)) continue
    if (entry.lowered.uses.length === 0) {
      for (const head of entry.candidates) fill(head.table)
      continue
    }
    const tables = new Set(entry.lowered.uses.filter(u => u.required).map(u => u.table))
    const record = { entry, missing: tables.size }
    for (const table of tables) {
      const list = waiting.get(table)
      if (list) list.push(record)
      else waiting.set(table, [record])
    }
    if (tables.size === 0) for (const head of entry.candidates) fill(head.table)
  }
  for (let table = ready.pop(); table !== undefined; table = ready.pop())
    for (const record of waiting.get(table) ?? [])
      if (--record.missing === 0) for (const head of record.entry.candidates) fill(head.table)
  return filled
}
