import type { Page, PageRequest } from '../control/index.ts'
import { refuse } from './faults.ts'

/** A page of a list that the service gives whole: the cursor tells how many items came before. */
export function pageOfList<T>(items: readonly T[], { limit = 100, cursor }: PageRequest): Page<T> {
  const start = cursor === undefined ? 0 : Number(/^from-(\d{1,9})$/.exec(cursor)?.[1] ?? Number.NaN)
  if (Number.isNaN(start))
    refuse(400, 'api/bad-request', 'the cursor is not one that a page gave', { field: 'query.cursor' })
  const end = start + limit
  return { items: items.slice(start, end), ...(end < items.length ? { next: `from-${end}` } : {}) }
}

/** All items of all pages, one page at a time. */
export async function* allOf<T>(read: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<readonly T[]> {
  let cursor: string | undefined
  do {
    const page = await read({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) })
    yield page.items
    cursor = page.next
  } while (cursor !== undefined)
}
