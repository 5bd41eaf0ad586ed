import { forLog, type Parts } from '../parts.ts'
import { Lease } from '../record/lease.ts'
import { DomainLoop, type LoopParts } from './domain-loop.ts'
import { PLANS } from './plan-book.ts'
import { readCron, Schedules } from './schedules.ts'

/** Topic of the store's signals: somebody asked for a cycle. */
export const REQUESTS = 'service-requests'
/** Milliseconds between looks whether there are new domains, and exceptions that have ended. */
const LOOK_MS = 2000
/** How many free domains a replica with others lets pass at most. */
const MOST_PATIENCE = 3

/**
 * Starts cycles: at fixed times, when violations come or rows of watched tables change, when somebody asks. Each domain's are run by the
 * replica that has its lease.
 */
export class ControlLoop {
  readonly #with: LoopParts
  readonly #parts: Parts
  readonly #loops = new Map<string, { readonly loop: DomainLoop; readonly lease: Lease }>()
  readonly #stops: (() => void)[]
  readonly #schedules: Schedules
  #excepted = ''
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(parts: LoopParts) {
    this.#with = parts
    this.#parts = parts.parts
    const { store, config } = this.#parts
    for (const schedule of config.control.schedules) readCron(schedule)
    const wake = () => this.#lookAll()
    this.#stops = [store.onSignal(REQUESTS, wake), store.onSignal(PLANS, wake)]
    if (config.control.events.enabled) this.#stops.push(...this.#watch())
    this.#schedules = new Schedules(this.#parts, parts.domains, () => {
      store.signal(REQUESTS, '')
      wake()
    })
    this.#look()
  }

  /** Domains whose cycles this replica runs. */
  get held(): readonly string[] {
    return [...this.#loops].filter(([, { lease }]) => lease.held).map(([domain]) => domain)
  }

  /** Look at once whether somebody asked for something. */
  look(): void {
    this.#parts.store.signal(REQUESTS, '')
    this.#lookAll()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#schedules.stop()
    for (const stop of this.#stops) stop()
    await Promise.all(
      [...this.#loops.values()].map(async ({ loop, lease }) => {
        await loop.stop()
        await lease.release().catch(error => this.#parts.log.warn(forLog(error), 'a lease could not be given back'))
      }),
    )
  }

  #watch(): (() => void)[] {
    const { book, world, domains, policies, exceptions } = this.#with
    const { tables } = this.#parts.config.control.events
    return [
      policies.onChange(() => this.#due()),
      exceptions.onChange(() => this.#due()),
      book.onChange(({ came }) => {
        const modes = new Map(policies.records.map(({ name, mode }) => [name, mode]))
        for (const { policy, row } of came) if (modes.get(policy) !== 'monitor') this.#due(domains.about(row))
      }),
      world.onChanges(changes => {
        if (tables.some(table => changes.has(table))) this.#due()
      }),
    ]
  }

  #due(of?: ReadonlySet<string>): void {
    const at = this.#parts.clock.now() + this.#parts.config.control.events.settle * 1000
    for (const [domain, { loop }] of this.#loops) if (!of || of.has(domain)) loop.due(at)
  }

  #lookAll(): void {
    for (const { loop } of this.#loops.values()) loop.look()
  }

  #look(): void {
    for (const domain of this.#with.domains.list()) if (!this.#loops.has(domain)) this.#add(domain)
    const excepted = JSON.stringify([...this.#with.exceptions.active().values()].flat().map(({ id }) => id))
    // What an exception covered may count from now on.
    if (excepted !== this.#excepted && this.#parts.config.control.events.enabled) this.#due()
    this.#excepted = excepted
    if (!this.#stopped) this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => this.#look())
  }

  #add(domain: string): void {
    const lease = new Lease(
      this.#parts,
      `domain:${domain}`,
      held => {
        if (held) this.#loops.get(domain)?.loop.start()
      },
      () => Math.min(MOST_PATIENCE, this.held.length),
    )
    this.#loops.set(domain, { loop: new DomainLoop(this.#with, domain, lease), lease })
  }
}
