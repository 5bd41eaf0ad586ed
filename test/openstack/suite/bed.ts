import { setTimeout as sleep } from 'node:timers/promises'
import { HttpClient, Secret } from '../../../src/datasources/http/index.ts'
import type { ActionStatus, Cloud } from '../../../src/datasources/index.ts'
import {
  type ActionJournal,
  memoryJournal,
  openStackActions,
} from '../../../src/datasources/openstack/actions/index.ts'
import { ServiceClient, services } from '../../../src/datasources/openstack/clients/index.ts'
import { Session } from '../../../src/datasources/openstack/keystone/index.ts'
import { Admin, type Json } from '../control-plane/admin.ts'
import { PASSWORD, url } from '../control-plane/layout.ts'
import { connectPlane, type RemotePlane } from '../control-plane/remote.ts'

/** A control plane with clients, and servers that go away at the end. */
export interface Bed {
  readonly plane: RemotePlane
  readonly admin: Admin
  readonly hosts: readonly string[]
  readonly image: string
  /** Boot a server, on a host where one is named, and wait until it runs. */
  boot(name: string, more?: { host?: string; flavor?: string; group?: string; seconds?: number }): Promise<string>
  /** The same while Nova comes back from a loss of its queue: what it lost itself is never built, and another is asked for. */
  bootAtLast(name: string, host?: string): Promise<string>
  flavor(name: string, vcpus: number, memoryMiB: number): Promise<string>
  group(name: string, policy: string): Promise<string>
  server(id: string): Promise<Json>
  /** Clients as Usher uses them. */
  clients(): { http: HttpClient; nova: ServiceClient }
  actions(journal?: ActionJournal): ReturnType<typeof openStackActions>
  /**
   * Remove all servers but some, groups and aggregates; let every host be used again, and see that each works where services were taken
   * away.
   */
  clear(keep?: (server: Json) => boolean): Promise<void>
}

/** Seconds that services may take for anything at most. */
const PATIENCE = 240
const TASK = 'OS-EXT-STS:task_state'

