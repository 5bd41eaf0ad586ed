import type { Clock } from './types.ts'

/** Node's limit for timers; a longer wait is looked at again after it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The time of the machine when this process began, and from there on what a stopwatch says: a clock that is set while the process
 * runs, forward or back, changes nothing here. Its timers keep the process alive.
 */
export function steadyClock(): Clock {
  const began = Date.now() - performance.now()
  return {
    now: () => Math.round(began + performance.now()),
    after(ms, call) {
      const timer = setTimeout(call, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
      return () => clearTimeout(timer)
    },
  }
}

export const systemClock: Clock = steadyClock()
