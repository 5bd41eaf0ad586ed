import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServiceConfigInput } from '../config.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const script = fileURLToPath(new URL('replica-process.ts', import.meta.url))

/** A replica in a process of its own. */
export interface Replica {
  readonly process: ChildProcess
  /** Send a command and wait for its answer; undefined: it died before. */
  ask(command: object): Promise<string | undefined>
  kill(): Promise<void>
}

export interface ReplicaOptions {
  readonly database: string
  readonly cloud: string
  readonly config: Partial<ServiceConfigInput>
  readonly log: string
  /** Milliseconds that its clock is off. */
  readonly clock?: number
}

/** Start a replica. Resolves when it is ready, or has died. */
export async function startReplica({ database, cloud, config, log, clock = 0 }: ReplicaOptions): Promise<Replica> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, database, cloud, JSON.stringify(config), log], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, USHER_TEST_CLOCK: String(clock) },
  })
  const ended = new Promise<undefined>(resolve => child.once('close', () => resolve(undefined)))
  const lines: string[] = []
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', line => {
    const next = waiting.shift()
    if (next) next(line)
    else lines.push(line)
  })
  const nextLine = (): Promise<string | undefined> => {
    const line = lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    return Promise.race([new Promise<string>(resolve => waiting.push(resolve)), ended])
  }
  child.stdin.on('error', () => {})
  await nextLine()
  return {
    process: child,
    ask(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`)
      return nextLine()
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
