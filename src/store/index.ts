/**
 * Store: the database. SQLite in a file by default; one schema, one set of migrations (`migrations/`), transactions that are
 * all or nothing, and hints that something changed. Knows nothing of what its records mean.
 */
export { forUpdate, openStore, type Store, type StoreOptions, type StoreTransaction } from './open-store.ts'
export type { EventsTable, ExecutionsTable, Schema, TasksTable } from './schema.ts'
