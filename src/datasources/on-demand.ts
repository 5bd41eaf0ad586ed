import type { Environment } from './config/index.ts'
import type { LiveSource, LiveTable } from './live/index.ts'
import type { OpenSourcesOptions } from './open-sources.ts'

export type SourcesOptions = OpenSourcesOptions

/** A service that is read by default, and its tables as they are listed without any cloud. */
export interface DescribedSource {
  readonly name: string
  readonly driver: string
  readonly description: string
  readonly tables: readonly LiveTable[]
}

/*
 * What needs clouds' clients loads them when it is called: most runs read a folder of tables and need none.
 */

/** See `open-sources.ts`. */
export async function openSources(
  entries: readonly unknown[],
  options: OpenSourcesOptions,
): Promise<readonly LiveSource[]> {
  const sources = await import('./open-sources.ts')
  return sources.openSources(entries, options)
}

/** The data sources of a YAML file that has them under `datasources`, not yet started. Rejects as `openSources` does. */
export async function readSourcesFile(path: string, environment: Environment): Promise<readonly LiveSource[]> {
  const sources = await import('./sources-file.ts')
  return sources.readSourcesFile(path, environment)
}

/** Every service that the driver `openstack` reads. */
export async function describedSources(): Promise<readonly DescribedSource[]> {
  const sources = await import('./openstack/described-sources.ts')
  return sources.describedSources()
}
