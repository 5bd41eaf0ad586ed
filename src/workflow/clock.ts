import type { Clock } from './types.ts'

/** Node's limit for timers; a longer wait is looked at again after it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's own clock. Its timers keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
