import { fail } from '../diagnostic/index.ts'
import type { Value } from '../tables/index.ts'
import { DEFAULT_MBPS, DEFAULT_PARAMETERS, mibPerSecond } from './duration.ts'
import type { MigrationParameters, Network } from './network-types.ts'

/** Links by number, with what they carry and how many migrations they take at once. */
export class Links {
  readonly parameters: MigrationParameters
  /** MiB/s of each link. */
  readonly rates: number[] = []
  readonly limits: number[] = []
  /** Mb/s, as given. */
  readonly #nominal: number[] = []
  readonly #network: Network
  readonly #numbers = new Map<string, number>()

  constructor(network: Network = {}) {
    this.#network = network
    this.parameters = { ...DEFAULT_PARAMETERS, ...network.parameters }
  }

  /** The way from one host to another: the sender's link out, what lies between, the receiver's link in. */
  route(from: Value, to: Value): number[] {
    const { host, path } = this.#network
    const own = (h: Value, way: 'out' | 'in') =>
      this.#number(
        `${h}${typeof h === 'number' ? ' ' : ''} ${way}`,
        host?.(h) ?? DEFAULT_MBPS,
        Number.POSITIVE_INFINITY,
      )
    const between = path?.(from, to) ?? []
    return [
      own(from, 'out'),
      ...between.map(l => this.#number(`between: ${l.name}`, l.mbps, l.limit ?? Number.POSITIVE_INFINITY)),
      own(to, 'in'),
    ]
  }

  /** MiB/s on a way that nobody else uses. */
  rateAlone(route: readonly number[]): number {
    return Math.min(...route.map(l => this.rates[l]!))
  }

  #number(name: string, mbps: number, limit: number): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) {
      const [rate, most] = [this.#nominal[known]!, this.limits[known]!]
      if (rate !== mbps || most !== limit)
        fail(
          'plan/contradictory-link',
          `the link \`${name}\` is told of twice, with ${told(rate, most)} and with ${told(mbps, limit)}`,
          {
            help: 'give each link one bandwidth and one limit; another link is one of another name',
          },
        )
      return known
    }
    if (!(limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 1)))
      fail('plan/bad-limit', `the limit of the link \`${name}\` is \`${limit}\`, which lets no migration cross it`, {
        help: 'give a whole number from 1, or leave it out',
      })
    if (!(mbps > 0))
      fail('plan/bad-bandwidth', `the link \`${name}\` has a bandwidth of \`${mbps}\` Mb/s`, {
        help: 'give a positive number',
      })
    const number = this.rates.push(mibPerSecond(mbps) * this.parameters.efficiency) - 1
    this.#nominal.push(mbps)
    this.limits.push(limit)
    this.#numbers.set(name, number)
    return number
  }
}

const told = (mbps: number, limit: number) =>
  `${mbps} Mb/s${limit === Number.POSITIVE_INFINITY ? '' : ` and ${limit} at once`}`

/** Somebody who uses links: at most `cap` (MiB/s), if given. */
export interface Flow {
  readonly route: readonly number[]
  readonly cap?: number
}

/**
 * Max-min fair rates: all flows grow together until a link is full or a flow is at its cap; those stop and the others go on.
 * What long TCP transfers come to that share links (Bertsekas and Gallager, Data Networks, 6.5.2).
 */
export function fairRates(rates: readonly number[], flows: readonly Flow[]): number[] {
  const given = flows.map(() => -1)
  const room = new Map<number, number>()
  const users = new Map<number, number>()
  for (const { route } of flows)
    for (const l of route) {
      room.set(l, rates[l]!)
      users.set(l, (users.get(l) ?? 0) + 1)
    }
  for (let open = flows.length; open > 0; ) {
    let level = Number.POSITIVE_INFINITY
    for (const [l, n] of users) if (n > 0) level = Math.min(level, room.get(l)! / n)
    flows.forEach((flow, i) => {
      if (given[i]! < 0 && flow.cap !== undefined) level = Math.min(level, flow.cap)
    })
    const full = new Set(
      [...users].filter(([l, n]) => n > 0 && room.get(l)! / n <= level * (1 + 1e-12)).map(([l]) => l),
    )
    flows.forEach((flow, i) => {
      if (given[i]! >= 0 || !((flow.cap ?? Number.POSITIVE_INFINITY) <= level || flow.route.some(l => full.has(l))))
        return
      given[i] = level
      open--
      for (const l of flow.route) {
        room.set(l, room.get(l)! - level)
        users.set(l, users.get(l)! - 1)
      }
    })
  }
  return given
}
