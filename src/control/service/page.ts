import { fail } from '../../diagnostic/index.ts'
import type { Cursor, Page, PageRequest } from './types.ts'

const DEFAULT_LIMIT = 100
const MOST = 1000

/** How many items a page has. */
export function limitOf({ limit = DEFAULT_LIMIT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit
  return fail('control/page', `a page can't have ${limit} items`, { help: `ask for 1 to ${MOST}` })
}

/** What a cursor stands for. */
export function readCursor<T>(cursor: Cursor | undefined): T | undefined {
  if (cursor === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as T
  } catch {
    return fail('control/page', 'the cursor is not one that a page gave', {
      help: 'give `next` of the last page as it was, or begin without a cursor',
    })
  }
}

/**
 * A page of items that were read with one more than fit.
 * @param keyOf what the next page begins after
 */
export function pageOf<T, K>(found: readonly T[], limit: number, keyOf: (item: T) => K): Page<T> {
  if (found.length <= limit) return { items: found }
  const items = found.slice(0, limit)
  return { items, next: Buffer.from(JSON.stringify(keyOf(items.at(-1)!))).toString('base64url') }
}

/** A page of a list in memory, in the order of texts that `keyOf` gives: each is one item's own. */
export function pageOfSorted<T>(items: Iterable<T>, request: PageRequest, keyOf: (item: T) => string): Page<T> {
  const limit = limitOf(request)
  const after = readCursor<string>(request.cursor)
  const keyed = [...items].map(item => ({ item, key: keyOf(item) }))
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => key > after)
  rest.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const page = pageOf(rest.slice(0, limit + 1), limit, ({ key }) => key)
  return { ...page, items: page.items.map(({ item }) => item) }
}
