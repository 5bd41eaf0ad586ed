import { v7 as newId } from 'uuid'
import { fail } from '../../../diagnostic/index.ts'
import type { PlansTable, StoreTransaction } from '../../../store/index.ts'
import type { Value } from '../../../tables/index.ts'
import type { PlanReport } from '../../plan-report.ts'
import { limitOf, pageOf, readCursor } from '../page.ts'
import { moment, type Parts } from '../parts.ts'
import { writeAudit } from '../record/audit.ts'
import type { EventLog } from '../record/event-log.ts'
import type { Actor, Page, PageRequest, PlanDetail, PlanState, PlanSummary, Plans, PolicyMode } from '../types.ts'
import type { LiveWorld } from '../world/live-world.ts'
import type { CloudActions } from './cloud-actions.ts'

/** Topic of the store's signals: a plan changed; the payload is its domain. */
export const PLANS = 'service-plans'

export interface NewPlan {
  readonly domain: string
  readonly mode: Exclude<PolicyMode, 'monitor'>
  readonly report: PlanReport
  readonly policies: readonly string[]
}

type PlanRow = Readonly<PlansTable>

/** What `tolerated` holds. */
export interface PlanTerms {
  readonly tolerated: readonly string[]
  readonly policies: readonly string[]
}

/** Plans in the database, and what people decide about them. */
export class PlanBook implements Plans {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #events: EventLog
  readonly #actions: CloudActions

  constructor(parts: Parts, world: LiveWorld, events: EventLog, actions: CloudActions) {
    this.#parts = parts
    this.#world = world
    this.#events = events
    this.#actions = actions
  }

