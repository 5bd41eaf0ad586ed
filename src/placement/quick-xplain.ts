/**
 * A minimal subset of `constraints` that is in conflict with the background: dropping any one of them ends the conflict. Earlier
 * constraints are preferred. Ulrich Junker, QUICKXPLAIN, AAAI 2004: about k·log(n/k) tests for a conflict of k among n.
 *
 * @param conflicts whether a set of constraints, by index, is in conflict; of all of them it must be
 */
export async function quickXplain(
  count: number,
  conflicts: (subset: readonly number[]) => Promise<boolean>,
): Promise<number[]> {
  const all = Array.from({ length: count }, (_, i) => i)
  if (await conflicts([])) return []
  return search([], false, all, conflicts)
}

async function search(
  background: readonly number[],
  grew: boolean,
  rest: readonly number[],
  conflicts: (subset: readonly number[]) => Promise<boolean>,
): Promise<number[]> {
  if (grew && (await conflicts(background))) return []
  if (rest.length === 1) return [...rest]
  const half = Math.floor(rest.length / 2)
  const [first, second] = [rest.slice(0, half), rest.slice(half)]
  const fromSecond = await search([...background, ...first], first.length > 0, second, conflicts)
  const fromFirst = await search([...background, ...fromSecond], fromSecond.length > 0, first, conflicts)
  return [...fromFirst, ...fromSecond]
}
