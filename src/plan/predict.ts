import type { Value } from '../tables/index.ts'
import { mibPerSecond } from './duration.ts'
import { type Likely, likelyMakespan } from './likely.ts'
import { Links } from './links.ts'
import type { Network, VmMemory } from './network-types.ts'
import { simulate, type Times } from './simulate.ts'

/** A migration of a plan that was made elsewhere. */
export interface Migration {
  readonly from: Value
  readonly to: Value
  readonly memory: VmMemory
  /** Bandwidth it is held to, in Mb/s. */
  readonly mbps?: number
  /** Indices of migrations that must have ended before it starts. */
  readonly after: readonly number[]
}

/** When each of these migrations would start and end, all started as soon as they may, and how much they would send. */
export function predict(network: Network, migrations: readonly Migration[]): Times & { readonly likely: Likely } {
  const links = new Links(network)
  const numbers = new Map<Value, number>()
  const number = (host: Value) => numbers.get(host) ?? numbers.set(host, numbers.size).get(host)!
  const jobs = migrations.map(({ from, to, memory, mbps }) => ({
    memory,
    from: number(from),
    to: number(to),
    route: links.route(from, to),
    ...(mbps !== undefined && { cap: mibPerSecond(mbps) * links.parameters.efficiency }),
  }))
  const needs = migrations.map(m => m.after)
  const times = simulate(links, jobs, needs)
  if (!times) throw new Error('the migrations wait for each other')
  return { ...times, likely: likelyMakespan(links, jobs, needs) }
}
