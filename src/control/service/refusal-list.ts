import type { Value } from '../../tables/index.ts'
import { isUnchanged, type Refusal } from '../refusals.ts'
import { forLog, moment, type Parts } from './parts.ts'
import type { HeldVm } from './types.ts'
import type { LiveWorld } from './world/live-world.ts'

/** Topic of the store's signals: refusals changed. */
const TOPIC = 'service-refusals'
/** Milliseconds after which the database is looked at though nothing was heard. */
const LOOK_MS = 5000
/** How long what the cloud refused for good is not asked for again, in milliseconds. */
const REFUSED_MS = 3_600_000
/** The same of a VM whose move may go well another time, when it has failed once; twice as long for each further time in a row. */
const AGAIN_MS = 5000
const LONGEST_AGAIN_MS = 300_000

interface Standing extends Refusal {
  readonly id: string
  readonly domain: string
  readonly until: number
}

/**
 * What the cloud has refused: plans do without it until the cloud shows something else of the VM or the host it is about, or
 * some time has passed. Kept in memory; the database is followed, so that every replica says the same, and a restart forgets nothing.
 */
export class RefusalList {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #unsubscribe: () => void
  #all: readonly Standing[] = []
  #held = new Map<Value, Standing>()
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(parts: Parts, world: LiveWorld) {
    this.#parts = parts
    this.#world = world
    this.#unsubscribe = parts.store.onSignal(TOPIC, () => void this.load())
  }

  /** Read them, and go on doing so. */
  async load(): Promise<void> {
    this.#cancelTimer?.()
    try {
      const rows = await this.#parts.store.db.selectFrom('refusals').selectAll().orderBy('id').execute()
      this.#all = rows.map(({ id, domain, body, until }) => ({
        ...{ id, domain, until: Number(until), host: undefined, state: undefined },
        ...(JSON.parse(body) as Pick<Refusal, 'remedy' | 'vm' | 'why'>),
      }))
      this.#held = new Map(this.#all.flatMap(one => (one.host === undefined ? [[one.vm, one] as const] : [])))
    } catch (error) {
      this.#parts.log.debug(forLog(error), 'refusals can not be read now')
    }
    if (!this.#stopped) this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => void this.load())
  }

  /** Those that stand now. */
  standing(): readonly Refusal[] {
    return this.#all.filter(one => this.#stands(one))
  }

  /** VMs among some values that the cloud does not let go, and why. */
  heldAmong(values: readonly Value[]): readonly HeldVm[] {
    if (this.#held.size === 0) return []
    return values.flatMap(value => {
      const one = this.#held.get(value)
      return one && this.#stands(one) ? [{ vm: one.vm, because: one.why, until: moment(one.until) }] : []
    })
  }

  /** @param times how often in a row a VM's move has failed */
  async add(domain: string, refusals: readonly Refusal[], times: (vm: Value) => number): Promise<void> {
    const { store, clock } = this.#parts
    await store.transaction(async tx => {
      for (const refusal of refusals) {
        const { vm, host, remedy } = refusal
        const again = Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** (times(vm) - 1))
        const until = clock.now() + (remedy === 'again' ? again : REFUSED_MS)
        const row = { domain, body: JSON.stringify(refusal), until }
        await tx
          .insertInto('refusals')
          .values({ id: JSON.stringify(host === undefined ? [vm] : [vm, host]), ...row })
          .onConflict(conflict => conflict.column('id').doUpdateSet(row))
          .execute()
      }
    })
    await this.#changed()
  }

  /** Forget those of a domain that no longer stand; false: all do. */
  async release(domain: string): Promise<boolean> {
    const over = this.#all.filter(one => one.domain === domain && !this.#stands(one)).map(({ id }) => id)
    if (over.length === 0) return false
    await this.#parts.store.transaction(tx => tx.deleteFrom('refusals').where('id', 'in', over).execute())
    await this.#changed()
    return true
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
  }

  #stands(one: Standing): boolean {
    return one.until > this.#parts.clock.now() && isUnchanged(one, this.#world.look)
  }

  async #changed(): Promise<void> {
    await this.load()
    this.#parts.store.signal(TOPIC, '')
  }
}
