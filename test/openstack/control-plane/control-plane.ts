import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin } from './admin.ts'
import type { Daemon } from './daemon.ts'
import { discoverHosts, fillCinder, fillDatabases, fillGnocchi, makeDatabaseFolder, makeKeys } from './databases.ts'
import { describeDaemons } from './describe-daemons.ts'
import { Guard } from './guard.ts'
import { type Layout, layOut, url } from './layout.ts'
import { NovaFamily } from './nova-family.ts'
import { publish, seed, withdraw } from './seed.ts'
import { type Settings, writeSettings } from './settings.ts'

export interface ControlPlaneOptions {
  /** Folder for everything; it is new. */
  readonly root: string
  readonly hosts: number
  readonly say: (line: string) => void
}

/** Services that only some tests need: how their databases are made, what the catalogue says of them, and their daemons, the API first. */
const EXTRAS = {
  gnocchi: {
    fill: fillGnocchi,
    type: 'metric',
    address: (layout: Layout) => url(layout, 'metrics'),
    daemons: ['metrics', 'measures'],
  },
  cinder: {
    fill: fillCinder,
    type: 'block-storage',
    address: (layout: Layout) => url(layout, 'volumes', '/v3/$(project_id)s'),
    daemons: ['volumes', 'volumeScheduler'],
  },
} as const
export type Extra = keyof typeof EXTRAS

const READY_MS = 300_000

/** A real OpenStack control plane on this machine's loopback: everything but the hypervisors, which only pretend. */
export class ControlPlane {
  readonly layout: Layout
  readonly #settings: Settings
  readonly #guard: Guard
  readonly #nova: NovaFamily
  readonly #daemons: ReturnType<typeof describeDaemons>
  /** Databases that are made ahead, while the machine has nothing better to do. */
  readonly #ahead = new Map<Extra, Promise<void>>()

  private constructor(layout: Layout) {
    this.layout = layout
    this.#settings = writeSettings(layout)
    this.#guard = new Guard()
    this.#guard.remove(layout.root)
    this.#nova = new NovaFamily(layout, this.#settings)
    this.#daemons = describeDaemons(layout, this.#settings, this.#guard)
  }

  /** End this process group too, should this process end before `forget` is called. */
  mind(group: number): void {
    this.#guard.mind(group)
  }

  forget(group: number): void {
    this.#guard.forget(group)
  }

