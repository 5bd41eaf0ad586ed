import { type Kysely, Migrator } from 'kysely'
import { fail } from '../diagnostic/index.ts'
import { migrations } from './migrations/index.ts'

const BOOKKEEPING = 'kysely_migration'

/**
 * Bring a database to this program's layout: all missing migrations, in order, in one transaction.
 * @throws DiagnosticError `store/newer-version` when a newer program made it, `store/not-ours` when another program did
 */
export async function migrate(db: Kysely<never>, name: string): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  const known = Object.keys(migrations)
  if (tables.some(t => t.name === BOOKKEEPING)) {
    const bookkeeping = db as unknown as Kysely<{ [BOOKKEEPING]: { name: string } }>
    const applied = await bookkeeping.selectFrom(BOOKKEEPING).select('name').orderBy('name').execute()
    if (applied.some(m => !known.includes(m.name)))
      fail(
        'store/newer-version',
        `the database \`${name}\` has version ${applied.length}, and this usher knows versions up to ${known.length}`,
        { help: 'use the usher that made it, or a newer one; or give another one' },
      )
  } else if (tables.length > 0) {
    fail(
      'store/not-ours',
      `the database \`${name}\` belongs to another program: it has the table \`${tables[0]!.name}\``,
      {
        help: 'give a database that usher made, or one that is new',
      },
    )
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
