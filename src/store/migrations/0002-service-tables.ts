import { type Kysely, type Migration, PostgresAdapter, type SchemaModule, sql } from 'kysely'

type Column = 'text' | 'integer' | 'bigint' | 'text?' | 'bigint?'

/**
 * What the service keeps: policies and their versions, what happened, violations and exceptions, cycles and plans, leases, pushed
 * rows, snapshots, webhooks.
 *
 * Nothing refers to anything by a foreign key: history outlives what it speaks of, and is cut off by age.
 */
export const serviceTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { schema } = db
    const postgres = db.getExecutor().adapter instanceof PostgresAdapter
    await table(schema, 'counters', ['name'], { name: 'text', value: 'bigint' })
    await table(schema, 'policies', ['id'], {
      id: 'text',
      name: 'text',
      description: 'text',
      mode: 'text',
      active: 'integer',
      text: 'text',
      version: 'integer',
      created_at: 'bigint',
      changed_at: 'bigint',
      changed_by: 'text',
    })
    await schema.createIndex('policies_name').on('policies').column('name').unique().execute()
    await table(schema, 'policy_versions', ['policy', 'version'], {
      policy: 'text',
      version: 'integer',
      name: 'text',
      description: 'text',
      mode: 'text',
      active: 'integer',
      text: 'text',
      changed_at: 'bigint',
      changed_by: 'text',
    })
    await table(schema, 'service_events', ['id'], { id: 'bigint', at: 'bigint', kind: 'text', data: 'text' })
    await schema.createIndex('service_events_at').on('service_events').column('at').execute()
    await table(schema, 'violations', ['id', 'since'], {
      id: 'text',
      since: 'bigint',
      until: 'bigint?',
      policy: 'text',
      name: 'text',
      role: 'text',
      row: 'text',
      text: 'text',
    })
    await schema
      .createIndex('violations_open')
      .on('violations')
      .column('id')
      .where(sql.ref('until'), 'is', null)
      .execute()
    await schema.createIndex('violations_since').on('violations').columns(['since', 'id']).execute()
    await table(schema, 'exceptions', ['id'], {
      id: 'text',
      policy: 'text',
      name: 'text',
      pattern: 'text',
      until: 'bigint',
      because: 'text',
      created_by: 'text',
      created_at: 'bigint',
    })
    await schema
      .createTable('audit')
      .addColumn('id', postgres ? 'bigserial' : 'integer', c =>
        postgres ? c.primaryKey() : c.primaryKey().autoIncrement(),
      )
      .addColumn('at', 'bigint', c => c.notNull())
      .addColumn('actor', 'text', c => c.notNull())
      .addColumn('action', 'text', c => c.notNull())
      .addColumn('subject', 'text', c => c.notNull())
      .addColumn('before', 'text')
      .addColumn('after', 'text')
      .execute()
    await schema.createIndex('audit_subject').on('audit').columns(['subject', 'id']).execute()
    await table(schema, 'leases', ['name'], { name: 'text', holder: 'text', epoch: 'bigint', beat: 'bigint' })
    await table(schema, 'cycles', ['id'], {
      id: 'text',
      domain: 'text',
      cause: 'text',
      stage: 'text',
      holder: 'text',
      outcome: 'text?',
      plan: 'text?',
      started_at: 'bigint',
      ended_at: 'bigint?',
    })
    await schema
      .createIndex('cycles_open')
      .on('cycles')
      .column('domain')
      .where(sql.ref('ended_at'), 'is', null)
      .execute()
    await table(schema, 'plans', ['id'], {
      id: 'text',
      domain: 'text',
      mode: 'text',
      state: 'text',
      report: 'text',
      tolerated: 'text',
      moves: 'integer',
      errors_before: 'integer',
      errors_after: 'integer',
      cost: 'text',
      created_at: 'bigint',
      expires_at: 'bigint?',
      decided_by: 'text?',
      reason: 'text?',
      execution: 'text?',
      compared: 'text?',
      ended_at: 'bigint?',
    })
    await schema.createIndex('plans_state').on('plans').columns(['state', 'domain']).execute()
    await table(schema, 'cron_ticks', ['schedule', 'tick'], { schedule: 'text', tick: 'bigint', fired_by: 'text' })
    await table(schema, 'requests', ['id'], { id: 'text', domain: 'text', cause: 'text', at: 'bigint', actor: 'text' })
    await table(schema, 'firings', ['id'], {
      id: 'text',
      name: 'text',
      row: 'text',
      generation: 'integer',
      state: 'text',
      at: 'bigint',
    })
    await schema
      .createIndex('firings_starting')
      .on('firings')
      .column('id')
      .where(sql.ref('state'), '=', 'starting')
      .execute()
    await table(schema, 'vm_moves', ['id'], { id: 'text', vm: 'text', domain: 'text', at: 'bigint' })
    await schema.createIndex('vm_moves_at').on('vm_moves').column('at').execute()
    await table(schema, 'pushes', ['source', 'name'], {
      source: 'text',
      name: 'text',
      rows: 'text',
      revision: 'bigint',
      at: 'bigint',
    })
    await table(schema, 'snapshots', ['id'], { id: 'text', created_at: 'bigint', created_by: 'text', rows: 'integer' })
    await table(schema, 'snapshot_parts', ['snapshot', 'part'], { snapshot: 'text', part: 'integer', body: 'text' })
    await table(schema, 'webhooks', ['id'], {
      id: 'text',
      url: 'text',
      kinds: 'text',
      secret: 'text',
      created_by: 'text',
      created_at: 'bigint',
      sent_up_to: 'bigint',
    })
  },
}

async function table(
  schema: SchemaModule,
  name: string,
  key: readonly string[],
  columns: Readonly<Record<string, Column>>,
): Promise<void> {
  let made = schema.createTable(name)
  for (const [column, kind] of Object.entries(columns)) {
    const optional = kind.endsWith('?')
    const type = kind.replace('?', '') as 'text' | 'integer' | 'bigint'
    made = made.addColumn(column, type, c => (optional ? c : c.notNull()))
  }
  await made.addPrimaryKeyConstraint(`${name}_key`, [...key] as never).execute()
}