  /** The newest first. */
  async list(
    filter: { readonly state?: PlanState; readonly domain?: string },
    request: PageRequest,
  ): Promise<Page<PlanSummary>> {
    const limit = limitOf(request)
    const before = readCursor<string>(request.cursor)
    let query = this.#parts.store.db
      .selectFrom('plans')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit + 1)
    if (before !== undefined) query = query.where('id', '<', before)
    if (filter.state !== undefined) query = query.where('state', '=', filter.state)
    if (filter.domain !== undefined) query = query.where('domain', '=', filter.domain)
    const page = pageOf(await query.execute(), limit, row => row.id)
    return { ...page, items: page.items.map(summaryOf) }
  }

  async get(id: string): Promise<PlanDetail | undefined> {
    const row = await this.find(id)
    return row && this.#detailOf(row)
  }

  async approve(id: string, actor: Actor): Promise<PlanDetail> {
    const row = await this.#waiting(id)
    const { clock } = this.#parts
    if (row.expires_at !== null && row.expires_at <= clock.now())
      fail('control/plan-expired', `the plan \`${id}\` could be approved until ${moment(row.expires_at)}`, {
        help: 'start a cycle to have a new one',
      })
    const outdated = this.outdated(row)
    if (outdated !== undefined)
      fail('control/plan-outdated', `the plan \`${id}\` no longer holds: ${outdated}`, {
        help: 'start a cycle to have a new one',
      })
    await this.#decide(id, 'approved', actor, null)
    return this.#detailOf((await this.find(id))!)
  }

  async reject(id: string, reason: string, actor: Actor): Promise<PlanDetail> {
    await this.#waiting(id)
    await this.#decide(id, 'rejected', actor, reason)
    return this.#detailOf((await this.find(id))!)
  }

  async diff(from: string, to: string) {
    const [before, after] = await Promise.all([this.#known(from), this.#known(to)])
    const ends = (row: PlanRow) => endsOf(reportOf(row))
    const [old, now] = [ends(before), ends(after)]
    const vms = new Set([...old.keys(), ...now.keys()])
    return [...vms].flatMap(vm => {
      const [one, other] = [old.get(vm), now.get(vm)]
      if (one === other) return []
      return [{ vm, ...(one !== undefined && { from: one }), ...(other !== undefined && { to: other }) }]
    })
  }

  find(id: string): Promise<PlanRow | undefined> {
    return this.#parts.store.db.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Plans of a domain in a state, oldest first. */
  inState(domain: string, state: PlanState): Promise<PlanRow[]> {
    const query = this.#parts.store.db.selectFrom('plans').selectAll()
    return query.where('state', '=', state).where('domain', '=', domain).orderBy('id').execute()
  }

  /**
   * Write a plan, as part of a transaction: to be run at once, to wait for a person, or to be compared later. What was made before for
   * the same purpose and was not decided is superseded.
   */
  async add(tx: StoreTransaction, { domain, mode, report, policies }: NewPlan): Promise<PlanRow> {
    const { clock, config } = this.#parts
    const now = clock.now()
    const state: PlanState = mode === 'enforce' ? 'approved' : mode === 'advise' ? 'waiting' : 'shadow'
    const terms: PlanTerms = { tolerated: toleratedBy(report), policies }
    const count = (violations: PlanReport['violationsBefore']) => violations.filter(v => v.role === 'error').length
    const row: PlanRow = {
      ...{ id: newId(), domain, mode, state, report: JSON.stringify(report), tolerated: JSON.stringify(terms) },
      moves: report.moves.length,
      errors_before: count(report.violationsBefore),
      errors_after: count(report.violationsAfter),
      cost: String(report.cost),
      created_at: now,
      expires_at: state === 'waiting' ? now + config.control.expiry * 1000 : null,
      ...{ decided_by: mode === 'enforce' ? 'system' : null, reason: null, execution: null },
      ...{ compared: null, ended_at: null },
    }
    const older = tx
      .selectFrom('plans')
      .selectAll()
      .where('domain', '=', domain)
      .where('mode', '=', mode)
      .where('state', 'in', ['waiting', 'shadow'])
    // A shadow plan's comparison ends where the next one begins.
    for (const old of await older.execute())
      if (old.state === 'waiting') await this.#setState(tx, old, 'superseded', { reason: `by ${row.id}` })
      else if (old.compared === null)
        await tx
          .updateTable('plans')
          .set({ compared: JSON.stringify(this.#compare(old)), ended_at: now })
          .where('id', '=', old.id)
          .execute()
    await tx.insertInto('plans').values(row).execute()
    return row
  }

  /** Events at the end of the transaction that made the plan. */
  async tell(tx: StoreTransaction, row: PlanRow): Promise<void> {
    await this.#events.write(tx, [{ kind: 'plan', data: { ...summaryOf(row) } }])
  }

  /** Change a plan's state, in a transaction of its own. Nothing when it is not in a state from which it may. */
  async change(
    id: string,
    from: readonly PlanState[],
    to: PlanState,
    more: Partial<Pick<PlansTable, 'reason' | 'execution'>> = {},
  ): Promise<boolean> {
    const changed = await this.#parts.store.transaction(async tx => {
      const row = await tx.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst()
      if (!row || !from.includes(row.state as PlanState)) return undefined
      await this.#setState(tx, row, to, more)
      await this.tell(tx, { ...row, ...more, state: to })
      return row
    })
    if (changed) this.announce(changed.domain)
    return changed !== undefined
  }

  /** Plans that nobody decided about in time. */
  async expire(domain: string): Promise<void> {
    const now = this.#parts.clock.now()
    for (const { id, expires_at } of await this.inState(domain, 'waiting'))
      if (expires_at !== null && expires_at <= now) await this.change(id, ['waiting'], 'expired')
  }

  announce(domain: string): void {
    this.#parts.store.signal(PLANS, domain)
    this.#events.announce()
  }

  /** Why a plan can't be carried out in the world as it is; undefined: it can. */
  outdated(row: PlanRow): string | undefined {
    const report = reportOf(row)
    const { policies, tolerated } = termsOf(row)
    const moved = []
    const seen = new Set<Value>()
    for (const { vm, from } of report.moves) {
      if (seen.has(vm)) continue
      seen.add(vm)
      const place = this.#world.placeOf(vm)
      if (!place) return `the VM \`${vm}\` is gone`
      if (place[1] !== from) return `the VM \`${vm}\` is on \`${place[1]}\`, not on \`${from}\``
      moved.push({ row: place, to: endsOf(report).get(vm)! })
    }
    const added = this.#actions.newErrors(moved, policies).find(text => !tolerated.includes(text))
    return added === undefined ? undefined : `it would now bring ${added}`
  }

  async #setState(
    tx: StoreTransaction,
    { id }: PlanRow,
    state: PlanState,
    more: Partial<Pick<PlansTable, 'reason' | 'execution' | 'decided_by'>>,
  ): Promise<void> {
    const over = ['rejected', 'expired', 'superseded', 'done', 'failed'].includes(state)
    await tx
      .updateTable('plans')
      .set({ state, ...more, ...(over && { ended_at: this.#parts.clock.now() }) })
      .where('id', '=', id)
      .execute()
  }

  async #decide(id: string, state: 'approved' | 'rejected', actor: Actor, reason: string | null): Promise<void> {
    const { store, clock } = this.#parts
    const domain = await store.transaction(async tx => {
      const decided = await tx
        .updateTable('plans')
        .set({ state, decided_by: actor.id, reason, ...(state === 'rejected' && { ended_at: clock.now() }) })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .returningAll()
        .executeTakeFirst()
      if (!decided) return notWaiting(id)
      await writeAudit(tx, clock.now(), actor, {
        ...{ action: state === 'approved' ? 'plan.approve' : 'plan.reject', subject: id },
        ...(reason !== null && { after: { reason } }),
      })
      await this.tell(tx, decided)
      return decided.domain
    })
    this.announce(domain)
  }

  async #known(id: string): Promise<PlanRow> {
    return (
      (await this.find(id)) ??
      fail('control/unknown-plan', `there is no plan \`${id}\``, { help: 'list the plans to see their ids' })
    )
  }

  async #waiting(id: string): Promise<PlanRow> {
    const row = await this.#known(id)
    return row.state === 'waiting' ? row : notWaiting(id, row.state)
  }

  #detailOf(row: PlanRow): PlanDetail {
    const compared =
      row.compared === null
        ? row.mode === 'shadow'
          ? this.#compare(row)
          : undefined
        : (JSON.parse(row.compared) as PlanDetail['compared'])
    return { ...summaryOf(row), report: reportOf(row), ...(compared && { compared }) }
  }

  /** What happened to the VMs of a plan that was not run. */
  #compare(row: PlanRow): NonNullable<PlanDetail['compared']> {
    const report = reportOf(row)
    const starts = new Map<Value, Value>()
    for (const { vm, from } of report.moves) if (!starts.has(vm)) starts.set(vm, from)
    const compared = { moved: 0, same: 0, other: 0 }
    for (const [vm, to] of endsOf(report)) {
      const host = this.#world.placeOf(vm)?.[1]
      if (host === starts.get(vm)) continue
      compared.moved++
      if (host === to) compared.same++
      else compared.other++
    }
    return compared
  }
}

export const reportOf = (row: Pick<PlanRow, 'report'>): PlanReport => JSON.parse(row.report) as PlanReport

export const termsOf = (row: Pick<PlanRow, 'tolerated'>): PlanTerms => JSON.parse(row.tolerated) as PlanTerms

/** Where each VM of a plan ends. */
function endsOf({ moves }: PlanReport): Map<Value, Value> {
  return new Map(moves.map(({ vm, to }) => [vm, to]))
}

function toleratedBy(report: PlanReport): string[] {
  const texts = [...report.violationsBefore, ...report.violationsAfter].map(({ text }) => text)
  return [...new Set([...texts, ...report.brokenOnTheWay.map(({ violation }) => violation)])]
}

function notWaiting(id: string, state = 'decided'): never {
  return fail('control/plan-decided', `the plan \`${id}\` does not wait for anybody: it is ${state}`, {
    help: 'list the plans that wait',
  })
}

function summaryOf(row: PlanRow): PlanSummary {
  return {
    ...{ id: row.id, domain: row.domain, mode: row.mode as PolicyMode, state: row.state as PlanState },
    createdAt: moment(row.created_at),
    ...(row.expires_at !== null && { expiresAt: moment(row.expires_at) }),
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.execution !== null && { execution: row.execution }),
    ...{ moves: row.moves, errorsBefore: row.errors_before, errorsAfter: row.errors_after, cost: Number(row.cost) },
  }
}
