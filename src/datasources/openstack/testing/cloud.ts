import { onTestFinished } from 'vitest'
import type { LiveSource } from '../../live/index.ts'
import { openSources } from '../../open-sources.ts'
import { PASSWORD, type Replay, type startReplay } from './replay.ts'

/** Settings for the replayed cloud. */
export function settingsFor(replay: Pick<Replay, 'authUrl'>, more: Readonly<Record<string, unknown>> = {}) {
  const auth = { auth_url: replay.authUrl, username: 'admin', password: PASSWORD, project_name: 'admin' }
  return { name: 'cloud', driver: 'openstack', auth, region: 'RegionOne', ...more }
}

/** The sources of a replayed cloud by name; they stop with the test. */
export async function sourcesOf(
  replay: Awaited<ReturnType<typeof startReplay>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, LiveSource>>> {
  const sources = await openSources([settingsFor(replay, more)], { environment: {}, base: '.' })
  onTestFinished(async () => {
    await Promise.all(sources.map(source => source.stop()))
  })
  return Object.fromEntries(sources.map(source => [source.name, source]))
}

/** Read all tables of a source, and start it. */
export async function startAll(source: LiveSource): Promise<LiveSource> {
  source.want(new Set(source.tables.map(({ table }) => table)))
  await source.start()
  return source
}

export async function rowsOf(source: LiveSource, table: string) {
  return (await source.read()).get(table)!.rows
}

/** Wait until something holds: it must, soon. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`never held: ${holds}`)
}
