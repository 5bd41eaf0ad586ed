/**
 * SQL: a policy as PostgreSQL, so that a fleet beyond one machine can be checked on any database, and as a second opinion.
 * Takes a `Program`, gives tables and views as text. Knows nothing of evaluation, placement or clouds.
 */
export { allFunctions, functionsSql } from './functions.ts'
export { type TranslateOptions, translateToSql } from './translate.ts'
export type * from './types.ts'
