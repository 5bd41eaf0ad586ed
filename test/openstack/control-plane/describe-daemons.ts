import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon, type DaemonOptions } from './daemon.ts'
import type { Guard } from './guard.ts'
import type { Layout } from './layout.ts'
import type { Settings } from './settings.ts'

const python = (name: string) => fileURLToPath(new URL(`python/${name}`, import.meta.url))

/** Every server of the control plane but Nova's, with its command line. None is started. */
export function describeDaemons(layout: Layout, settings: Settings, guard: Guard) {
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
    volumes: daemon({
      name: 'cinder-api',
      port: ports.volumes,
      command: wsgi(ports.volumes, 'cinder.wsgi.wsgi', 'initialize_application()', '--config-file', settings.cinder),
    }),
    volumeScheduler: daemon({
      name: 'cinder-scheduler',
      command: [
        '/usr/bin/python3',
        '-c',
        'from cinder.cmd.scheduler import main; main()',
        '--config-file',
        settings.cinder,
      ],
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
