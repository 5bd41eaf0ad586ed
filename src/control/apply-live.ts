import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type LiveSource, readSourcesFile, storeJournal } from '../datasources/index.ts'
import { fail } from '../diagnostic/index.ts'
import type { Program } from '../language/index.ts'
import type { PlaceOptions } from '../placement/index.ts'
import { openStore } from '../store/index.ts'
import { type ApplyProgress, type ApplyResult, applyOn } from './apply.ts'
import { viewOfTables } from './cloud-view.ts'
import { EVACUATION_TABLES, evacuating } from './evacuating.ts'
import { LiveTables } from './live-tables.ts'
import type { PlanOptions } from './plan.ts'
import { MIGRATE } from './plan-workflow.ts'
import type { Sources } from './policy-files.ts'
import { openWorld, type World } from './world.ts'

export interface LiveRequest {
  readonly policies: readonly string[]
  /** YAML file with the data sources of the cloud. */
  readonly cloud: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface ApplyLiveRequest extends LiveRequest {
  readonly place?: PlaceOptions
  readonly plan?: PlanOptions
  /** Where the workflow and what was asked of the cloud are kept. */
  readonly state: string
  /** How long one try of a migration may take. */
  readonly timeoutSeconds: number
  /** Build VMs of hosts that are down anew elsewhere. */
  readonly evacuate?: boolean
  /** How often another plan may follow. */
  readonly replans: number
}

/** Policies over the tables of a cloud as they are now, read once. */
export async function openLiveWorld(request: LiveRequest, sources: Sources): Promise<World> {
  const live = await readSourcesFile(request.cloud, request.environment)
  const tables = new LiveTables(live)
  try {
    const { program, warnings } = await openWorld({ policies: request.policies, tables: tables.schemas() }, sources)
    await tables.follow(tablesOf(program))
    return { program, tables: tables.snapshot(), warnings }
  } finally {
    await tables.stop()
  }
}

/**
 * Plan over a cloud as it is and carry the plan out on it. What a killed process left in the state folder is carried to its end first:
 * the cloud is looked at, and nothing is sent a second time.
 */
export async function applyLive(
  request: ApplyLiveRequest,
  sources: Sources,
  onProgress: (progress: ApplyProgress) => void,
): Promise<ApplyResult> {
  mkdirSync(request.state, { recursive: true })
  const store = await openStore({ file: join(request.state, 'usher.db') })
  try {
    const journal = await storeJournal(store)
    const live = await readSourcesFile(request.cloud, request.environment, { journal })
    const acting = actorOf(live, request.cloud)
    const tables = new LiveTables(live)
    try {
      const { program } = await openWorld({ policies: request.policies, tables: tables.schemas() }, sources)
      await tables.follow(tablesOf(program))
      const snapshot = () => tables.snapshot()
      const cloud = request.evacuate ? evacuating(acting, viewOfTables(snapshot)) : acting
      const site = { store, cloud, tables: snapshot, refresh: () => tables.refresh() }
      return await applyOn(site, program, request, onProgress)
    } finally {
      await tables.stop()
    }
  } finally {
    await store.close()
  }
}

/** The tables that policies read, and those that carrying a plan out needs. */
function tablesOf(program: Program): ReadonlySet<string> {
  return new Set([...program.tables.keys(), ...EVACUATION_TABLES])
}

function actorOf(sources: readonly LiveSource[], file: string): NonNullable<LiveSource['cloud']> {
  const acting = sources.filter(source => source.actions.some(action => action.name === MIGRATE) && source.cloud)
  if (acting.length !== 1)
    fail(
      'cli/no-cloud',
      acting.length === 0
        ? `no data source of \`${file}\` can migrate VMs`
        : `several data sources of \`${file}\` can migrate VMs: ${acting.map(source => `\`${source.name}\``).join(', ')}`,
      { help: 'give a file with exactly one cloud' },
    )
  return acting[0]!.cloud!
}
