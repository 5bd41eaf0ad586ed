import type { Worker } from 'node:worker_threads'
import { startThread } from '../threads/index.ts'
import type { FromAnnealer, ToAnnealer } from './annealer-messages.ts'
import type { Outcome } from './annealing.ts'
import type { Leg } from './annealing-legs.ts'
import type { ConditionGraph } from './condition-graph.ts'
import { packPossibilities } from './packed-possibilities.ts'
import type { Possibilities } from './universe.ts'

/** Time after the end of a leg by which a thread has answered, or is given up, in milliseconds; starting one takes some of it. */
const GRACE = 20_000

/** Threads that anneal the same conditions side by side, each by itself between two legs. */
export class AnnealingCrew {
  #workers: Worker[]
  readonly #stop = new Int32Array(new SharedArrayBuffer(4))

  /** One thread for each seed. */
  constructor(graph: ConditionGraph, universe: Possibilities, level: number, seeds: readonly number[]) {
    const packed = packPossibilities(universe)
    this.#workers = seeds.map((seed, number) => {
      const worker = startThread('./annealer', import.meta.url)
      const message: ToAnnealer = { kind: 'begin', graph, universe: packed, level, seed, number, stop: this.#stop }
      worker.postMessage(message)
      const lose = (): void => this.#lose(worker)
      return worker.on('error', lose).on('exit', lose)
    })
  }

  /** Every thread's outcome, in the order of threads. A thread that dies or does not answer is missing, now and later. */
  async run(leg: Leg): Promise<Outcome[]> {
    const workers = this.#workers
    const outcomes = await Promise.all(workers.map(worker => outcomeOf(worker, leg)))
    for (const [i, worker] of workers.entries()) if (!outcomes[i]) this.#lose(worker)
    return outcomes.filter(outcome => outcome !== undefined)
  }

  /** Have all threads answer with what they have. */
  stop(): void {
    Atomics.store(this.#stop, 0, 1)
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }

  #lose(worker: Worker): void {
    this.#workers = this.#workers.filter(other => other !== worker)
    void worker.terminate()
  }
}

function outcomeOf(worker: Worker, leg: Leg): Promise<Outcome | undefined> {
  return new Promise(resolve => {
    const settle = (outcome?: Outcome): void => {
      clearTimeout(timer)
      worker.off('message', hear).off('error', lose).off('exit', lose)
      resolve(outcome)
    }
    const hear = (message: FromAnnealer): void => settle(message.outcome)
    const lose = (): void => settle()
    const timer = setTimeout(lose, Math.min(leg.milliseconds + GRACE, 2 ** 31 - 1))
    worker.on('message', hear).on('error', lose).on('exit', lose)
    const message: ToAnnealer = { kind: 'leg', leg }
    worker.postMessage(message)
  })
}
