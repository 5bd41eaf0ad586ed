import { type Kysely, type Migration, sql } from 'kysely'

/** What was asked of clouds, by the token of each wish. */
export const cloudActions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db
    await schema
      .createTable('cloud_actions')
      .addColumn('token', 'text', c => c.primaryKey())
      .addColumn('asked_at', 'bigint', c => c.notNull())
      .addColumn('open', 'integer', c => c.notNull())
      .addColumn('body', 'text', c => c.notNull())
      .execute()
    await schema
      .createIndex('cloud_actions_open')
      .on('cloud_actions')
      .column('token')
      .where(sql.ref('open'), '=', 1)
      .execute()
  },
}
