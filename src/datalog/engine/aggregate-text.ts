import type { AggregateLiteral, AtomLiteral, CoreLiteral } from '../../language/index.ts'

/**
 * A text that is equal for two aggregates when they run over the same groups and bindings and give the same results, whatever numbers
 * their variables have; and the variables of the group's key, in the order that belongs to the text. `context`: literals that say which
 * groups there are, where the braces alone do not.
 *
 * Atoms may stand at other places. What may have to be warned of by its place may not.
 */
export function aggregateText(
  { operator, value, body, groupBy }: AggregateLiteral,
  context: readonly CoreLiteral[],
): { readonly text: string; readonly key: readonly number[] } {
  const numbers = new Map<number, number>()
  const renumbered = (index: number): number => {
    let number = numbers.get(index)
    if (number === undefined) numbers.set(index, (number = numbers.size))
    return number
  }
  const join = JSON.stringify([operator, body, value, context], (name, part: unknown) => {
    if (name === 'index') return renumbered(part as number)
    if (name === 'groupBy') return (part as number[]).map(renumbered)
    return (part as AtomLiteral | null)?.kind === 'atom' ? { ...(part as AtomLiteral), span: undefined } : part
  })
  const key = [...groupBy].sort((a, b) => renumbered(a) - renumbered(b))
  return { text: `${join} ${key.map(renumbered).join()}`, key }
}
