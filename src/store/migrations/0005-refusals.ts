import type { Kysely, Migration } from 'kysely'

/** What clouds would not do, for as long as plans do without it. */
export const refusals: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('refusals')
      .addColumn('id', 'text', c => c.primaryKey())
      .addColumn('domain', 'text', c => c.notNull())
      .addColumn('body', 'text', c => c.notNull())
      .addColumn('until', 'bigint', c => c.notNull())
      .execute()
  },
}
