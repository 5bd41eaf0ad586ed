import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Dialect, dialects } from './executable-dialects.ts'
import type { LevelAnswer, LevelLimits, Progress } from './level.ts'
import type { Model } from './types.ts'
import { writeLp } from './write-lp.ts'

/** Output of a solver beyond this is not kept, in characters; what matters stands at the end. */
const KEPT_OUTPUT = 100_000

/** Time it gets to stop by itself after its limit, in seconds: it has a file to read and one to write. */
const GRACE = (seconds: number) => 0.1 * seconds + 1

/** The full path of a program on PATH. */
export async function findProgram(program: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(f => f !== '')) {
    const file = join(folder, program)
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}

/** The first of these dialects whose program is on PATH. */
export async function findDialect(names: readonly string[]): Promise<{ dialect: Dialect; file: string } | undefined> {
  for (const dialect of dialects.filter(d => names.includes(d.program))) {
    const file = await findProgram(dialect.program)
    if (file !== undefined) return { dialect, file }
  }
  return undefined
}

/**
 * Solve a level with a program of the system: an LP file is written to a temporary folder, the program reads it and writes its solution,
 * which is read back. The program is killed at the deadline or when the signal says so, and the folder is removed in any case.
 * Rejects with an `Error` when the program breaks or its answer cannot be read.
 */
export async function runExecutable(
  { dialect, file }: { dialect: Dialect; file: string },
  level: Model,
  limits: LevelLimits,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<LevelAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-solve-'))
  try {
    await writeFile(join(folder, 'model.lp'), writeLp(level, { names: 'numbered' }))
    for (const [name, text] of Object.entries(dialect.files?.(level, limits) ?? {}))
      await writeFile(join(folder, name), text)
    const ask = (again: boolean) => runProgram(file, dialect.arguments(limits, again), folder, limits.seconds, signal)
    let ended = await ask(false)
    // Ended by a signal that isn't ours.
    if (ended.code === null && !ended.killed) ended = await ask(true)
    if (ended.killed) return { status: 'none', bound: Number.NEGATIVE_INFINITY }
    const solution = await readFile(join(folder, 'solution.txt'), 'utf8').catch(() => '')
    const answer = dialect.read(solution, ended.output, level.columns.count)
    if (!answer) throw new Error(`${dialect.program} gave no answer (exit ${ended.code}): ${lastLine(ended.output)}`)
    progress.bound(answer.bound)
    return answer
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly killed: boolean
}

function runProgram(
  file: string,
  args: readonly string[],
  folder: string,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let killed = false
    const kill = () => {
      killed = true
      child.kill('SIGKILL')
    }
    const timer = setTimeout(kill, Math.min(1000 * (seconds + GRACE(seconds)), 2 ** 31 - 1))
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', kill)
    }
    child.on('error', error => {
      finish()
      reject(error)
    })
    child.on('close', code => {
      finish()
      resolve({ code, output, killed })
    })
    signal?.addEventListener('abort', kill, { once: true })
    if (signal?.aborted) kill()
  })
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'no output'
}
