import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process of a bench that is ready to begin. */
export interface BenchProcess<Report> {
  begin(): void
  /** What it did: at the end of its own accord, or when it is told to stop. */
  readonly report: Promise<Report>
  stop(): void
}

/** Start `script` of this folder with `settings`, and wait until it is ready. */
export async function startProcess<Report>(script: string, settings: unknown): Promise<BenchProcess<Report>> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', path, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve())
    child.once('close', () => reject(new Error(`${script} ended before it began`)))
  })
  child.stdout!.on('data', chunk => {
    text += String(chunk)
  })
  const report = new Promise<Report>((resolve, reject) => {
    child.once('close', code =>
      text === '' ? reject(new Error(`${script} ended with ${code}`)) : resolve(JSON.parse(text) as Report),
    )
  })
  return {
    begin: () => void child.stdin!.write('begin\n'),
    stop: () => void child.stdin!.write('stop\n'),
    report,
  }
}
