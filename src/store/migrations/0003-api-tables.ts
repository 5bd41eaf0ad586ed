import type { Kysely, Migration } from 'kysely'

/** What the API keeps: tokens, by the hash of their secret, and answers to requests that carried an idempotency key. */
export const apiTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db
    await schema
      .createTable('tokens')
      .addColumn('id', 'text', c => c.primaryKey())
      .addColumn('name', 'text', c => c.notNull().unique())
      .addColumn('hash', 'text', c => c.notNull())
      .addColumn('scopes', 'text', c => c.notNull())
      .addColumn('created_at', 'bigint', c => c.notNull())
      .addColumn('expires_at', 'bigint', c => c.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute()
    await schema
      .createTable('answers')
      .addColumn('caller', 'text', c => c.notNull())
      .addColumn('key', 'text', c => c.notNull())
      .addColumn('request', 'text', c => c.notNull())
      .addColumn('status', 'integer')
      .addColumn('headers', 'text')
      .addColumn('body', 'text')
      .addColumn('created_at', 'bigint', c => c.notNull())
      .addPrimaryKeyConstraint('answers_key', ['caller', 'key'])
      .execute()
    await schema.createIndex('answers_created').on('answers').column('created_at').execute()
  },
}
