import type { ServiceEvent } from '../../control/index.ts'

/** The last events that happened, by a position that only grows. */
export class RecentEvents {
  readonly #most: number
  #events: ServiceEvent[] = []
  /** Position of the first that is kept. */
  #start = 0
  readonly #positions = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  get start(): number {
    return this.#start
  }

  /** One after the last. */
  get end(): number {
    return this.#start + this.#events.length
  }

  add(event: ServiceEvent): void {
    this.#positions.set(event.id, this.end)
    this.#events.push(event)
    // Cut off rarely: moving the rest costs its length.
    if (this.#events.length < 2 * this.#most) return
    for (const old of this.#events.slice(0, -this.#most)) this.#positions.delete(old.id)
    this.#start += this.#events.length - this.#most
    this.#events = this.#events.slice(-this.#most)
  }

  positionOf(id: string): number | undefined {
    return this.#positions.get(id)
  }

  /** Events from a position on, at most so many. */
  from(position: number, most: number): readonly ServiceEvent[] {
    return this.#events.slice(position - this.#start, position - this.#start + most)
  }
}
