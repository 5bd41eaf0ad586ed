import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Admin } from './admin.ts'
import { Daemon, type DaemonOptions } from './daemon.ts'
import { discoverHosts, fillDatabases, fillMetrics, makeDatabaseFolder, makeKeys } from './databases.ts'
import { Guard } from './guard.ts'
import { type Layout, layOut, url } from './layout.ts'
import { NovaFamily } from './nova-family.ts'
import { publish, seed } from './seed.ts'
import { copyServer, deleteCopies } from './server-rows.ts'
import { type Settings, writeSettings } from './settings.ts'

export interface ControlPlaneOptions {
  /** Folder for everything; it is new. */
  readonly root: string
  readonly hosts: number
  readonly say: (line: string) => void
}

const READY_MS = 300_000
const python = (name: string) => fileURLToPath(new URL(`python/${name}`, import.meta.url))

/** A real OpenStack control plane on this machine's loopback: everything but the hypervisors, which only pretend. */
export class ControlPlane {
  readonly layout: Layout
  readonly #settings: Settings
  readonly #guard: Guard
  readonly #nova: NovaFamily
  readonly #daemons: Readonly<
    Record<
      | 'database'
      | 'cache'
      | 'nodes'
      | 'queue'
      | 'keystone'
      | 'placement'
      | 'glance'
      | 'network'
      | 'metrics'
      | 'measures',
      Daemon
    >
  >

  private constructor(layout: Layout) {
    this.layout = layout
    this.#settings = writeSettings(layout)
    this.#guard = new Guard()
    this.#guard.remove(layout.root)
    this.#nova = new NovaFamily(layout, this.#settings)
    this.#daemons = daemons(layout, this.#settings, this.#guard)
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

  /** Gnocchi, which only some tests need. */
  async startMetrics(): Promise<void> {
    const { metrics, measures } = this.#daemons
    await fillMetrics(this.layout, this.#settings)
    await publish(new Admin(this.layout), 'gnocchi', 'metric', url(this.layout, 'metrics'))
    await Promise.all([metrics.start(), measures.start()])
  }

  async stopMetrics(): Promise<void> {
    await Promise.all([this.#daemons.metrics.stop(), this.#daemons.measures.stop()])
  }

  async interruptMetrics(seconds: number): Promise<void> {
    await this.#interrupt(this.#daemons.metrics, seconds)
  }

  /** So many servers as if they had been created just now; gives their ids. */
  copyServer(id: string, count: number): Promise<string[]> {
    return copyServer(this.layout, id, count)
  }

  deleteCopies(): Promise<void> {
    return deleteCopies(this.layout)
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

function daemons(layout: Layout, settings: Settings, guard: Guard) {
  const { logs, state, etc, ports } = layout
  const daemon = (options: Omit<DaemonOptions, 'logs' | 'guard'>) => new Daemon({ ...options, logs, guard })
  const wsgi = (port: number, ...application: readonly [string, string, ...string[]]): [string, ...string[]] => [
    '/usr/bin/python3',
    python('serve_wsgi.py'),
    String(port),
    ...application,
  ]
  mkdirSync(join(state, 'rabbitmq'), { recursive: true })
  const erlang = { HOME: join(state, 'rabbitmq'), ERL_EPMD_ADDRESS: '127.0.0.1', ERL_EPMD_PORT: String(ports.names) }
  return {
    database: daemon({
      name: 'mariadb',
      port: ports.database,
      command: [
        '/usr/sbin/mariadbd',
        '--no-defaults',
        '--user=mysql',
        `--datadir=${join(state, 'mysql')}`,
        `--socket=${join(state, 'mysql', 'mysql.sock')}`,
        `--pid-file=${join(state, 'mysql', 'mysql.pid')}`,
        '--bind-address=127.0.0.1',
        `--port=${ports.database}`,
        '--max-connections=500',
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-doublewrite=0',
        '--innodb-flush-method=nosync',
        '--performance-schema=OFF',
        '--skip-name-resolve',
        '--character-set-server=utf8mb3',
        '--collation-server=utf8mb3_general_ci',
      ],
    }),
    cache: daemon({
      name: 'memcached',
      port: ports.cache,
      command: ['/usr/bin/memcached', '-u', 'nobody', '-l', '127.0.0.1', '-p', String(ports.cache), '-m', '32'],
    }),
    nodes: daemon({
      name: 'epmd',
      port: ports.names,
      command: [findEpmd(), '-address', '127.0.0.1', '-port', String(ports.names)],
    }),
    queue: daemon({
      name: 'rabbitmq',
      port: ports.queue,
      command: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
      env: {
        ...erlang,
        RABBITMQ_NODENAME: `usher-${ports.queue}@localhost`,
        RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
        RABBITMQ_NODE_PORT: String(ports.queue),
        RABBITMQ_DIST_PORT: String(ports.queueNodes),
        RABBITMQ_MNESIA_BASE: join(state, 'rabbitmq', 'mnesia'),
        RABBITMQ_LOG_BASE: logs,
        RABBITMQ_PID_FILE: join(state, 'rabbitmq', 'pid'),
        RABBITMQ_ENABLED_PLUGINS_FILE: empty(join(state, 'rabbitmq-plugins'), '[].\n'),
        RABBITMQ_CONFIG_FILE: join(etc, 'rabbitmq'),
        RABBITMQ_CONF_ENV_FILE: empty(join(etc, 'rabbitmq-env'), ''),
        // One scheduler that sleeps when it is idle.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
          '+S 1:1 +sbwt none +sbwtdcpu none -kernel inet_dist_use_interface {127,0,0,1}',
      },
    }),
    keystone: daemon({
      name: 'keystone',
      port: ports.identity,
      command: wsgi(ports.identity, 'keystone.server.wsgi', 'initialize_public_application()'),
      env: { OS_KEYSTONE_CONFIG_DIR: join(etc, 'keystone'), OS_KEYSTONE_CONFIG_FILES: 'keystone.conf' },
    }),
    placement: daemon({
      name: 'placement',
      port: ports.placement,
      command: wsgi(ports.placement, 'placement.wsgi', 'init_application()'),
      env: { OS_PLACEMENT_CONFIG_DIR: join(etc, 'placement') },
    }),
    glance: daemon({
      name: 'glance',
      port: ports.images,
      command: ['/usr/bin/python3', '-c', 'from glance.cmd.api import main; main()', '--config-file', settings.glance],
    }),
    network: daemon({
      name: 'network',
      port: ports.network,
      command: ['/usr/bin/python3', python('no_network.py'), String(ports.network)],
    }),
    metrics: daemon({
      name: 'gnocchi-api',
      port: ports.metrics,
      command: wsgi(ports.metrics, 'gnocchi.rest.wsgi', 'application', '--config-file', settings.gnocchi),
    }),
    measures: daemon({
      name: 'gnocchi-metricd',
      command: ['/usr/bin/gnocchi-metricd', '--config-file', settings.gnocchi],
    }),
  }
}

function empty(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}

/** It comes with Erlang, in a folder named for Erlang's version. */
function findEpmd(): string {
  const base = '/usr/lib/erlang'
  const version = existsSync(base)
    ? readdirSync(base).find(name => existsSync(join(base, name, 'bin/epmd')))
    : undefined
  if (version === undefined) throw new Error('Erlang is not installed')
  return join(base, version, 'bin/epmd')
}
