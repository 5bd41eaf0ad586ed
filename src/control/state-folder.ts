import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createSimulator, type Simulator } from '../datasources/index.ts'
import { DiagnosticError, fail } from '../diagnostic/index.ts'
import { openStore, type Store } from '../store/index.ts'
import type { Snapshot } from '../tables/index.ts'

/** A simulated cloud and its workflows, both kept in one folder, open for one process at a time. */
export interface StateFolder {
  readonly simulator: Simulator
  readonly store: Store
  /** The folder held a cloud already, which goes on as it was left. */
  readonly continued: boolean
  close(): Promise<void>
}

export interface StateOptions {
  readonly folder: string
  /** The cloud when the folder is new. When it is not, it must have been started from the same tables. */
  readonly start: Snapshot
  readonly secondsPerMigration: number
}

/** Open a state folder, making it when it is not there. Throws a `DiagnosticError` when it can't be used. */
export async function openState(options: StateOptions): Promise<StateFolder> {
  const { folder } = options
  const path = (name: string) => join(folder, name)
  makeFolder(folder)
  const unlock = lock(path('lock'), folder)
  let simulator: Simulator | undefined
  try {
    const continued = sameStart(path('start.json'), options.start, folder)
    const store = await openStore({ file: path('usher.db') })
    simulator = await createSimulator({
      cloud: options.start,
      journal: path('cloud.jsonl'),
      migrationSeconds: options.secondsPerMigration,
    })
    const cloud = simulator
    return {
      simulator: cloud,
      store,
      continued,
      close: async () => {
        cloud.close()
        await store.close()
        unlock()
      },
    }
  } catch (error) {
    simulator?.close()
    unlock()
    throw error
  }
}

/** Not mkdir's own `recursive`: Node 20 never comes back from it where a file system answers "no such folder" for ever, as /proc does. */
function makeFolder(folder: string): void {
  try {
    if (!existsSync(folder)) {
      const parent = dirname(folder)
      if (!existsSync(parent)) makeFolder(parent)
      mkdirSync(folder)
    } else if (!statSync(folder).isDirectory()) unusable(folder, Object.assign(new Error(), { code: 'EEXIST' }))
  } catch (error) {
    unusable(folder, error)
  }
}

function unusable(folder: string, error: unknown): never {
  if (error instanceof DiagnosticError) throw error
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'no permission',
    EPERM: 'no permission',
    EROFS: 'its disk is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk is full',
    EEXIST: 'it is a file',
    ENOTDIR: 'a part of its path is a file',
    ENOENT: 'it can not be made there',
  }
  fail('cli/state-unusable', `the state folder \`${folder}\` can't be used: ${reasons[code] ?? code}`, {
    help: 'give another folder as `--state`, or mend this one; nothing was changed',
  })
}

/**
 * Whether the folder has a cloud already. Written before the cloud is: a crash in between leaves a start without a cloud, which then
 * begins from the same tables.
 */
function sameStart(file: string, start: Snapshot, folder: string): boolean {
  const digest = digestOf(start)
  let known: string | undefined
  try {
    known = (JSON.parse(readFileSync(file, 'utf8')) as { digest: string }).digest
  } catch {
    // Not there, or torn off by a crash.
  }
  if (known === digest) return true
  if (known !== undefined)
    fail('cli/other-cloud', `the state folder \`${folder}\` holds a cloud that was started from other data`, {
      help: 'give another folder as `--state`, or remove this one to start anew',
    })
  try {
    writeFileSync(file, `${JSON.stringify({ digest })}\n`)
  } catch (error) {
    unusable(folder, error)
  }
  return false
}

/** The same for the same rows, whenever and from wherever they were read. */
function digestOf(tables: Snapshot): string {
  const hash = createHash('sha256')
  for (const [name, data] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(JSON.stringify([name, data.schema.columns.map(column => column.name), data.rows]))
  return hash.digest('hex')
}

/** Locks of this process. A lock with our own process id that is not here is left over: ids repeat, in containers always. */
const held = new Set<string>()

/** Keep other processes out. The lock of a process that is gone does not count. Returns the way to unlock. */
function lock(file: string, folder: string): () => void {
  for (let tries = 0; ; tries++)
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      held.add(file)
      return () => {
        rmSync(file, { force: true })
        held.delete(file)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 1) return unusable(folder, error)
      const owner = Number(readFileSync(file, 'utf8'))
      if (owner === process.pid ? held.has(file) : isAlive(owner))
        fail('cli/state-in-use', `the state folder \`${folder}\` is in use by the process ${owner}`, {
          help: 'wait until it is done, or give another folder as `--state`',
        })
      rmSync(file, { force: true })
    }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
