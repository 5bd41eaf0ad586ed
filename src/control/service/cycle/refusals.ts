import type { Exclusion } from '../../../placement/index.ts'
import type { Value } from '../../../tables/index.ts'

/** How long a host is not tried again for a VM that the cloud refused to bring there, in milliseconds. */
const REFUSED_MS = 3_600_000

/** Places that the cloud refused for good: the next plans do without them, for a while. */
export class Refusals {
  readonly #until = new Map<string, { readonly vm: Value; readonly host: Value; readonly until: number }>()

  add(vm: Value, host: Value, now: number): void {
    this.#until.set(JSON.stringify([vm, host]), { vm, host, until: now + REFUSED_MS })
  }

  now(now: number): Exclusion[] {
    for (const [key, { until }] of this.#until) if (until <= now) this.#until.delete(key)
    return [...this.#until.values()].map(({ vm, host }) => [{ vm, host }])
  }
}
