import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process that outlives this one by a moment, to end what this one started. */
export class Guard {
  readonly #child: ChildProcess

  constructor() {
    const program = fileURLToPath(new URL('guard.mjs', import.meta.url))
    this.#child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#child.unref()
  }

  mind(group: number): void {
    this.#child.stdin!.write(`${group}\n`)
  }

  forget(group: number): void {
    this.#child.stdin!.write(`-${group}\n`)
  }

  /** Remove this folder at the end, if that comes before `close`. */
  remove(folder: string): void {
    this.#child.stdin!.write(`${folder}\n`)
  }

  /** Whoever started all this ends in peace. */
  close(): void {
    this.#child.stdin!.end('keep\n')
  }
}
