import type { Json } from '../control-plane/admin.ts'
import { type Bed, until } from './bed.ts'

/** What a server should be. */
export interface Wish {
  readonly name: string
  readonly host: string
  readonly service?: string
}

/** Boot many servers on hosts, all asked for at once; gives their ids by name. */
export async function bootMany(bed: Bed, wishes: readonly Wish[], flavor: string): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const { name, host, service } of wishes) {
    const server = { name, imageRef: bed.image, flavorRef: flavor, networks: 'none', host }
    const metadata = service === undefined ? {} : { metadata: { service } }
    const made = await bed.admin.post('compute', '/servers', { server: { ...server, ...metadata } })
    ids.set(name, made.server.id)
  }
  await until(
    `${wishes.length} servers run`,
    async () => {
      const all = await servers(bed)
      const broken = all.find(s => s.status === 'ERROR')
      if (broken) throw new Error(`${broken.name} did not start: ${JSON.stringify(broken.fault)}`)
      return all.filter(s => s.status === 'ACTIVE').length === wishes.length
    },
    900,
  )
  return ids
}

export async function servers(bed: Bed): Promise<Json[]> {
  return (await bed.admin.get('compute', '/servers/detail?all_tenants=1')).servers
}

/** Every migration that Nova remembers. */
export async function migrations(bed: Bed): Promise<Json[]> {
  return (await bed.admin.get('compute', '/os-migrations')).migrations
}

/** 60 members of 20 services on 8 hosts, of which some pairs share a host; nothing is over its memory. */
export function sixty(hosts: readonly string[], together: number): Wish[] {
  const wishes: Wish[] = []
  for (let service = 0; service < 20; service++)
    for (let member = 0; member < 3; member++) {
      const shares = member === 1 && service < together
      const host = hosts[(service * 3 + (shares ? 0 : member)) % hosts.length]!
      wishes.push({ name: `s${service}-${member}`, host, service: `s${service}` })
    }
  return wishes
}
