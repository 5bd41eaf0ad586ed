/**
 * Configuration: reads a YAML file of settings, fills in environment variables, and says of each mistake where it stands.
 * Takes a path and a schema, gives checked settings. Knows nothing of what they are for.
 */
export { type PlaceOf, type Refusal, readConfigFile } from './config-file.ts'
export type { Environment } from './environment.ts'
export {
  columnSettings,
  duration,
  moduleName,
  reaching,
  secret,
  staleAfter,
  tableName,
  tableSettings,
} from './settings.ts'