export async function openBed(): Promise<Bed> {
  const socket = process.env['USHER_OPENSTACK']
  if (!socket) throw new Error('there is no control plane: run `npm run test:openstack`')
  const remote = await connectPlane(socket)
  const { layout } = remote
  /** Whether services were taken away: those that need them may not have found them again. */
  let isShaken = false
  const shaking =
    <Given extends readonly unknown[]>(order: (...given: Given) => Promise<void>) =>
    (...given: Given) => {
      isShaken = true
      return order(...given)
    }
  const plane: RemotePlane = {
    ...remote,
    interruptQueue: shaking(remote.interruptQueue),
    interruptIdentity: shaking(remote.interruptIdentity),
    revokeTokens: shaking(remote.revokeTokens),
    killHost: shaking(remote.killHost),
  }
  const admin = new Admin(layout)
  const { images } = await admin.get('images', '/v2/images')
  const image: string = images[0].id
  const flavors = new Map<string, string>()
  const server = async (id: string) => (await admin.get('compute', `/servers/${id}`)).server
  const open: HttpClient[] = []
  const bed: Bed = {
    plane,
    admin,
    hosts: layout.hosts,
    image,
    server,
    async flavor(name, vcpus, memoryMiB) {
      const known = flavors.get(name)
      if (known) return known
      const { flavors: all } = await admin.get('compute', '/flavors')
      const there = all.find((f: Json) => f.name === name)
      const id =
        there?.id ??
        (await admin.post('compute', '/flavors', { flavor: { name, vcpus, ram: memoryMiB, disk: 1 } })).flavor.id
      flavors.set(name, id)
      return id
    },
    async group(name, policy) {
      return (await admin.post('compute', '/os-server-groups', { server_group: { name, policy } })).server_group.id
    },
    async boot(name, { host, flavor, group, seconds } = {}) {
      const body = {
        server: {
          name,
          imageRef: image,
          flavorRef: flavor ?? (await bed.flavor('small', 1, 2048)),
          networks: 'none',
          ...(host !== undefined && { host }),
        },
        ...(group !== undefined && { 'os:scheduler_hints': { group } }),
      }
      const { id } = (await admin.post('compute', '/servers', body)).server
      await until(
        `${name} runs`,
        async () => {
          const { status, fault } = await server(id)
          if (status === 'ERROR') throw new Error(`${name} did not start: ${fault?.message}`)
          return status === 'ACTIVE'
        },
        seconds,
      )
      return id
    },
    async bootAtLast(name, host) {
      for (let tries = 1, end = Date.now() + PATIENCE * 1000; ; tries++) {
        // What Nova has not lost takes it some seconds.
        const more = { seconds: 20, ...(host !== undefined && { host }) }
        const booted = await bed.boot(`${name} ${tries}`, more).catch((error: Error) => error)
        if (typeof booted === 'string') return booted
        if (Date.now() > end) throw booted
        // Nova refuses at once where it has not heard of a host for a while.
        await sleep(1000)
      }
    },
    clients() {
      const http = new HttpClient()
      open.push(http)
      const project = { name: 'admin', domain: { id: 'default' } }
      const session = new Session(http, {
        authUrl: url(layout, 'identity', '/v3'),
        login: {
          kind: 'password',
          user: { name: 'usher', domain: { id: 'default' } },
          password: new Secret(PASSWORD),
          scope: { project },
        },
        interface: 'public',
        endpoints: {},
        microversions: {},
      })
      return { http, nova: new ServiceClient(session, services.nova) }
    },
    actions(journal = memoryJournal()) {
      return openStackActions({ ...bed.clients(), journal })
    },
    async clear(keep = () => false) {
      for (const http of open.splice(0)) await http.close()
      for (const host of layout.hosts) await plane.startHost(host)
      const list = async (path: string, key: string): Promise<Json[]> => (await admin.get('compute', path))[key]
      const asked = new Map<string, number>()
      // Services that a test interrupted may not be well yet: what can not be deleted now is deleted later.
      const remove = async ({ id, [TASK]: task }: Json) => {
        const last = asked.get(id)
        if (last !== undefined && Date.now() - last < 10_000) return
        asked.set(id, Date.now())
        // Past Nova's own checks: a test may have left it in the midst of anything.
        if (task !== null || last !== undefined)
          await admin.post('compute', `/servers/${id}/action`, { 'os-resetState': { state: 'error' } }).catch(() => {})
        await admin.delete('compute', `/servers/${id}`)
      }
      const removeAll = () =>
        until(
          'all servers are gone',
          async () => {
            const all = await list('/servers/detail?all_tenants=1', 'servers').catch(() => undefined)
            const left = all?.filter(each => !keep(each)) ?? []
            await Promise.all(left.map(each => remove(each).catch(() => asked.delete(each.id))))
            return all !== undefined && left.length === 0
          },
          PATIENCE,
          500,
        )
      await removeAll()
      for (const { id } of await list('/os-server-groups?all_projects=1', 'server_groups'))
        await admin.delete('compute', `/os-server-groups/${id}`)
      for (const { id, hosts } of await list('/os-aggregates', 'aggregates')) {
        for (const host of hosts) await admin.post('compute', `/os-aggregates/${id}/action`, { remove_host: { host } })
        await admin.delete('compute', `/os-aggregates/${id}`)
      }
      for (const each of await list('/os-services?binary=nova-compute', 'services')) {
        const path = `/os-services/${each.id}`
        if (each.status !== 'enabled') await admin.put('compute', path, { status: 'enabled' })
        // Nova refuses until the host has come back and found what was evacuated from it.
        const free = () => admin.put('compute', path, { forced_down: false })
        if (each.forced_down)
          await until(`${each.host} may be used again`, () =>
            free().then(
              () => true,
              () => false,
            ),
          )
      }
      await plane.setKnob('migration-seconds', '1')
      await until('all hosts are up', async () =>
        (await list('/os-services?binary=nova-compute', 'services')).every(each => each.state === 'up'),
      )
      for (const host of layout.hosts)
        for (const what of ['fail-live-migration', 'abandon-live-migration', 'fail-arrival'])
          await plane.setKnob(`${what}-${host}`, null)
      if (!isShaken) return
      await Promise.all(layout.hosts.map(host => bed.bootAtLast(`probe of ${host}`, host)))
      await removeAll()
      isShaken = false
    },
  }
  return bed
}

/**
 * Wait for something that services take their time for. Gives the milliseconds it took.
 * @param pause milliseconds between two looks; more where a look is much work for who is waited for
 */
export async function until(
  what: string,
  look: () => Promise<boolean>,
  seconds = PATIENCE,
  pause = 200,
): Promise<number> {
  const begun = performance.now()
  for (const end = Date.now() + seconds * 1000; ; await sleep(pause)) {
    if (await look()) return performance.now() - begun
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`)
  }
}

/** Ask for an action and follow it to its end. */
export async function carryOut(
  cloud: Cloud,
  action: string,
  input: Readonly<Record<string, unknown>>,
  token = `${action} ${JSON.stringify(input)} ${Math.random()}`,
): Promise<ActionStatus> {
  try {
    await cloud.submit(action, input, token)
  } catch (error) {
    const status = await cloud.status(token)
    if (!status) throw error
    return status
  }
  let status: ActionStatus | undefined
  await until(
    `${action} ends`,
    async () => {
      status = await cloud.status(token)
      return status !== undefined && status.state !== 'running'
    },
    400,
  )
  return status!
}
