import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a process has cost. */
export interface Cost {
  readonly cpu: number
  readonly megabytes: number
  readonly output: string
  /** Why it has no answer. */
  readonly failed?: string
}

/** A process is ended when it takes more than this; the seconds are of CPU. */
const LIMITS = { seconds: 180, megabytes: 6000 }

/** Without the certificates that some machines make each Node process read at its start, 0.03 s of CPU that nobody here asks for. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env

/**
 * Run a command under a shell that says what its children cost; the peak of memory is read while it runs. With `server`, the work that
 * another process and its children do meanwhile counts too, and so does the largest of their memories.
 */
export async function measure(argv: readonly string[], server?: number): Promise<Cost> {
  const before = server === undefined ? 0 : treeSeconds(server)
  const shell = spawn('sh', ['-c', '"$@"; status=$?; times >&2; exit $status', 'sh', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let output = ''
  let errors = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const stop = () => childrenOf(shell.pid!).forEach(end)
  process.once('exit', stop)
  let peak = 0
  let failed: string | undefined
  const watch = setInterval(() => {
    const own = childrenOf(shell.pid!)
    for (const pid of server === undefined ? own : [...own, ...childrenOf(server)])
      peak = Math.max(peak, peakKilobytes(pid))
    const served = server === undefined ? 0 : treeSeconds(server) - before
    if (served + own.reduce((sum, pid) => sum + times(Number(pid), 2), 0) > LIMITS.seconds)
      failed = `over ${LIMITS.seconds} s`
    if (peak > LIMITS.megabytes * 1000) failed = `over ${LIMITS.megabytes} MB`
    if (failed !== undefined) for (const pid of own) end(pid)
  }, 20)
  const status = await new Promise<number | null>(done => shell.on('close', done))
  clearInterval(watch)
  process.off('exit', stop)
  const lines = errors.trim().split('\n')
  const seconds = [...(lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpu = seconds.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
  const served = server === undefined ? 0 : treeSeconds(server) - before
  if (failed === undefined && status !== 0 && output.trim() === '')
    failed = lines.at(-3)?.slice(0, 60) ?? `exit code ${status}`
  return { cpu: cpu + served, megabytes: Math.round(peak / 1000), output, ...(failed !== undefined && { failed }) }
}

function end(pid: string): void {
  try {
    process.kill(Number(pid), 'SIGKILL')
  } catch {}
}

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  } catch {
    return []
  }
}

/** KiB of memory that a process has had at most; 0 when there is none any more. */
function peakKilobytes(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** CPU seconds of a process, of its children that ended, and of those that run. */
function treeSeconds(pid: number): number {
  return times(pid, 4) + childrenOf(pid).reduce((sum, child) => sum + times(Number(child), 2), 0)
}

/** The first fields of user, system, and the same of children that ended, from /proc: in hundredths of seconds on Linux. */
function times(pid: number, fields: 2 | 4): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const values = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return values.slice(11, 11 + fields).reduce((sum, v) => sum + Number(v), 0) / 100
  } catch {
    return 0
  }
}
