import { Cron } from 'croner'
import { v7 as newId } from 'uuid'
import { fail } from '../../../diagnostic/index.ts'
import type { ServiceConfig } from '../config.ts'
import { forLog, type Parts } from '../parts.ts'
import type { Domains } from './domains.ts'

/** How long a firing is tried while the database is away, in milliseconds. */
const PATIENCE_MS = 60_000
const RETRY_MS = 2000

/**
 * Cycles at fixed times. Every replica keeps every schedule; at each time the one that writes the firing's row fires, by the time the
 * schedule names and not the one a clock shows.
 */
export class Schedules {
  readonly #parts: Parts
  readonly #domains: Domains
  readonly #onRequest: () => void
  readonly #stops = new Set<() => void>()
  #stopped = false

  constructor(parts: Parts, domains: Domains, onRequest: () => void) {
    this.#parts = parts
    this.#domains = domains
    this.#onRequest = onRequest
    for (const schedule of parts.config.control.schedules) this.#wait(schedule, new Date(parts.clock.now()))
  }

  stop(): void {
    this.#stopped = true
    for (const stop of this.#stops) stop()
  }

  #wait(schedule: Schedule, after: Date): void {
    const { clock } = this.#parts
    const next = readCron(schedule).nextRun(after)
    if (!next || this.#stopped) return
    const stop = clock.after(Math.max(0, next.getTime() - clock.now()), () => {
      this.#stops.delete(stop)
      // A timer can not be longer than some weeks, and may be early.
      if (clock.now() < next.getTime()) return this.#wait(schedule, after)
      void this.#fire(schedule, next.getTime(), next.getTime() + PATIENCE_MS)
      this.#wait(schedule, new Date(Math.max(next.getTime(), clock.now() - 1000)))
    })
    this.#stops.add(stop)
  }

  async #fire(schedule: Schedule, tick: number, until: number): Promise<void> {
    const { store, clock, log, replica } = this.#parts
    const name = JSON.stringify([schedule.cron, schedule.domain ?? '', schedule.timezone ?? ''])
    try {
      const fired = await store.transaction(async tx => {
        const made = await tx
          .insertInto('cron_ticks')
          .values({ schedule: name, tick, fired_by: replica })
          .onConflict(c => c.doNothing())
          .executeTakeFirst()
        if (Number(made.numInsertedOrUpdatedRows ?? 0) === 0) return false
        const domains = schedule.domain === undefined ? this.#domains.list() : [schedule.domain]
        for (const domain of domains)
          await tx
            .insertInto('requests')
            .values({ id: newId(), domain, cause: 'cron', at: clock.now(), actor: 'system' })
            .execute()
        return true
      })
      if (fired) this.#onRequest()
    } catch (error) {
      log.warn({ schedule: schedule.cron, ...forLog(error) }, 'a schedule could not fire now')
      if (clock.now() >= until || this.#stopped) return
      const stop = clock.after(RETRY_MS, () => {
        this.#stops.delete(stop)
        void this.#fire(schedule, tick, until)
      })
      this.#stops.add(stop)
    }
  }
}

type Schedule = ServiceConfig['control']['schedules'][number]

/** @throws DiagnosticError when the text is no schedule */
export function readCron({ cron, timezone }: Schedule): Cron {
  try {
    return new Cron(cron, { timezone: timezone ?? 'UTC', paused: true })
  } catch (error) {
    return fail('control/schedule', `\`${cron}\` is not a schedule: ${(error as Error).message}`, {
      help: 'write it like `*/10 * * * *`: minute, hour, day, month, day of the week',
    })
  }
}
