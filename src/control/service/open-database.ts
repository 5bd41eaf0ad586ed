import type { Environment } from '../../datasources/index.ts'
import { openStore, readSecretKey, type Store } from '../../store/index.ts'
import type { ServiceConfig } from './config.ts'

/**
 * The database of a configuration, with the key for secrets that the environment names.
 * @throws DiagnosticError when it can't be opened, or the key can't be used
 */
export async function openDatabase(
  { database }: Pick<ServiceConfig, 'database'>,
  environment: Environment,
  onFault?: (error: unknown) => void,
): Promise<Store> {
  return openStore({
    ...(database.url === undefined ? { file: database.file! } : { url: database.url }),
    ...(database.connections !== undefined && { connections: database.connections }),
    ...(onFault && { onFault }),
    secretKey: readSecretKey(environment),
  })
}
