import { chmodSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const SERVICES = [
  'database',
  'queue',
  'queueNodes',
  'names',
  'cache',
  'identity',
  'placement',
  'images',
  'compute',
  'network',
  'metrics',
  'volumes',
] as const
type Service = (typeof SERVICES)[number]

/** Where everything of one control plane is. */
export interface Layout {
  readonly root: string
  readonly etc: string
  readonly logs: string
  readonly state: string
  readonly knobs: string
  readonly ports: Readonly<Record<Service, number>>
  /** Names of the compute hosts. */
  readonly hosts: readonly string[]
}

export const PASSWORD = 'usher-test'
export const REGION = 'RegionOne'

/** Make the folders, and pick ports that are free now. */
export async function layOut(root: string, hosts: number): Promise<Layout> {
  mkdirSync(root, { recursive: true })
  // Servers run as users of their own.
  chmodSync(root, 0o755)
  const folder = (name: string) => {
    const path = join(root, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  return {
    root,
    etc: folder('etc'),
    logs: folder('logs'),
    state: folder('state'),
    knobs: folder('knobs'),
    ports: await freePorts(),
    hosts: Array.from({ length: hosts }, (_, i) => `cmp${String(i + 1).padStart(2, '0')}`),
  }
}

/** All are held open until the last is known, so that no two are the same. */
async function freePorts(): Promise<Record<Service, number>> {
  const servers = await Promise.all(
    SERVICES.map(
      () =>
        new Promise<ReturnType<typeof createServer>>(resolve => {
          const server = createServer()
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return Object.fromEntries(SERVICES.map((name, i) => [name, ports[i]!])) as Record<Service, number>
}

export const url = (layout: Layout, service: Service, path = ''): string =>
  `http://127.0.0.1:${layout.ports[service]}${path}`

export const queueUrl = (layout: Layout, scheme: 'amqp' | 'rabbit'): string =>
  `${scheme}://guest:guest@127.0.0.1:${layout.ports.queue}/`

export const databaseUrl = (layout: Layout, name: string): string =>
  `mysql+pymysql://openstack:${PASSWORD}@127.0.0.1:${layout.ports.database}/${name}?charset=utf8`
