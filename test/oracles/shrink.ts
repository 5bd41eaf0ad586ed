import { parsePolicy } from '../../src/language/index.ts'
import type { Case } from './cases.ts'

/** Make a case smaller as long as it still differs: fewer transactions, rules, literals, rows. */
export async function shrink(found: Case, differs: (c: Case) => Promise<boolean>): Promise<Case> {
  let best = found
  for (let again = true, tries = 0; again && tries < 400; ) {
    again = false
    for (const smaller of smallerCases(best)) {
      if (++tries > 400) break
      if (!(await differs(smaller))) continue
      best = smaller
      again = true
      break
    }
  }
  return best
}

function* smallerCases(c: Case): Generator<Case> {
  for (let i = c.transactions.length - 1; i >= 0; i--) yield { ...c, transactions: c.transactions.toSpliced(i, 1) }
  const { policy } = parsePolicy(c.text, 'random.dl')
  for (const s of policy.statements.toReversed()) yield { ...c, text: without(c.text, s.span, '') }
  for (const s of policy.statements)
    for (const [i, literal] of (s.body ?? []).entries()) {
      if (s.body!.length === 1) continue
      const last = i === s.body!.length - 1
      const span = last
        ? { start: s.body![i - 1]!.span.end, end: literal.span.end }
        : { start: literal.span.start, end: s.body![i + 1]!.span.start }
      yield { ...c, text: without(c.text, span, '') }
    }
  for (const [t, table] of c.tables.entries())
    for (let i = 0; i < table.rows.length; i++)
      yield { ...c, tables: c.tables.with(t, { ...table, rows: table.rows.toSpliced(i, 1) }) }
  for (const [t, deltas] of c.transactions.entries())
    for (const [d, delta] of deltas.entries()) {
      const put = (changed: typeof delta) => ({ ...c, transactions: c.transactions.with(t, deltas.with(d, changed)) })
      for (let i = 0; i < delta.inserted.length; i++) yield put({ ...delta, inserted: delta.inserted.toSpliced(i, 1) })
      for (let i = 0; i < delta.removed.length; i++) yield put({ ...delta, removed: delta.removed.toSpliced(i, 1) })
    }
}

function without(text: string, { start, end }: { start: number; end: number }, put: string): string {
  return (text.slice(0, start) + put + text.slice(end)).replace(/\n\.\n/g, '\n').replace(/^\.\n/gm, '')
}
