import type { Json } from '../control-plane/admin.ts'
import { type Bed, until } from './bed.ts'

/** MiB of each server; a host has 65,536. */
export const MEMORY = 4096
/** Servers that a host may keep from one test to the next: there has to be room to see that it works. */
const KEPT = 12
/** Services, each with as many members. */
const SERVICES = 20
const MEMBERS = 3

/** The members of all services, and what a test may do to which host: each of these has some of them. */
export interface Members {
  readonly count: number
  /** Nova's migrations up to this number were made before. */
  readonly since: number
  readonly closing: string
  readonly failing: string
  readonly dying: string
}

/**
 * 60 members of 20 services, of which some pairs share a host; nothing is over its memory. Servers that an earlier test has left well
 * are taken as they stand: only what they are members of is new. What is missing is booted, all at once.
 */
export async function sixty(bed: Bed, together: number): Promise<Members> {
  const flavor = await bed.flavor('member', 1, MEMORY)
  const isWell = (server: Json) => server.flavor.original_name === 'member' && server.status === 'ACTIVE'
  const well = (await servers(bed)).filter(isWell)
  const kept = new Set(bed.hosts.flatMap(host => well.filter(s => hostOf(s) === host).slice(0, KEPT)).map(s => s.id))
  await bed.clear(server => kept.has(server.id) && isWell(server))
  const count = SERVICES * MEMBERS
  const there = await servers(bed)
  const byHost = new Map(bed.hosts.map(host => [host, there.filter(server => hostOf(server) === host).length]))
  const missing = new Map<string, number>()
  for (let n = there.length; n < count; n++) {
    const [host, load] = [...byHost].reduce((least, each) => (each[1] < least[1] ? each : least))
    byHost.set(host, load + 1)
    missing.set(host, (missing.get(host) ?? 0) + 1)
  }
  for (const [host, n] of missing) {
    const server = { name: `member-${host}`, imageRef: bed.image, flavorRef: flavor, networks: 'none', host }
    await bed.admin.post('compute', '/servers', { server: { ...server, min_count: n, max_count: n } })
  }
  await until(
    `${count} servers run`,
    async () => {
      const all = await servers(bed)
      const broken = all.find(s => s.status === 'ERROR')
      if (broken) throw new Error(`${broken.name} did not start: ${JSON.stringify(broken.fault)}`)
      return all.filter(s => s.status === 'ACTIVE').length === count
    },
    900,
    1000,
  )
  const all = await servers(bed)
  await join(bed, all, together)
  const full = [...new Map(bed.hosts.map(host => [host, all.filter(s => hostOf(s) === host).length]))]
  const [dying, closing, failing] = full.sort((a, b) => b[1] - a[1]).map(([host]) => host)
  const since = Math.max(0, ...(await migrations(bed)).map(({ id }) => id as number))
  return { count, since, closing: closing!, failing: failing!, dying: dying! }
}

/** Make servers members of services: the first so many services have two on one host, every other member is apart from its like. */
async function join(bed: Bed, all: readonly Json[], together: number): Promise<void> {
  const left = new Map(bed.hosts.map(host => [host, all.filter(server => hostOf(server) === host)]))
  for (let n = 0; n < SERVICES; n++) {
    const [first, second, third] = [...left].sort((a, b) => b[1].length - a[1].length).map(([host]) => host)
    const hosts = n < together ? [first!, first!, second!] : [first!, second!, third!]
    for (const host of hosts) {
      const server = left.get(host)!.pop()
      const metadata = { service: `s${n}` }
      if (server.metadata.service !== metadata.service)
        await bed.admin.post('compute', `/servers/${server.id}/metadata`, { metadata })
    }
  }
}

export const hostOf = (server: Json): string => server['OS-EXT-SRV-ATTR:host']

export async function servers(bed: Bed): Promise<Json[]> {
  return (await bed.admin.get('compute', '/servers/detail?all_tenants=1')).servers
}

/** Every migration that Nova remembers. */
export async function migrations(bed: Bed): Promise<Json[]> {
  return (await bed.admin.get('compute', '/os-migrations')).migrations
}
