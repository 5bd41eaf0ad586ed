import type { Migration } from 'kysely'
import { workflowTables } from './0001-workflow-tables.ts'
import { serviceTables } from './0002-service-tables.ts'
import { apiTables } from './0003-api-tables.ts'
import { cloudActions } from './0004-cloud-actions.ts'
import { refusals } from './0005-refusals.ts'

/**
 * The one ordered set of migrations. Names sort in the order in which they run; a name that was released never changes, nor does
 * what it does: a mistake is mended by a further migration.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-workflow-tables': workflowTables,
  '0002-service-tables': serviceTables,
  '0003-api-tables': apiTables,
  '0004-cloud-actions': cloudActions,
  '0005-refusals': refusals,
}
