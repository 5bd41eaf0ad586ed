import type { Store } from '../store/index.ts'
import type { Environment } from './config/index.ts'
import type { LiveSource, LiveTable } from './live/index.ts'
import type { OpenSourcesOptions } from './open-sources.ts'
import type { ActionJournal } from './openstack/actions/index.ts'

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
export async function readSourcesFile(
  path: string,
  environment: Environment,
  more: Pick<OpenSourcesOptions, 'journal'> = {},
): Promise<readonly LiveSource[]> {
  const sources = await import('./sources-file.ts')
  return sources.readSourcesFile(path, environment, more)
}

/** Every service that the driver `openstack` reads. */
export async function describedSources(): Promise<readonly DescribedSource[]> {
  const sources = await import('./openstack/described-sources.ts')
  return sources.describedSources()
}

type ConfigFile = typeof import('./config/config-file.ts')

/** A YAML file of settings, checked by a schema. */
export const readConfigFile = (async (...given: Parameters<ConfigFile['readConfigFile']>) =>
  (await import('./config/config-file.ts')).readConfigFile(...given)) as ConfigFile['readConfigFile']

/** Where actions on clouds are remembered so that another process can go on with them. */
export async function storeJournal(store: Store): Promise<ActionJournal> {
  return (await import('./openstack/actions/index.ts')).storeJournal(store)
}
