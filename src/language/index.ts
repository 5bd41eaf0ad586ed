/**
 * Language: lexer, recovering parser, checker, formatter.
 * Takes policy text (and the schemas of the data sources), gives a checked `Program`, diagnostics, formatted text.
 * Knows nothing of tables' contents or clouds.
 */
export type * from './ast.ts'
export { type BuiltinSignature, builtins } from './builtins.ts'
export { type CheckOptions, type CheckResult, checkPolicies } from './check/check-policies.ts'
export { type CheckedQuery, checkQuery, QUERY, type ReadTuple, readTuple } from './check/query.ts'
export {
  displayName,
  renderExpr,
  renderLiteral,
  renderRule,
  renderTuple,
  renderValue,
  type VariableText,
} from './check/render.ts'
export { type Dependency, type Stratification, stratify } from './check/stratify.ts'
export type * from './core.ts'
export { format } from './syntax/format.ts'
export { formatPolicy } from './syntax/layout.ts'
export { parsePolicy, parseQuery } from './syntax/parse.ts'
