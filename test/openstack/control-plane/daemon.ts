import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Guard } from './guard.ts'

export interface DaemonOptions {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  /** Folder for its log, NAME.log. */
  readonly logs: string
  readonly guard: Guard
  /** It is ready when this port of the machine answers. */
  readonly port?: number
}

const PATIENCE_MS = 180_000

/** A server of the control plane, with all the processes it starts. */
export class Daemon {
  readonly #options: DaemonOptions
  #child: ChildProcess | undefined

  constructor(options: DaemonOptions) {
    this.#options = options
  }

  /** Resolves when its port answers. */
  async start(): Promise<void> {
    const { name, command, env = {}, logs, guard, port } = this.#options
    const log = openSync(join(logs, `${name}.log`), 'a')
    const [program, ...args] = command
    const { PYTHONPATH: _, ...own } = process.env
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...own, ...env },
      cwd: '/',
    })
    closeSync(log)
    this.#child = child
    if (child.pid !== undefined) guard.mind(child.pid)
    let failure: Error | undefined
    child.on('error', error => {
      failure = error
    })
    const end = Date.now() + PATIENCE_MS
    while (port !== undefined && !(await answers(port))) {
      if (failure || child.exitCode !== null || Date.now() > end) {
        const why =
          failure?.message ?? (child.exitCode === null ? 'it does not answer' : `it ended with ${child.exitCode}`)
        throw new Error(`${name} did not start: ${why}\n${this.lastWords()}`)
      }
      await sleep(150)
    }
  }

  lastWords(): string {
    return readFileSync(join(this.#options.logs, `${this.#options.name}.log`), 'utf8').slice(-3000)
  }

  /** Ends it and what it started; with SIGKILL after a while, or at once. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined) return
    await endGroup(child.pid, signal)
    this.#options.guard.forget(child.pid)
  }
}

/** Ends a process group and waits until nothing of it is left. */
export async function endGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const send = (what: NodeJS.Signals | 0): boolean => {
    try {
      process.kill(-leader, what)
      return true
    } catch {
      return false
    }
  }
  send(signal)
  for (const end = Date.now() + 20_000; send(0); await sleep(50)) if (Date.now() > end) send('SIGKILL')
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
