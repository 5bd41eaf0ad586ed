import { quiet } from '../../store/testing/quiet.ts'
import type { Clock } from '../types.ts'

/** Timers after which waiting is given up: a test that goes wrong should say so soon. */
const MOST_TIMERS = 5000

/** A clock that stands still until told; timers fire in order of time, then of setting. */
export class FakeClock implements Clock {
  #now: number
  #timers: { at: number; call: () => void }[] = []

  constructor(now = 1_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(t => t !== timer)
    }
  }

  /** Let `ms` pass, with everything that happens meanwhile. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await quiet()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) await this.#fire(next)
    this.#now = end
    await quiet()
  }

  /** Let as much time pass as `promise` needs, up to `limitMs`. */
  async until<T>(promise: Promise<T>, limitMs = 10 ** 8): Promise<T> {
    let done = false
    const mark = () => {
      done = true
    }
    promise.then(mark, mark)
    const end = this.#now + limitMs
    let fired = 0
    for (await quiet(); !done; await quiet()) {
      const next = this.#next()
      if (!next || next.at > end || ++fired > MOST_TIMERS)
        throw new Error(`nothing came of it in ${limitMs} ms of the fake clock`)
      await this.#fire(next)
    }
    return promise
  }

  #next(): { at: number; call: () => void } | undefined {
    return this.#timers.reduce<{ at: number; call: () => void } | undefined>(
      (first, t) => (first && first.at <= t.at ? first : t),
      undefined,
    )
  }

  async #fire(timer: { at: number; call: () => void }): Promise<void> {
    this.#timers = this.#timers.filter(t => t !== timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.call()
    await quiet()
  }
}
