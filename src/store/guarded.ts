import { AsyncLocalStorage } from 'node:async_hooks'

/** Set while a transaction's own code runs: asking for another connection inside of it would wait for ever, or see another state. */
const marks = new AsyncLocalStorage<{ open: boolean }>()

/** Run `work` so that a query that goes past the transaction is an error at once. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  const mark = { open: true }
  try {
    return await marks.run(mark, work)
  } finally {
    mark.open = false
  }
}

export function insideTransaction(): boolean {
  return marks.getStore()?.open === true
}
