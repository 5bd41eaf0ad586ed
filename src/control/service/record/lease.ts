import { forUpdate, type StoreTransaction } from '../../../store/index.ts'
import { forLog, type Parts } from '../parts.ts'

/** How often within a lease its holder shows that it lives, and the others look. */
const BEATS = 3

/**
 * What only one replica may do at a time. A holder counts `beat` up; the others see by their own clocks whether it stands still, so that
 * clocks of different replicas may differ. A holder that could not write its beat for the length of a lease stops by itself, a little
 * before the others can take over. Where the database itself was away, the holder comes first: the others begin to count anew.
 */
export class Lease {
  readonly name: string
  readonly #parts: Parts
  readonly #length: number
  readonly #onChange: (held: boolean, uninterrupted: boolean) => void
  readonly #patience: () => number
  #epoch: number | undefined
  /** Looks at it since it was free. */
  #looks = 0
  /** What `onChange` was told last. */
  #told = false
  /** Of the last time that it was held. */
  #lastEpoch: number | undefined
  /** Of the last beat that was written, by this process's monotonic clock. */
  #beatAt = 0
  /** What was seen last of another holder, and since when. */
  #seen: { readonly key: string; readonly since: number } | undefined
  #cancelTimer: (() => void) | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  /**
   * @param onChange told when it is held and when no longer; `uninterrupted`: it was held before, and by nobody else meanwhile
   * @param patience how often a free lease is looked at before it is taken: those who have less to do are faster
   */
  constructor(
    parts: Parts,
    name: string,
    onChange: (held: boolean, uninterrupted: boolean) => void = () => {},
    patience: () => number = () => 0,
  ) {
    this.#parts = parts
    this.name = name
    this.#length = parts.config.control.lease * 1000
    this.#onChange = onChange
    this.#patience = patience
    this.#look()
  }

  /** Whether this replica holds it, as far as it can know. */
  get held(): boolean {
    return this.#epoch !== undefined && performance.now() - this.#beatAt < this.#length * 0.8
  }

  /** Inside a transaction: refuse it unless the lease is still held, and keep others from taking it until the end. */
  async confirm(tx: StoreTransaction): Promise<void> {
    const query = tx.selectFrom('leases').select(['holder', 'epoch']).where('name', '=', this.name)
    const row = await forUpdate(this.#parts.store, query).executeTakeFirst()
    if (row?.holder !== this.#parts.replica || row.epoch !== this.#epoch) throw new LeaseLostError(this.name)
  }

  /** Give it back, so that another need not wait. */
  async release(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#looking
    const epoch = this.#epoch
    if (epoch === undefined) return
    this.#epoch = undefined
    await this.#parts.store.transaction(async tx => {
      await tx
        .updateTable('leases')
        .set({ holder: '' })
        .where('name', '=', this.name)
        .where('epoch', '=', epoch)
        .execute()
    })
  }

  #look(): void {
    this.#looking = this.#step()
      .catch(error => {
        this.#seen = undefined
        this.#parts.log.debug({ lease: this.name, ...forLog(error) }, 'a lease can not be looked at now')
      })
      .then(() => {
        this.#tell()
        if (this.#stopped) return
        this.#cancelTimer = this.#parts.clock.after(this.#length / BEATS, () => this.#look())
      })
  }

  #tell(): void {
    const { held } = this
    if (held === this.#told) return
    this.#told = held
    this.#parts.log[held ? 'info' : 'warn']({ lease: this.name }, held ? 'holds a lease' : 'holds a lease no longer')
    const before = this.#lastEpoch
    if (held) this.#lastEpoch = this.#epoch
    this.#onChange(held, held && before !== undefined && this.#epoch! - before <= 1)
  }

  async #step(): Promise<void> {
    const { store, replica } = this.#parts
    const asked = performance.now()
    const own = this.#epoch
    if (own !== undefined) {
      const kept = await store.transaction(tx =>
        tx
          .updateTable('leases')
          .set(eb => ({ beat: eb('beat', '+', 1) }))
          .where('name', '=', this.name)
          .where('holder', '=', replica)
          .where('epoch', '=', own)
          .executeTakeFirst(),
      )
      // The beat may be late: whoever looked meanwhile saw that it was not held, and has stopped. He is told before it is held again.
      this.#tell()
      if (Number(kept.numUpdatedRows) === 0) this.#epoch = undefined
      else this.#beatAt = asked
      return
    }
    const row = await store.db.selectFrom('leases').selectAll().where('name', '=', this.name).executeTakeFirst()
    if (row && row.holder !== '' && row.holder !== replica && !this.#standsStill(`${row.epoch}/${row.beat}`)) {
      this.#looks = 0
      return
    }
    if (this.#looks++ < this.#patience()) return
    this.#looks = 0
    const epoch = (row?.epoch ?? 0) + 1
    const taken = await store.transaction(async tx => {
      if (!row) {
        const values = { name: this.name, holder: replica, epoch, beat: 0 }
        const made = await tx
          .insertInto('leases')
          .values(values)
          .onConflict(c => c.doNothing())
          .executeTakeFirst()
        return Number(made.numInsertedOrUpdatedRows ?? 0) > 0
      }
      const changed = await tx
        .updateTable('leases')
        .set({ holder: replica, epoch, beat: 0 })
        .where('name', '=', this.name)
        .where('epoch', '=', row.epoch)
        .where('beat', '=', row.beat)
        .where('holder', '=', row.holder)
        .executeTakeFirst()
      return Number(changed.numUpdatedRows) > 0
    })
    if (!taken) return
    this.#epoch = epoch
    this.#beatAt = asked
    this.#seen = undefined
  }

  #standsStill(key: string): boolean {
    const now = performance.now()
    if (this.#seen?.key !== key) this.#seen = { key, since: now }
    return now - this.#seen.since >= this.#length
  }
}

/** Another replica took over. */
export class LeaseLostError extends Error {
  constructor(name: string) {
    super(`the lease ${name} was lost`)
    this.name = 'LeaseLostError'
  }
}
