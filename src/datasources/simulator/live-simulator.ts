import { resolve } from 'node:path'
import { z } from 'zod'
import type { Delta, Snapshot, TableSchema } from '../../tables/index.ts'
import { duration } from '../config/index.ts'
import { openFolder } from '../file/folder.ts'
import type { ActionDescription, Freshness, LiveSource, LiveTable, SourceStatus } from '../live/index.ts'
import type { OpenOptions } from '../opening.ts'
import type { Cloud } from '../types.ts'
import { createSimulator } from './on-demand.ts'
import type { Simulator } from './simulator.ts'

export const simulatorSettings = z.strictObject({
  driver: z.literal('simulator'),
  name: z.string().min(1),
  /** A folder of tables that the cloud begins with. */
  path: z.string().min(1),
  /** A file from which it comes up again as it was. */
  journal: z.string().min(1).optional(),
  /** How long a live migration takes. Default: 1 s for each GiB of memory. */
  migrationTime: duration.optional(),
  failureRate: z.number().min(0).max(1).optional(),
  seed: z.number().int().optional(),
})

/** A cloud in memory over a folder of tables, to try things on. */
export async function openLiveSimulator(
  settings: z.output<typeof simulatorSettings>,
  { base, now = Date.now }: OpenOptions,
): Promise<LiveSource> {
  const { name, path, journal, migrationTime, failureRate, seed } = settings
  const cloud = await openFolder(resolve(base, path)).read()
  const simulator = await createSimulator({
    cloud,
    ...(journal === undefined ? {} : { journal: resolve(base, journal) }),
    ...(migrationTime === undefined ? {} : { migrationSeconds: migrationTime }),
    ...(failureRate === undefined ? {} : { failureRate }),
    ...(seed === undefined ? {} : { seed }),
  })
  return new LiveSimulator(name, simulator, `A simulated cloud that began with the folder ${path}`, now)
}

/** A simulator as a live source. Its tables are always right. */
class LiveSimulator implements LiveSource {
  readonly name: string
  readonly driver = 'simulator'
  readonly description: string
  readonly tables: readonly LiveTable[]
  readonly actions: readonly ActionDescription[] = [
    {
      name: 'nova:live_migrate',
      description: 'Move a running server to another host',
      inputs: [
        { name: 'vm', description: 'Id of the server', required: true },
        { name: 'host', description: 'Name of the host', required: true },
      ],
    },
  ]
  readonly #simulator: Simulator
  readonly #now: () => number
  #state: SourceStatus['state'] = 'starting'

  constructor(name: string, simulator: Simulator, description: string, now: () => number) {
    this.name = name
    this.description = description
    this.#simulator = simulator
    this.#now = now
    this.tables = [...simulator.snapshot().values()].map(({ schema }) => ({
      ...schema,
      description: `\`${schema.table}\` of the simulated cloud`,
      lazy: false,
    }))
  }

  get cloud(): Cloud {
    return this.#simulator
  }

  async schemas(): Promise<readonly TableSchema[]> {
    return this.tables
  }

  async read(): Promise<Snapshot> {
    return this.#simulator.read()
  }

  async start(): Promise<void> {
    this.#state = 'running'
  }

  async stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#simulator.close()
    this.#state = 'stopped'
  }

  want(): void {}

  async refresh(): Promise<void> {}

  subscribe(listener: (batch: readonly Delta[]) => void): () => void {
    return this.#simulator.subscribe(listener)
  }

  /** Freshness never changes: what is in memory is the cloud. */
  onFreshness(_listener: (freshness: Freshness) => void): () => void {
    return () => {}
  }

  status(): SourceStatus {
    const now = new Date(this.#now()).toISOString()
    const tables = this.tables.map(({ table }): Freshness => ({ table, state: 'fresh', rightAt: now }))
    return { state: this.#state, faults: [], tables, lastRead: now }
  }
}
