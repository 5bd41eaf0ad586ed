import type { Worker } from 'node:worker_threads'
import { DiagnosticError, fail } from '../../../diagnostic/index.ts'
import { startThread } from '../../../threads/index.ts'
import type { Job, JobAnswer, JobMessage, JobResults } from './jobs.ts'
import { buffersOf } from './pack.ts'

interface Waiting {
  readonly job: Job
  readonly seconds: number
  resolve(result: never): void
  reject(error: unknown): void
}

/**
 * A thread that nobody uses, kept for the next who needs one: starting one takes longer than most jobs. It does not keep the process
 * alive.
 */
let idle: Worker | undefined
let jobs = 0

/** How much longer than it should take a job may take before its thread is ended, in seconds. */
const GRACE = 60

/**
 * A thread beside this one for placements, plans and previews, which take seconds: what is asked here goes on being answered. Jobs are
 * done one after the other; a thread that dies or hangs is replaced, and its job rejected.
 */
export class JobThread {
  readonly #queue: Waiting[] = []
  #worker: Worker | undefined
  #running: Waiting | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Of the job that runs. */
  #count = 0
  #stopped = false

  /** Jobs that wait or run. */
  get load(): number {
    return this.#queue.length + (this.#running ? 1 : 0)
  }

  /**
   * @param seconds what the job should take at most
   * @throws DiagnosticError what the job throws, and `control/planning-failed` when its thread died
   */
  run<K extends Job['kind']>(job: Extract<Job, { readonly kind: K }>, seconds: number): Promise<JobResults[K]> {
    if (this.#stopped) return Promise.reject(new Error('the service has stopped'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, seconds, resolve, reject })
      this.#next()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const error = new Error('the service stops')
    for (const { reject } of this.#queue.splice(0)) reject(error)
    this.#running?.reject(error)
    clearTimeout(this.#timer)
    const worker = this.#worker
    this.#worker = undefined
    if (this.#running || idle || !worker) await worker?.terminate()
    else {
      idle = worker
      worker.removeAllListeners()
      const forget = () => {
        if (idle === worker) idle = undefined
      }
      worker.on('error', forget).on('exit', forget)
    }
  }

  #next(): void {
    if (this.#running || this.#stopped) return
    const next = this.#queue.shift()
    if (!next) return
    this.#running = next
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#timer = setTimeout(() => this.#broke('it did not end in time'), (next.seconds + GRACE) * 1000)
    this.#count = ++jobs
    const message: JobMessage = { id: this.#count, job: next.job }
    this.#worker.postMessage(message, buffersOf(next.job.tables))
  }

  #start(): Worker {
    const worker = idle ?? startThread('./worker', import.meta.url)
    idle = undefined
    worker.removeAllListeners()
    const broke = (reason: string) => {
      if (this.#worker === worker) this.#broke(reason)
    }
    worker.on('message', (answer: JobAnswer) => {
      if (this.#worker === worker && answer.id === this.#count) this.#hear(answer)
    })
    worker.on('error', error => broke(error.message))
    worker.on('exit', code => broke(`it ended with code ${code}`))
    return worker
  }

  #hear(answer: JobAnswer): void {
    const running = this.#settle()
    if (answer.kind === 'result') running?.resolve(answer.result as never)
    else if (answer.kind === 'refused') running?.reject(new DiagnosticError(answer.diagnostics))
    else running?.reject(Object.assign(new Error(answer.message), { stack: answer.stack }))
    this.#worker?.unref()
    this.#next()
  }

  #broke(reason: string): void {
    const running = this.#settle()
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    if (!this.#stopped)
      try {
        fail('control/planning-failed', `the thread that plans was lost: ${reason}`, {
          help: 'it is tried again; if it happens each time, the cloud may need more memory than there is',
        })
      } catch (error) {
        running?.reject(error)
      }
    this.#next()
  }

  #settle(): Waiting | undefined {
    const running = this.#running
    this.#running = undefined
    clearTimeout(this.#timer)
    return running
  }
}
