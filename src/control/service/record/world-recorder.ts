import type { Changes } from '../../../datalog/index.ts'
import { forLog, type Parts } from '../parts.ts'
import { type LiveWorld, LOCATION } from '../world/live-world.ts'
import type { EventLog, NewEvent } from './event-log.ts'
import type { Lease } from './lease.ts'

/** Milliseconds over which changes are told together. */
const SETTLE_MS = 500
/** Moves told one by one; of more only the number is told. */
const MOST_MOVES = 1000

/** Tells as events how VMs move and what the active policies cost. One replica does it; what it can't write is not told. */
export class WorldRecorder {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #events: EventLog
  readonly #lease: Lease
  readonly #stops: (() => void)[]
  /** Total weight for each priority. */
  #costs = new Map<number, number>()
  #told = ''
  #moves = new Map<string, { vm: unknown; from?: unknown; to?: unknown }>()
  #cancelTimer: (() => void) | undefined

  constructor(parts: Parts, world: LiveWorld, events: EventLog, lease: Lease) {
    this.#parts = parts
    this.#world = world
    this.#events = events
    this.#lease = lease
    this.#stops = [world.onChanges(changes => this.#note(changes)), world.onLoaded(() => this.#sumUp())]
  }

  /** Total weight by priority. */
  get costs(): ReadonlyMap<number, number> {
    return this.#costs
  }

  stop(): void {
    for (const stop of this.#stops) stop()
    this.#cancelTimer?.()
  }

  #note(changes: Changes): void {
    for (const [table, { inserted, removed }] of changes) {
      if (table === LOCATION) {
        for (const [vm, from] of removed) this.#move(vm, { from })
        for (const [vm, to] of inserted) this.#move(vm, { to })
      } else if (table.endsWith(':cost')) {
        for (const row of removed) this.#add(row, -1)
        for (const row of inserted) this.#add(row, 1)
      }
    }
    this.#tellLater()
  }

  #move(vm: unknown, part: { from?: unknown; to?: unknown }): void {
    const key = JSON.stringify(vm)
    const { from = part.from } = this.#moves.get(key) ?? {}
    this.#moves.set(key, { vm, from, ...('to' in part && { to: part.to }) })
  }

  #add([priority, weight]: readonly unknown[], sign: 1 | -1): void {
    const key = Number(priority)
    this.#costs.set(key, (this.#costs.get(key) ?? 0) + sign * Number(weight))
  }

  #sumUp(): void {
    this.#costs = new Map()
    const { program, evaluator } = this.#world
    for (const { name, role } of program.tables.values())
      if (role === 'cost') for (const row of evaluator.view.rows(name)) this.#add(row, 1)
    this.#tellLater()
  }

  #tellLater(): void {
    this.#cancelTimer ??= this.#parts.clock.after(SETTLE_MS, () => {
      this.#cancelTimer = undefined
      void this.#tell()
    })
  }

  async #tell(): Promise<void> {
    const all = [...this.#moves.values()].filter(({ from, to }) => from !== to)
    this.#moves = new Map()
    const costs = Object.fromEntries([...this.#costs].filter(([, sum]) => sum !== 0).sort(([a], [b]) => b - a))
    const text = JSON.stringify(costs)
    const news: NewEvent[] = [
      ...(all.length > MOST_MOVES
        ? [{ kind: 'placement', data: { moved: all.length } } as const]
        : all.map(move => ({ kind: 'placement', data: move }) as const)),
      ...(text === this.#told ? [] : [{ kind: 'cost', data: { costs } } as const]),
    ]
    this.#told = text
    if (news.length === 0 || !this.#lease.held) return
    try {
      await this.#parts.store.transaction(tx => this.#events.write(tx, news))
      this.#events.announce()
    } catch (error) {
      this.#parts.log.debug(forLog(error), 'moves and costs could not be told')
    }
  }
}