  /** Start everything and wait until the hosts can be scheduled to. */
  static async start({ root, hosts, say }: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(await layOut(root, hosts))
    const started = performance.now()
    const tell = (what: string) => say(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${what}`)
    try {
      await plane.#start(tell)
    } catch (error) {
      await plane.stop()
      throw error
    }
    return plane
  }

  async #start(tell: (what: string) => void): Promise<void> {
    const { layout } = this
    const { database, cache, nodes, queue, keystone, placement, glance, network } = this.#daemons
    this.setKnob('size', '16 65536 1000')
    this.setKnob('migration-seconds', '1')
    await makeDatabaseFolder(layout)
    const family = this.#nova.open()
    family.catch(() => {})
    await Promise.all([database.start(), cache.start(), nodes.start().then(() => queue.start()), network.start()])
    tell('database and message queue')
    await fillDatabases(layout, this.#settings)
    tell('tables of all services')
    await Promise.all([keystone.start(), placement.start(), glance.start()])
    await seed(new Admin(layout), layout)
    tell('Keystone, Placement, Glance')
    await family
    for (const name of ['conductor', 'scheduler', 'api', ...layout.hosts]) await this.#nova.start(name)
    await this.#awaitHosts()
    tell(`Nova with ${layout.hosts.length} hosts`)
    for (const name of ['gnocchi', 'cinder'] as const) {
      const filled = EXTRAS[name].fill(layout, this.#settings)
      filled.catch(() => {})
      this.#ahead.set(name, filled)
    }
  }

  /** Every host is up, known to its cell and to Placement. */
  async #awaitHosts(): Promise<void> {
    const admin = new Admin(this.layout)
    const wanted = this.layout.hosts.length
    let discovered = false
    let state = ''
    for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(1000)) {
      try {
        const { services } = await admin.get('compute', '/os-services?binary=nova-compute')
        const up = services.filter((service: { state: string }) => service.state === 'up').length
        const { hypervisors } = await admin.get('compute', '/os-hypervisors')
        const { resource_providers: providers } = await admin.get('placement', '/resource_providers')
        state = `${up} services up, ${hypervisors.length} hypervisors, ${providers.length} providers`
        if (up === wanted && hypervisors.length === wanted && providers.length === wanted) {
          const inventories = await Promise.all(
            providers.map((p: { uuid: string }) => admin.get('placement', `/resource_providers/${p.uuid}/inventories`)),
          )
          if (inventories.every(i => Object.keys(i.inventories).length > 0)) return
        } else if (up === wanted && !discovered) {
          discovered = true
          await discoverHosts(this.layout, this.#settings)
        }
      } catch (error) {
        state = String(error)
      }
    }
    throw new Error(`Nova is not ready: ${state}`)
  }

  /** A file that the fake hypervisors read; null removes it. */
  setKnob(name: string, text: string | null): void {
    const path = join(this.layout.knobs, name)
    if (text === null) rmSync(path, { force: true })
    else writeFileSync(path, `${text}\n`)
  }

  /** End a host's compute as a power cut would. Its servers stay as they are. */
  async killHost(name: string): Promise<void> {
    await this.#nova.end(name, 'SIGKILL')
  }

  async startHost(name: string): Promise<void> {
    await this.#nova.start(name)
  }

  /** Stop RabbitMQ for so long. Queues that are not durable are gone with it. */
  async interruptQueue(seconds: number): Promise<void> {
    await this.#interrupt(this.#daemons.queue, seconds)
  }

  async interruptIdentity(seconds: number): Promise<void> {
    await this.#interrupt(this.#daemons.keystone, seconds)
  }

  /** A service that only some tests need. */
  async startExtra(name: Extra): Promise<void> {
    const { fill, type, address, daemons: own } = EXTRAS[name]
    await (this.#ahead.get(name) ?? fill(this.layout, this.#settings))
    this.#ahead.delete(name)
    await publish(new Admin(this.layout), name, type, address(this.layout))
    await Promise.all(own.map(daemon => this.#daemons[daemon].start()))
  }

  async stopExtra(name: Extra): Promise<void> {
    await Promise.all(EXTRAS[name].daemons.map(daemon => this.#daemons[daemon].stop()))
    await withdraw(new Admin(this.layout), name)
  }

  /** Its API, and nothing else. */
  async interruptExtra(name: Extra, seconds: number): Promise<void> {
    await this.#interrupt(this.#daemons[EXTRAS[name].daemons[0]], seconds)
  }

  /** Nova's API, and nothing else. */
  async interruptCompute(seconds: number): Promise<void> {
    await this.#nova.end('api', 'SIGKILL')
    await sleep(seconds * 1000)
    await this.#nova.start('api')
  }

  /** Make every token that was given out worthless. */
  async revokeTokens(): Promise<void> {
    const { keystone, cache } = this.#daemons
    await keystone.stop()
    rmSync(this.#settings.fernetKeys, { recursive: true })
    await makeKeys(this.layout, this.#settings)
    // Services remember in it that a token was good.
    await cache.stop()
    await cache.start()
    await keystone.start()
  }

  async #interrupt(daemon: Daemon, seconds: number): Promise<void> {
    await daemon.stop()
    await sleep(seconds * 1000)
    await daemon.start()
  }

  async stop(): Promise<void> {
    await this.#nova.close()
    const { nodes, queue, database, ...others } = this.#daemons
    await Promise.all(Object.values(others).map(daemon => daemon.stop()))
    await Promise.all([queue.stop(), database.stop()])
    await nodes.stop()
    this.#guard.close()
  }
}
