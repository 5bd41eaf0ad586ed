/**
 * Store: the database. SQLite in a file by default; one schema, one set of migrations.
 * Knows nothing of what its records mean.
 */
export {}
