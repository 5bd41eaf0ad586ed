import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endGroup } from './daemon.ts'
import type { Layout } from './layout.ts'
import type { Settings } from './settings.ts'

const program = fileURLToPath(new URL('python/family.py', import.meta.url))

/** All daemons of Nova, forked from one process that has imported it. They end when this process does, however it ends. */
export class NovaFamily {
  readonly #layout: Layout
  readonly #settings: Settings
  readonly #pids = new Map<string, number>()
  readonly #answers: ((line: string) => void)[] = []
  #process: ChildProcess | undefined

  constructor(layout: Layout, settings: Settings) {
    this.#layout = layout
    this.#settings = settings
  }

  /** Import Nova: some seconds of a processor. */
  async open(): Promise<void> {
    const log = openSync(join(this.#layout.logs, 'nova-family.log'), 'a')
    const { PYTHONPATH: _, ...own } = process.env
    const child = spawn('/usr/bin/python3', [program, this.#settings.nova, this.#layout.logs], {
      stdio: ['pipe', 'pipe', log],
      env: { ...own, USHER_KNOBS: this.#layout.knobs },
      cwd: '/',
    })
    closeSync(log)
    this.#process = child
    createInterface({ input: child.stdout! }).on('line', line => this.#answers.shift()?.(line))
    child.once('exit', () => {
      for (const answer of this.#answers.splice(0)) answer('')
    })
    if ((await this.#answer()) !== 'ready')
      throw new Error(`Nova can not be imported; see ${this.#layout.logs}/nova-family.log`)
  }

  /** `api`, `conductor`, `scheduler`, or the name of a compute host. One that runs goes on. */
  async start(name: string): Promise<void> {
    if (this.#isRunning(name)) return
    const isHost = this.#layout.hosts.includes(name)
    const files = isHost ? [this.#settings.compute, this.#settings.host(name)] : [this.#settings.nova]
    const answer = this.#answer()
    this.#process!.stdin!.write(`start nova-${name} ${isHost ? 'compute' : name} ${files.join(' ')}\n`)
    const pid = Number((await answer).split(' ')[2])
    if (!Number.isSafeInteger(pid))
      throw new Error(`nova-${name} did not start; see ${this.#layout.logs}/nova-family.log`)
    this.#pids.set(name, pid)
  }

  async end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = this.#pids.get(name)
    this.#pids.delete(name)
    if (pid !== undefined) await endGroup(pid, signal)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pids.keys()].map(name => this.end(name, 'SIGKILL')))
    this.#process?.stdin?.end()
  }

  #isRunning(name: string): boolean {
    const pid = this.#pids.get(name)
    try {
      return pid !== undefined && process.kill(pid, 0)
    } catch {
      return false
    }
  }

  #answer(): Promise<string> {
    return new Promise(resolve => this.#answers.push(resolve))
  }
}
