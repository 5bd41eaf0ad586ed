import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { databaseUrl, type Layout, PASSWORD, REGION, url } from './layout.ts'
import type { Settings } from './settings.ts'

const run = promisify(execFile)

/** The folder of a fresh MariaDB, made where it is not there. */
export async function makeDatabaseFolder(layout: Layout): Promise<string> {
  const folder = join(layout.state, 'mysql')
  if (existsSync(join(folder, 'mysql'))) return folder
  mkdirSync(folder, { recursive: true })
  await run('chown', ['mysql:mysql', folder])
  const options = ['--no-defaults', '--user=mysql', '--skip-test-db', '--auth-root-authentication-method=normal']
  await run('mariadb-install-db', [...options, `--datadir=${folder}`], { maxBuffer: 1 << 26 })
  return folder
}

/** Make all databases and bring them to the packages' layout; Keystone gets its keys and its first user. */
export async function fillDatabases(layout: Layout, settings: Settings): Promise<void> {
  const names = ['keystone', 'glance', 'placement', 'nova', 'nova_api', 'nova_cell0']
  await makeDatabases(layout, names)
  // Two chains, for two processors.
  await Promise.all([
    (async () => {
      await keystone(layout, settings, 'db_sync')
      await makeKeys(layout, settings)
      const address = url(layout, 'identity', '/v3/')
      const urls = ['internal', 'public', 'admin'].flatMap(kind => [`--bootstrap-${kind}-url`, address])
      await keystone(
        layout,
        settings,
        'bootstrap',
        '--bootstrap-password',
        PASSWORD,
        ...urls,
        '--bootstrap-region-id',
        REGION,
      )
      await manage(layout, 'placement.cmd.manage', settings.placement, 'db', 'sync')
      await manage(layout, 'glance.cmd.manage', settings.glance, 'db_sync')
    })(),
    (async () => {
      const nova = (...args: string[]) => manage(layout, 'nova.cmd.manage', settings.nova, ...args)
      await nova('api_db', 'sync')
      await nova('cell_v2', 'map_cell0', '--database_connection', databaseUrl(layout, 'nova_cell0'))
      await nova('db', 'sync')
      await nova('cell_v2', 'create_cell', '--name', 'cell1')
    })(),
  ])
}

/** For what nobody waits for: after everything else. */
const LAST = ['/usr/bin/nice', '-n', '19'] as const

/** Gnocchi's database and folders. */
export async function fillGnocchi(layout: Layout, settings: Settings): Promise<void> {
  await makeDatabases(layout, ['gnocchi'])
  await runTool(layout, 'gnocchi-upgrade', [...LAST, '/usr/bin/gnocchi-upgrade', '--config-file', settings.gnocchi])
}

export async function fillCinder(layout: Layout, settings: Settings): Promise<void> {
  await makeDatabases(layout, ['cinder'])
  await runTool(layout, 'cinder-manage db sync', [
    ...LAST,
    ...manager('cinder.cmd.manage', settings.cinder),
    'db',
    'sync',
  ])
}

async function makeDatabases(layout: Layout, names: readonly string[]): Promise<void> {
  const grants = names.map(
    name =>
      `CREATE OR REPLACE DATABASE ${name}; GRANT ALL ON ${name}.* TO openstack@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';`,
  )
  // Whatever order its tables are removed in.
  await sql(layout, ['SET foreign_key_checks = 0;', ...grants].join('\n'))
}

/** What the database answers, a line for each row. */
export async function sql(layout: Layout, statements: string): Promise<string> {
  const socket = join(layout.state, 'mysql', 'mysql.sock')
  const { stdout } = await run('mariadb', ['--no-defaults', '-uroot', '-S', socket, '-N', '-e', statements])
  return stdout
}

/** New keys for tokens: every token that was given out is worthless from here on. */
export async function makeKeys(layout: Layout, settings: Settings): Promise<void> {
  const owner = ['--keystone-user', 'root', '--keystone-group', 'root']
  await keystone(layout, settings, 'fernet_setup', ...owner)
  await keystone(layout, settings, 'credential_setup', ...owner)
}

/** Let Nova schedule to computes that it has not seen before. */
export async function discoverHosts(layout: Layout, settings: Settings): Promise<void> {
  await manage(layout, 'nova.cmd.manage', settings.nova, 'cell_v2', 'discover_hosts')
}

const keystone = (layout: Layout, settings: Settings, ...args: string[]) =>
  manage(layout, 'keystone.cmd.manage', settings.keystone, ...args)

async function manage(layout: Layout, module: string, config: string, ...args: string[]): Promise<void> {
  await runTool(layout, `${module} ${args.join(' ')}`, [...manager(module, config), ...args])
}

const manager = (module: string, config: string) =>
  [
    '/usr/bin/python3',
    '-c',
    `import sys; from ${module} import main; sys.exit(main())`,
    '--config-file',
    config,
  ] as const

/** Run a service's own tool to its end; what it says goes to a log. */
async function runTool(
  layout: Layout,
  what: string,
  [program, ...args]: readonly [string, ...string[]],
): Promise<void> {
  const { PYTHONPATH: _, ...env } = process.env
  try {
    const { stdout, stderr } = await run(program, args, { env, maxBuffer: 1 << 26 })
    appendFileSync(join(layout.logs, 'manage.log'), `${what}\n${stdout}${stderr}`)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${what} failed:\n${`${stdout}${stderr}`.slice(-3000)}`)
  }
}
