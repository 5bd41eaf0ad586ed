/** Time as the simulator sees it: milliseconds since 1970, and something to call later. */
export interface Clock {
  now(): number
  /** Calls once when `milliseconds` have passed; the answer takes it back. */
  after(milliseconds: number, call: () => void): () => void
}

/** The longest delay that setTimeout takes. Whoever asked for more is called early and asks again. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, milliseconds), LONGEST))
    return () => clearTimeout(timer)
  },
}

/** A clock that stands still until it is told to advance. */
export interface ManualClock extends Clock {
  /** Move time on, calling what falls due on the way, in order and each at its own moment. */
  advance(milliseconds: number): void
}

export function manualClock(start = Date.UTC(2014, 11, 1)): ManualClock {
  let now = start
  let order = 0
  let waiting: { readonly due: number; readonly order: number; readonly call: () => void }[] = []
  return {
    now: () => now,
    after(milliseconds, call) {
      const entry = { due: now + Math.max(0, milliseconds), order: order++, call }
      waiting.push(entry)
      return () => {
        waiting = waiting.filter(other => other !== entry)
      }
    },
    advance(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const next = waiting
          .filter(entry => entry.due <= end)
          .reduce<(typeof waiting)[number] | undefined>(
            (a, b) => (a && (a.due < b.due || (a.due === b.due && a.order < b.order)) ? a : b),
            undefined,
          )
        if (!next) break
        waiting = waiting.filter(entry => entry !== next)
        now = Math.max(now, next.due)
        next.call()
      }
      now = end
    },
  }
}
