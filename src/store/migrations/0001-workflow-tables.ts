import { type Kysely, type Migration, PostgresAdapter } from 'kysely'

/** Executions, their tasks, transitions and history. */
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
      .addColumn('created_at', 'bigint', c => c.notNull())
      .addColumn('ended_at', 'bigint')
      .execute()
    await schema.createIndex('executions_created').on('executions').columns(['created_at', 'id']).execute()
    await schema
      .createTable('tasks')
      .addColumn('execution', 'text', c => c.notNull().references('executions.id').onDelete('cascade'))
      .addColumn('name', 'text', c => c.notNull())
      .addColumn('state', 'text', c => c.notNull())
      .addColumn('attempt', 'integer', c => c.notNull())
      .addColumn('due', 'bigint')
      .addColumn('claimed_by', 'text')
      .addColumn('lease', 'bigint')
      .addColumn('delegated', 'integer', c => c.notNull().defaultTo(0))
      .addColumn('deadline', 'bigint')
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('result', 'text')
      .addColumn('error', 'text')
      .addPrimaryKeyConstraint('tasks_key', ['execution', 'name'])
      .execute()
    // The queue: only tasks that await a runner are in it, however long the history grows.
    await schema.createIndex('tasks_due').on('tasks').column('due').where('due', 'is not', null).execute()
    await schema
      .createTable('transitions')
      .addColumn('execution', 'text', c => c.notNull().references('executions.id').onDelete('cascade'))
      .addColumn('source', 'text', c => c.notNull())
      .addColumn('target', 'text', c => c.notNull())
      .addColumn('taken_at', 'bigint', c => c.notNull())
      .addPrimaryKeyConstraint('transitions_key', ['execution', 'target', 'source'])
      .execute()
    const postgres = db.getExecutor().adapter instanceof PostgresAdapter
    await schema
      .createTable('events')
      .addColumn('id', postgres ? 'bigserial' : 'integer', c =>
        postgres ? c.primaryKey() : c.primaryKey().autoIncrement(),
      )
      .addColumn('execution', 'text', c => c.notNull().references('executions.id').onDelete('cascade'))
      .addColumn('task', 'text')
      .addColumn('attempt', 'integer')
      .addColumn('kind', 'text', c => c.notNull())
      .addColumn('happened_at', 'bigint', c => c.notNull())
      .addColumn('data', 'text')
      .execute()
    await schema.createIndex('events_execution').on('events').columns(['execution', 'id']).execute()
  },
}
