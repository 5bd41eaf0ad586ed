import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { type Environment, type PlaceInFile, readConfigFile } from '../../datasources/index.ts'
import { configSchema, type ServiceConfig } from './config.ts'

/** What `usher.yaml` says. */
export interface ConfigFile<Api> {
  /** Paths in it are whole. */
  readonly config: ServiceConfig
  readonly api: Api
  /** The folder of the file. */
  readonly base: string
  /** Where an entry stands, by the way to it. */
  readonly placeOf: PlaceInFile
}

/**
 * Read the service's configuration.
 * @param api the form of its part `api`, which another room reads
 * @throws DiagnosticError with everything that is wrong, each with its place
 */
export async function readServiceConfig<Api>(
  path: string,
  environment: Environment,
  api: z.ZodType<Api>,
): Promise<ConfigFile<Api>> {
  const schema = configSchema.extend({ api: (api as z.ZodType<Record<string, unknown>>).prefault({}) })
  const { value, placeOf } = await readConfigFile(path, schema, environment, {
    code: 'control/bad-config',
    help: 'docs/reference/configuration.md lists what may stand there',
  })
  const base = dirname(resolve(path))
  const whole = (one: string | undefined) => (one === undefined ? {} : { path: resolve(base, one) })
  const { database, policies } = value
  const { path: file } = whole(database.file)
  const { path: folder } = whole(policies.folder)
  const { path: library } = whole(policies.library)
  const config: ServiceConfig = {
    ...value,
    database: { ...database, ...(file !== undefined && { file }) },
    policies: { ...policies, ...(folder !== undefined && { folder }), ...(library !== undefined && { library }) },
  }
  return { config, api: value.api as Api, base, placeOf }
}
