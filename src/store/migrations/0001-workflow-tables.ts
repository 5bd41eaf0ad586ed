import { type Kysely, type Migration, PostgresAdapter, sql } from 'kysely'

/**
 * Executions, their tasks, items, variables and history; the runners.
 *
 * Tasks and events refer to executions without a foreign key: nothing is ever deleted from under them, and the key would cost a
 * lock on the execution's row for each event.
 */
export const workflowTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db
    await schema
      .createTable('definitions')
      .addColumn('id', 'text', c => c.primaryKey())
      .addColumn('name', 'text', c => c.notNull())
      .addColumn('body', 'text', c => c.notNull())
      .execute()
    await schema
      .createTable('executions')
      .addColumn('id', 'text', c => c.primaryKey())
      .addColumn('workflow', 'text', c => c.notNull())
      .addColumn('definition', 'text', c => c.notNull().references('definitions.id'))
      .addColumn('input', 'text', c => c.notNull())
      .addColumn('state', 'text', c => c.notNull())
      .addColumn('ending', 'text')
      .addColumn('active', 'integer', c => c.notNull())
      .addColumn('turn', 'bigint', c => c.notNull())
      .addColumn('parent', 'text')
      .addColumn('output', 'text')
      .addColumn('error', 'text')
      .addColumn('created_at', 'bigint', c => c.notNull())
      .addColumn('ended_at', 'bigint')
      .execute()
    await schema.createIndex('executions_created').on('executions').columns(['created_at', 'id']).execute()
    await schema
      .createTable('tasks')
      .addColumn('execution', 'text', c => c.notNull())
      .addColumn('name', 'text', c => c.notNull())
      .addColumn('state', 'text', c => c.notNull())
      .addColumn('attempt', 'integer', c => c.notNull())
      .addColumn('base', 'integer', c => c.notNull())
      .addColumn('arrived', 'integer', c => c.notNull())
      .addColumn('turn', 'bigint', c => c.notNull())
      .addColumn('due', 'bigint')
      .addColumn('wait', 'bigint', c => c.notNull())
      .addColumn('claimed_by', 'text')
      .addColumn('delegated', 'integer', c => c.notNull())
      .addColumn('deadline', 'bigint')
      .addColumn('unsure', 'integer')
      .addColumn('faults', 'integer', c => c.notNull())
      .addColumn('outcome', 'text')
      .addColumn('total', 'integer')
      .addColumn('next', 'integer')
      .addColumn('done', 'integer')
      .addColumn('bad', 'integer')
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('item', 'text')
      .addColumn('result', 'text')
      .addColumn('error', 'text')
      .addPrimaryKeyConstraint('tasks_key', ['execution', 'name'])
      .execute()
    // The queue, what has a time, and what is held: only tasks that await something are in them, however long the history grows.
    await schema.createIndex('tasks_ready').on('tasks').column('turn').where(sql.ref('state'), '=', 'ready').execute()
    await schema.createIndex('tasks_due').on('tasks').column('due').where('due', 'is not', null).execute()
    await schema
      .createIndex('tasks_claimed')
      .on('tasks')
      .column('claimed_by')
      .where('claimed_by', 'is not', null)
      .execute()
    await schema
      .createTable('items')
      .addColumn('execution', 'text', c => c.notNull())
      .addColumn('task', 'text', c => c.notNull())
      .addColumn('start', 'integer', c => c.notNull())
      .addColumn('body', 'text', c => c.notNull())
      .addPrimaryKeyConstraint('items_key', ['execution', 'task', 'start'])
      .execute()
    await schema
      .createTable('variables')
      .addColumn('execution', 'text', c => c.notNull())
      .addColumn('name', 'text', c => c.notNull())
      .addColumn('value', 'text', c => c.notNull())
      .addPrimaryKeyConstraint('variables_key', ['execution', 'name'])
      .execute()
    const postgres = db.getExecutor().adapter instanceof PostgresAdapter
    await schema
      .createTable('events')
      .addColumn('id', postgres ? 'bigserial' : 'integer', c =>
        postgres ? c.primaryKey() : c.primaryKey().autoIncrement(),
      )
      .addColumn('execution', 'text', c => c.notNull())
      .addColumn('task', 'text')
      .addColumn('attempt', 'integer')
      .addColumn('kind', 'text', c => c.notNull())
      .addColumn('happened_at', 'bigint', c => c.notNull())
      .addColumn('data', 'text')
      .execute()
    await schema.createIndex('events_execution').on('events').columns(['execution', 'id']).execute()
    await schema
      .createTable('workers')
      .addColumn('name', 'text', c => c.primaryKey())
      .addColumn('beat', 'bigint', c => c.notNull())
      .addColumn('seen_at', 'bigint', c => c.notNull())
      .execute()
  },
}
