import type { ColumnKinds } from './split-body.ts'
import type { Aim, Unsatisfied, Violation } from './types.ts'

/**
 * Say of each violation that stays whether its rule instance holds now, and for which aim it was given up. Instances are told apart by
 * the columns that do not depend on the placement: a host that is over its limit by less is the same violation.
 * @param columns kinds of the columns of a table; undefined: all are fixed
 */
export function withWhatTheyBuy(
  unsatisfied: readonly Unsatisfied[],
  before: readonly Violation[],
  after: readonly Violation[],
  aims: readonly Aim[],
  columns: (table: string) => ColumnKinds | undefined,
): Unsatisfied[] {
  const instance = ({ role, table, row }: Violation): string => {
    const kinds = columns(table)
    return JSON.stringify([role, table, row.filter((_, i) => (kinds?.[i] ?? 'fixed') === 'fixed')])
  }
  const known = new Set(before.map(instance))
  const broken = new Set(after.filter(violation => !known.has(instance(violation))).map(({ text }) => text))
  const bought = aims.find(aim => aim.after < aim.before)
  if (!bought) return [...unsatisfied]
  const brokenFor = `${bought.name}: ${bought.before} → ${bought.after}`
  return unsatisfied.map(one => (broken.has(one.instance) ? { ...one, brokenFor } : one))
}
