/**
 * Store: the database. SQLite in a file, or PostgreSQL by URL; one schema, one set of migrations (`migrations/`), transactions that
 * are all or nothing, and hints that something changed. Knows nothing of what its records mean.
 */
export type * from './api-schema.ts'
export { selectTasks, textsIn, type Write, writeRows } from './bulk.ts'
export { forUpdate, openStore, type Store, type StoreOptions, type StoreTransaction } from './open-store.ts'
export type { ExecutionsTable, Schema, TasksTable } from './schema.ts'
export type * from './service-schema.ts'
export { readSecretKey } from './vault.ts'
