import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServerSettings } from './sse-server.ts'

export interface BenchServer {
  readonly port: number
  readonly token: string
  /** Send a line, wait for the answering one. */
  tell<T>(what: object): Promise<T>
  stop(): Promise<void>
}

/** A script beside this one as a process that speaks JSON lines. Its first line is waited for. */
export async function startProcess<T>(
  script: string,
  settings: object,
): Promise<{ first: T; tell<A>(what: object): Promise<A>; stop(): Promise<void> }> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', path, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const read = async <A>(): Promise<A> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${script} has ended`)
    return JSON.parse(value) as A
  }
  return {
    first: await read<T>(),
    tell(what) {
      child.stdin!.write(`${JSON.stringify(what)}\n`)
      return read()
    },
    async stop() {
      child.stdin!.end()
      if (child.exitCode === null) await new Promise(resolve => child.on('exit', resolve))
    },
  }
}

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const { first, ...rest } = await startProcess<{ port: number; token: string }>('sse-server.ts', settings)
  return { ...first, ...rest }
}

/** Follow the stream of events. Resolves when it is open. */
export function follow(
  { port, token }: Pick<BenchServer, 'port' | 'token'>,
  path: string,
  onText: (text: string) => void,
): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const open = request(
      { host: '127.0.0.1', port, path, agent: false, headers: { 'x-auth-token': token } },
      answer => {
        if (answer.statusCode !== 200) reject(new Error(`the stream answers ${answer.statusCode}`))
        answer.setEncoding('utf8')
        answer.on('data', onText)
        answer.on('error', () => {})
        resolve({ close: () => open.destroy() })
      },
    )
    open.on('error', reject)
    open.end()
  })
}

/** The value below which the given share of the sorted list lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
