import type { Worker } from 'node:worker_threads'
import { startThread } from '../src/threads/index.ts'
import { type Level, type LevelAnswer, type LevelLimits, type Progress, toLevel } from './level.ts'
import type { Model } from './types.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/**
 * WebAssembly and JavaScript solvers block the thread they run in and cannot be asked to stop, so each runs in a worker thread, which can
 * be ended at any moment from outside.
 *
 * Starting a thread and compiling a solver costs some hundred milliseconds, which is more than most solves take. A worker that has
 * finished its job is therefore kept for the next one, whatever the engine. An idle worker is unref'ed: it doesn't keep the process
 * alive. A worker is thrown away when its job was stopped or broke (its memory may be in any state), and after a large model (memory
 * that WebAssembly has grown is never given back).
 */
const idle: Worker[] = []

/** Idle workers kept; more only cost memory (about 30 MB each), since a machine rarely solves more than two models at once. */
const KEEP_IDLE = 2

/** Entries plus columns from which a worker is not used again. */
const LARGE = 1_000_000

/** A thread that hasn't loaded its engine by then never will. */
const START_UP_SECONDS = 60

/** Heap of a worker's own JavaScript, in MB; a pure JavaScript solver was seen to take more than 20 GB otherwise. */
const HEAP_MB = 2048

/** Time an engine may overshoot its limit before its thread is ended: engines look at their clocks only now and then. */
const GRACE = (seconds: number) => 0.1 * seconds + 0.25

/**
 * Solve a level in a worker. `engine` is the URL of a module that exports one. Resolves with `none` and the last bound heard when the
 * signal or the deadline ended the thread; incumbents heard until then went to `progress`. Rejects with an `Error` when the engine
 * throws or its thread dies.
 */
export function runInWorker(
  engine: string,
  level: Model,
  limits: LevelLimits,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<LevelAnswer> {
  if (signal?.aborted) return Promise.resolve(stopped(Number.NEGATIVE_INFINITY))
  const worker = idle.pop() ?? start()
  worker.ref()
  return new Promise((resolve, reject) => {
    let bound = Number.NEGATIVE_INFINITY
    let timer = setTimeout(
      () => failed(`its thread did not start within ${START_UP_SECONDS} s`),
      START_UP_SECONDS * 1000,
    )

    const release = (reusable: boolean) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      worker.off('message', hear).off('error', broke).off('exit', ended)
      if (reusable && idle.length < KEEP_IDLE) {
        worker.unref()
        idle.push(worker)
      } else void worker.terminate()
    }
    const failed = (reason: string) => {
      release(false)
      reject(new Error(reason))
    }
    const stop = () => {
      release(false)
      resolve(stopped(bound))
    }
    const hear = (message: FromWorker) => {
      switch (message.kind) {
        case 'begun':
          clearTimeout(timer)
          timer = setTimeout(stop, Math.min(1000 * (limits.seconds + GRACE(limits.seconds)), 2 ** 31 - 1))
          return
        case 'incumbent':
          return progress.incumbent(message.values)
        case 'bound':
          bound = Math.max(bound, message.bound)
          return progress.bound(message.bound)
        case 'answer':
          release((level.rows.rowStart[level.rows.count] ?? 0) + level.columns.count < LARGE)
          return resolve(message.answer)
        case 'fault':
          return failed(message.reason)
      }
    }
    const broke = (error: Error) => failed(`its thread died: ${error.message}`)
    const ended = (code: number) => failed(`its thread ended with code ${code}`)

    worker.on('message', hear).on('error', broke).on('exit', ended)
    signal?.addEventListener('abort', stop, { once: true })
    const job: ToWorker = { engine, ...copyOf(toLevel(level), limits) }
    worker.postMessage(job, buffersOf(job))
  })
}

function start(): Worker {
  const worker = startThread('./worker', import.meta.url, {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  })
  const forget = () => {
    const at = idle.indexOf(worker)
    if (at >= 0) idle.splice(at, 1)
  }
  worker.on('error', forget).on('exit', forget)
  return worker
}

function stopped(bound: number): LevelAnswer {
  return { status: 'none', bound }
}

/** Own copies of the arrays: the sender's stay usable, and the copies are handed over without being copied again. */
function copyOf(level: Level, limits: LevelLimits): { level: Level; limits: LevelLimits } {
  return {
    level: {
      ...level,
      columnLower: level.columnLower.slice(),
      columnUpper: level.columnUpper.slice(),
      integer: level.integer.slice(),
      rowStart: level.rowStart.slice(),
      entryColumn: level.entryColumn.slice(),
      entryValue: level.entryValue.slice(),
      rowLower: level.rowLower.slice(),
      rowUpper: level.rowUpper.slice(),
    },
    limits: { ...limits, start: limits.start?.slice() },
  }
}

function buffersOf(job: ToWorker): ArrayBuffer[] {
  const { level, limits } = job
  const arrays = [
    level.columnLower,
    level.columnUpper,
    level.integer,
    level.cost,
    level.rowStart,
    level.entryColumn,
    level.entryValue,
    level.rowLower,
    level.rowUpper,
    ...(limits.start ? [limits.start] : []),
  ]
  return arrays.map(array => array.buffer as ArrayBuffer)
}
