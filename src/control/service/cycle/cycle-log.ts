import { moment, type Parts } from '../parts.ts'
import type { Lease } from '../record/lease.ts'
import type { CycleView } from '../types.ts'
import type { Measures } from './measures.ts'

export interface Cycle {
  readonly id: string
  readonly cause: CycleView['trigger']
}

/** The cycles of one domain in the database, written by the replica that has its lease. */
export class CycleLog {
  readonly #parts: Parts
  readonly #domain: string
  readonly #lease: Lease
  readonly #measures: Measures

  constructor(parts: Parts, domain: string, lease: Lease, measures: Measures) {
    this.#parts = parts
    this.#domain = domain
    this.#lease = lease
    this.#measures = measures
  }

  /** A cycle that was asked for; it is taken when it begins. */
  async asked(): Promise<Cycle | undefined> {
    const query = this.#parts.store.db.selectFrom('requests').selectAll()
    const row = await query.where('domain', '=', this.#domain).orderBy('at').limit(1).executeTakeFirst()
    return row && { id: row.id, cause: row.cause as Cycle['cause'] }
  }

  /** A cycle begins, or another replica's is gone on with. */
  async begin(cycle: Cycle, stage: CycleView['stage'], plan: string | null = null): Promise<Cycle> {
    const parts = this.#parts
    const now = parts.clock.now()
    await parts.store.transaction(async tx => {
      await this.#lease.confirm(tx)
      await tx.deleteFrom('requests').where('id', '=', cycle.id).execute()
      await tx
        .insertInto('cycles')
        .values({
          ...{
            id: cycle.id,
            domain: this.#domain,
            cause: cycle.cause,
            stage,
            holder: parts.replica,
            outcome: null,
            plan,
          },
          ...{ started_at: now, ended_at: null },
        })
        .onConflict(c => c.column('id').doUpdateSet({ stage, holder: parts.replica, ended_at: null }))
        .execute()
    })
    this.#measures.stage(this.#domain, stage)
    return cycle
  }

  async stage(cycle: Cycle, stage: CycleView['stage']): Promise<void> {
    const parts = this.#parts
    await parts.store.transaction(async tx => {
      await this.#lease.confirm(tx)
      await tx.updateTable('cycles').set({ stage }).where('id', '=', cycle.id).execute()
    })
    this.#measures.stage(this.#domain, stage)
  }

  async end(cycle: Cycle, outcome: string): Promise<void> {
    const parts = this.#parts
    await parts.store.transaction(async tx => {
      await this.#lease.confirm(tx)
      await tx
        .updateTable('cycles')
        .set({ stage: 'ended', outcome, ended_at: parts.clock.now() })
        .where('id', '=', cycle.id)
        .execute()
    })
    this.#measures.stage(this.#domain, 'ended')
    parts.log.info({ cycle: cycle.id, domain: this.#domain, trigger: cycle.cause, outcome }, 'a cycle has ended')
  }

  /** The cycle that made a plan, if it is still open. */
  async of(plan: string): Promise<Cycle | undefined> {
    const query = this.#parts.store.db.selectFrom('cycles').selectAll().where('domain', '=', this.#domain)
    const rows = await query.where('ended_at', 'is', null).execute()
    const row = rows.find(one => one.plan === plan)
    return row && { id: row.id, cause: row.cause as Cycle['cause'] }
  }

  /**
   * Close the cycles of a replica that is gone: what they had decided is in the plans; the rest begins anew.
   * @param goesOn whether a plan is still to be carried to its end
   */
  async closeLeft(goesOn: (plan: string) => Promise<boolean>): Promise<void> {
    const parts = this.#parts
    const query = parts.store.db.selectFrom('cycles').selectAll().where('domain', '=', this.#domain)
    const open = await query.where('ended_at', 'is', null).execute()
    for (const { id, plan, holder, started_at } of open) {
      if (plan !== null && (await goesOn(plan))) continue
      const lost = holder === parts.replica ? 'a fault came' : `its replica \`${holder}\` was lost`
      await this.end({ id, cause: 'event' }, `cut short: ${lost} after ${moment(started_at)}`)
    }
  }
}
