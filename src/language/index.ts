/**
 * Language: lexer, recovering parser, checker, formatter.
 * Takes policy text (and the schemas of the data sources), gives a checked `Program`, diagnostics, formatted text.
 * Knows nothing of tables' contents or clouds.
 */
export type * from './ast.ts'
export type * from './core.ts'
export { parsePolicy, parseQuery } from './syntax/parse.ts'
