import { v7 as newId } from 'uuid'
import { fail, nearestName } from '../../diagnostic/index.ts'
import type { CoreRule, Program } from '../../language/index.ts'
import type { Row, TableData } from '../../tables/index.ts'
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

/** Where VMs are that are not placed yet. */
const NOWHERE = '(not placed yet)'

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
    const location = tables.get(LOCATION)
    if (!location)
      return fail('control/nothing-to-place', `no data source has \`${LOCATION}\``, { help: 'add one that has' })
    const taken = new Set(location.rows.map(([vm]) => vm))
    const twice = vms.find((vm, i) => taken.has(vm) || vms.indexOf(vm) !== i)
    if (twice !== undefined || vms.length === 0)
      fail('control/new-vms', twice === undefined ? 'no new VM is named' : `the VM \`${twice}\` is not new`, {
        help: 'give each new VM an id of its own',
      })
    const width = location.schema.columns.length
    const pad = (row: Row) => [...row, ...Array.from({ length: width - row.length }, () => null)]
    add(
      tables,
      LOCATION,
      vms.map(vm => pad([vm, NOWHERE])),
    )
    for (const { table, row } of rows) {
      const known = tables.get(table)
      if (!known || table === LOCATION)
        fail('control/new-vms', `new VMs can't be described by \`${table}\``, { help: 'name a table of a data source' })
      if (row.length !== known!.schema.columns.length)
        fail(
          'control/new-vms',
          `a row of \`${table}\` has ${known!.schema.columns.length} values, and not ${row.length}`,
          {
            help: `give ${known!.schema.columns.map(({ name }) => name).join(', ')}`,
          },
        )
      add(tables, table, [row])
    }
    const { program: live } = this.#world
    const everyone = new Set(live.policies.map(({ name }) => name))
    const { program, tables: excepted } = programFor(live, everyone, this.#exceptions.active())
    for (const data of excepted) tables.set(data.schema.table, data)
    const wanted = withUnplaced(program)
    const read = tablesReadBy([wanted])
    const limit = seconds ?? config.control.placement.seconds
    const within = moveOthers ? undefined : { vms: new Set<Row[number]>(vms) }
    const report = await this.#thread.run<'plan'>(
      {
        kind: 'plan',
        program: wanted,
        tables: await packTables(tables, name => read.has(name) || name.startsWith('excepted:')),
        planning: planningOf(config.control, limit, within),
      },
      limit * 3,
    )
    const ends = new Map(report.moves.map(({ vm, to }) => [vm, to]))
    return { hosts: vms.flatMap(vm => (ends.has(vm) ? [{ vm, host: ends.get(vm)! }] : [])), report }
  }
}

function add(tables: Map<string, TableData>, table: string, rows: readonly Row[]): void {
  const data = tables.get(table)!
  tables.set(table, { schema: data.schema, provenance: data.provenance, rows: [...data.rows, ...rows] })
}

/** The program with the wish that no VM is nowhere, as an error. */
function withUnplaced(program: Program): Program {
  const table = 'usher:error'
  const span = { file: 'usher', start: 0, end: 0, line: 1, column: 1 }
  const location = program.tables.get(LOCATION)
  const arity = location?.arity ?? 2
  const rest = Array.from({ length: arity - 2 }, (_, i) => ({ kind: 'variable', index: i + 1 }) as const)
  const rule: CoreRule = {
    ...{ id: program.rules.length, policy: 'usher', modal: undefined, comments: [], span },
    head: { table, args: [{ kind: 'variable', index: 0 }], span },
    body: [
      {
        ...{ kind: 'atom', table: LOCATION, negated: false, span },
        args: [{ kind: 'variable', index: 0 }, { kind: 'constant', value: NOWHERE }, ...rest],
      },
    ],
    variables: ['vm', ...rest.map(() => '_')],
    text: `error(vm) :- ${LOCATION}(vm, "${NOWHERE}")`,
  }
  const shape = { name: table, arity: 1, columns: undefined, display: 'not_placed', policy: 'usher' }
  const data = { name: LOCATION, arity, columns: undefined, kind: 'data', role: undefined, policy: undefined } as const
  return {
    ...program,
    rules: [...program.rules, rule],
    tables: new Map([
      ...program.tables,
      ...(location ? [] : ([[LOCATION, { ...data, display: LOCATION }]] as const)),
      [table, { ...shape, kind: 'derived', role: 'error' } as const],
    ]),
    strata: [...program.strata, [table]],
    sources: new Map([...program.sources, ['usher', rule.text]]),
  }
}
