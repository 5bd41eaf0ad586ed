import { dirname } from 'node:path'
import { z } from 'zod'
import { type Environment, readConfigFile } from './config/index.ts'
import type { LiveSource } from './live/index.ts'
import { type OpenSourcesOptions, openSources } from './open-sources.ts'

const sourcesFile = z.looseObject({ datasources: z.array(z.unknown(), { error: 'is a list of data sources' }) })

/** The data sources of a YAML file that has them under `datasources`; whatever else is in it is left to others. */
export async function readSourcesFile(
  path: string,
  environment: Environment,
  more: Pick<OpenSourcesOptions, 'journal'> = {},
): Promise<readonly LiveSource[]> {
  const { value, placeOf } = await readConfigFile(path, sourcesFile, environment)
  return openSources(value.datasources, {
    ...more,
    environment,
    base: dirname(path),
    placeOf: (way, name) => placeOf(['datasources', ...way], name),
  })
}
