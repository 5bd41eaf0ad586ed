import type { Store, StoreTransaction } from '../../../store/index.ts'

/** Names of counters. */
export type Counter = 'events' | 'policies' | 'pushes'

/** Count up, and hold the counter until the transaction ends. Gives the new value. */
export async function countUp(tx: StoreTransaction, name: Counter, by = 1): Promise<number> {
  const row = await tx
    .insertInto('counters')
    .values({ name, value: by })
    .onConflict(c => c.column('name').doUpdateSet(eb => ({ value: eb('counters.value', '+', by) })))
    .returning('value')
    .executeTakeFirstOrThrow()
  return row.value
}

export async function readCounter(store: Pick<Store, 'db'>, name: Counter): Promise<number> {
  const row = await store.db.selectFrom('counters').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? 0
}
