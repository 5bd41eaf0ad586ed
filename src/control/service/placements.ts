import { v7 as newId } from 'uuid'
import { fail, nearestName } from '../../diagnostic/index.ts'
import type { Row } from '../../tables/index.ts'
import { withRows } from '../new-vm-rows.ts'
import { IMAGE_TABLES } from '../plan-images.ts'
import type { Domains } from './cycle/domains.ts'
import { programFor } from './cycle/group-program.ts'
import type { ExceptionList } from './exceptions.ts'
import { limitOf, pageOf, readCursor } from './page.ts'
import { moment, type Parts } from './parts.ts'
import { planningOf, tablesReadBy } from './preview.ts'
import { writeAudit } from './record/audit.ts'
import { readTables } from './snapshots.ts'
import { packTables } from './thread/pack.ts'
import type { JobThread } from './thread/pool.ts'
import type { Actor, CycleView, Page, PageRequest, Placements, Recommendation, RecommendRequest } from './types.ts'
import { type LiveWorld, LOCATION, positionOf } from './world/live-world.ts'

/** Where VMs are, cycles, and hosts for new VMs. */
export class PlacementDesk implements Placements {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #domains: Domains
  readonly #exceptions: ExceptionList
  readonly #thread: JobThread
  readonly #onRequest: () => void

  constructor(
    parts: Parts,
    world: LiveWorld,
    domains: Domains,
    exceptions: ExceptionList,
    thread: JobThread,
    onRequest: () => void,
  ) {
    this.#parts = parts
    this.#world = world
    this.#domains = domains
    this.#exceptions = exceptions
    this.#thread = thread
    this.#onRequest = onRequest
  }

  async list(request: PageRequest & { readonly host?: string }) {
    const limit = limitOf(request)
    const after = readCursor<Row>(request.cursor)
    const all = this.#world.rows(LOCATION)
    const { host } = request
    const page: Row[] = []
    let from = after ? positionOf(all, after) : 0
    if (after && JSON.stringify(all[from]) === JSON.stringify(after)) from++
    for (let i = from; i < all.length && page.length <= limit; i++)
      if (host === undefined || String(all[i]![1]) === host) page.push(all[i]!)
    const found = pageOf(page, limit, row => row)
    return { ...found, items: found.items.map(([vm = null, on = null]) => ({ vm, host: on })) }
  }

  async run(domain: string | undefined, actor: Actor): Promise<CycleView> {
    const { store, clock } = this.#parts
    const all = this.#domains.list()
    if (domain !== undefined && !all.includes(domain)) {
      const near = nearestName(domain, all)
      fail('control/unknown-domain', `there is no placement domain \`${domain}\``, {
        help: near ? `did you mean \`${near}\`?` : `there are ${all.map(d => `\`${d}\``).join(', ')}`,
      })
    }
    const at = clock.now()
    const asked = (domain === undefined ? all : [domain]).map(d => ({ id: newId(), domain: d }))
    await store.transaction(async tx => {
      for (const request of asked)
        await tx
          .insertInto('requests')
          .values({ ...request, cause: 'demand', at, actor: actor.id })
          .execute()
      await writeAudit(tx, at, actor, { action: 'placement.run', subject: domain ?? 'all domains' })
    })
    this.#onRequest()
    const [first] = asked
    if (!first)
      return fail('control/unknown-domain', 'there is no placement domain yet', { help: 'wait until tables are read' })
    return { ...first, trigger: 'demand', stage: 'evaluate', startedAt: moment(at) }
  }

  /** The newest first. */
  async cycles(request: PageRequest): Promise<Page<CycleView>> {
    const limit = limitOf(request)
    const before = readCursor<string>(request.cursor)
    let query = this.#parts.store.db
      .selectFrom('cycles')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit + 1)
    if (before !== undefined) query = query.where('id', '<', before)
    const page = pageOf(await query.execute(), limit, row => row.id)
    return {
      ...page,
      items: page.items.map(row => ({
        ...{ id: row.id, domain: row.domain, trigger: row.cause as CycleView['trigger'] },
        stage: row.stage as CycleView['stage'],
        ...(row.outcome !== null && { outcome: row.outcome }),
        ...(row.plan !== null && { plan: row.plan }),
        startedAt: moment(row.started_at),
        ...(row.ended_at !== null && { endedAt: moment(row.ended_at) }),
      })),
    }
  }

  async recommend(request: RecommendRequest): Promise<Recommendation> {
    const { config } = this.#parts
    const { vms, rows, moveOthers = false, seconds } = request
    const tables = new Map(await readTables(this.#world))
    if (!tables.has(LOCATION))
      return fail('control/nothing-to-place', `no data source has \`${LOCATION}\``, { help: 'add one that has' })
    const { program: live } = this.#world
    const everyone = new Set(live.policies.map(({ name }) => name))
    const { program, tables: excepted } = programFor(live, everyone, this.#exceptions.active())
    for (const data of excepted) tables.set(data.schema.table, data)
    // A wrong request is refused before it waits for the thread.
    withRows(tables, vms, rows)
    const read = tablesReadBy([program])
    const described = new Set([...rows.map(({ table }) => table), ...Object.values<string>(IMAGE_TABLES)])
    const limit = seconds ?? config.control.placement.seconds
    return this.#thread.run<'place new'>(
      {
        ...{ kind: 'place new', program, vms, rows, moveOthers },
        tables: await packTables(tables, name => read.has(name) || described.has(name) || name.startsWith('excepted:')),
        planning: planningOf(config.control, limit),
      },
      limit * 3,
    )
  }
}
