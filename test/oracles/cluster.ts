import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The user `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = 65534

/** A PostgreSQL of our own: in a temporary folder, reached by a socket in it, gone when stopped. Nothing in it survives a crash. */
export class Cluster {
  readonly #bin: string
  readonly #folder: string
  readonly #server: ChildProcess
  readonly #remove = () => this.#kill()

  static async start(bin: string): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'usher-postgres-'))
    chmodSync(folder, 0o755)
    if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY)
    const data = join(folder, 'data')
    const options = ['--encoding=UTF8', '--locale=C.UTF-8', '--auth=trust', '--username=usher', '--no-sync']
    execFileSync(join(bin, 'initdb'), ['-D', data, ...options], { ...asNobody(), cwd: folder, stdio: 'pipe' })
    const settings = {
      listen_addresses: '',
      unix_socket_directories: folder,
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      wal_level: 'minimal',
      max_wal_senders: '0',
      jit: 'off',
      max_parallel_workers_per_gather: '0',
      shared_buffers: '128MB',
      log_min_messages: 'fatal',
      log_min_error_statement: 'panic',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(join(bin, 'postgres'), ['-D', data, ...args], { ...asNobody(), cwd: folder, stdio: 'ignore' })
    const cluster = new Cluster(bin, folder, server)
    for (let attempt = 0; ; attempt++) {
      const { errors } = await cluster.run('SELECT 1;')
      if (errors === '') return cluster
      if (attempt === 100 || server.exitCode !== null) {
        cluster.#kill()
        throw new Error(`PostgreSQL did not start: ${errors}`)
      }
      await pause(100)
    }
  }

  private constructor(bin: string, folder: string, server: ChildProcess) {
    this.#bin = bin
    this.#folder = folder
    this.#server = server
    process.once('exit', this.#remove)
  }

  /** The server's process. */
  get pid(): number {
    return this.#server.pid!
  }

  /** The command that runs a script: rows come as unaligned text. */
  psql(file: string): string[] {
    const shape = ['-X', '-q', '-A', '-t', '-v', 'VERBOSITY=terse']
    return [join(this.#bin, 'psql'), ...shape, '-h', this.#folder, '-U', 'usher', '-d', 'postgres', '-f', file]
  }

  /** Run a script; going on after errors. Gives the rows as unaligned text, and what was said on standard error. */
  run(script: string): Promise<{ output: string; errors: string }> {
    const [command, ...args] = this.psql('-')
    const psql = spawn(command!, args, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    const errors: Buffer[] = []
    psql.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    psql.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    psql.stdin.on('error', () => {})
    psql.stdin.end(script)
    return new Promise((resolve, reject) => {
      psql.on('error', reject)
      psql.on('close', () =>
        resolve({ output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() }),
      )
    })
  }

  /** Stop at once, and remove the folder. */
  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#server.once('exit', resolve))
    if (this.#server.exitCode === null && this.#server.kill('SIGINT')) await ended
    this.#kill()
  }

  #kill(): void {
    process.off('exit', this.#remove)
    this.#server.kill('SIGQUIT')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function asNobody(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
}
