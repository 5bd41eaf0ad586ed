import type { Row, Value } from '../../../tables/index.ts'
import type { ServiceConfig } from '../config.ts'
import { type LiveWorld, LOCATION } from '../world/live-world.ts'

/** The domain of all hosts, where nothing parts them. */
export const EVERYWHERE = 'all'

/** Placement domains: a partition of the hosts. VMs stay inside theirs; each has its own cycles. */
export class Domains {
  readonly #config: ServiceConfig['control']['domains']
  readonly #world: LiveWorld
  readonly #patterns: readonly { readonly domain: string; readonly fits: RegExp }[]
  #kept: { readonly revision: number; readonly of: ReadonlyMap<Value, string> } | undefined

  constructor(config: ServiceConfig['control']['domains'], world: LiveWorld) {
    this.#config = config
    this.#world = world
    this.#patterns = Object.entries(config.hosts ?? {}).flatMap(([domain, hosts]) =>
      hosts.map(host => ({ domain, fits: patternOf(host) })),
    )
  }

  /** Names of all domains, in order. */
  list(): readonly string[] {
    if (this.#config.hosts) return Object.keys(this.#config.hosts).sort()
    if (!this.#config.table) return [EVERYWHERE]
    return [...new Set(this.#byTable().values())].sort()
  }

  /** Undefined: no domain has it, and nothing moves to or from it. */
  of(host: Value): string | undefined {
    if (this.#config.table) return this.#byTable().get(host)
    if (!this.#config.hosts) return EVERYWHERE
    return this.#patterns.find(({ fits }) => fits.test(String(host)))?.domain
  }

  /** Whether a domain is all there is. */
  get isOne(): boolean {
    return !this.#config.hosts && !this.#config.table
  }

  /**
   * Domains that a violation is about: those of the hosts it names, and of the hosts of VMs that it names. None of these: it may be
   * about any.
   */
  about(row: Row): ReadonlySet<string> | undefined {
    if (this.isOne) return undefined
    const found = new Set<string>()
    for (const value of row) {
      const place = this.#world.placeOf(value)
      const domain = this.of(place ? (place[1] ?? null) : value)
      if (domain !== undefined) found.add(domain)
    }
    return found.size > 0 ? found : undefined
  }

  /** VMs and hosts of a domain; undefined: all. */
  within(domain: string): { readonly vms: Set<Value>; readonly hosts: Set<Value> } | undefined {
    if (this.isOne) return undefined
    const hosts = new Set<Value>()
    const vms = new Set<Value>()
    if (this.#config.table) {
      for (const [host, name] of this.#byTable()) if (name === domain) hosts.add(host)
    } else for (const host of this.#knownHosts()) if (this.of(host) === domain) hosts.add(host)
    this.#world.evaluator.view.each(LOCATION, ([vm = null, host = null]) => {
      if (hosts.has(host)) vms.add(vm)
    })
    return { vms, hosts }
  }

  /** Hosts that tables name: those with VMs, and those that the cloud lists. */
  #knownHosts(): Set<Value> {
    const hosts = new Set<Value>()
    const { view } = this.#world.evaluator
    view.each(LOCATION, ([, host = null]) => hosts.add(host))
    for (const [table, column] of HOST_TABLES) {
      const at = this.#columnOf(table, column)
      if (at >= 0) view.each(table, row => hosts.add(row[at] ?? null))
    }
    return hosts
  }

  #byTable(): ReadonlyMap<Value, string> {
    const { revision } = this.#world
    if (this.#kept?.revision === revision) return this.#kept.of
    const { name, host, domain } = this.#config.table!
    const [at, named] = [this.#columnOf(name, host), this.#columnOf(name, domain)]
    const of = new Map<Value, string>()
    if (at >= 0 && named >= 0) for (const row of this.#world.rows(name)) of.set(row[at] ?? null, String(row[named]))
    this.#kept = { revision, of }
    return of
  }

  #columnOf(table: string, column: string): number {
    for (const source of this.#world.sources)
      for (const { table: name, columns } of source.tables)
        if (name === table) return columns.findIndex(c => c.name === column)
    return -1
  }
}

const HOST_TABLES = [
  ['nova:services', 'host'],
  ['nova:hypervisors', 'hypervisor_hostname'],
] as const

function patternOf(text: string): RegExp {
  const parts = text.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
