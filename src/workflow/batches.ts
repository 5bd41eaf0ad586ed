/*
 * Group commit: what arrives while a transaction is going on waits for the next, and shares it. A hundred writes that come together
 * cost little more than one.
 */

interface Waiting<T, R> {
  readonly one: T
  resolve(value: R): void
  reject(error: unknown): void
}

/** Gathers single writes into transactions, one at a time. */
export class Batches<T, R> {
  readonly #limit: number
  readonly #write: (batch: readonly T[]) => Promise<readonly R[]>
  readonly #queue: Waiting<T, R>[] = []
  #writing = false

  /** `write` puts up to `limit` of them into one transaction, all or nothing, and answers each. */
  constructor(limit: number, write: (batch: readonly T[]) => Promise<readonly R[]>) {
    this.#limit = limit
    this.#write = write
  }

  /** Resolves when it is committed. One that is refused harms none of those that share its transaction. */
  add(one: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ one, resolve, reject })
      void this.#work()
    })
  }

  async #work(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    // What ends in the same turn of the event loop goes together.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#limit)
      await this.#settle(batch).catch(async error => {
        if (batch.length === 1) return batch[0]!.reject(error)
        // One of them may be what is wrong: each for itself.
        for (const waiting of batch) await this.#settle([waiting]).catch(waiting.reject)
      })
    }
    this.#writing = false
  }

  async #settle(batch: readonly Waiting<T, R>[]): Promise<void> {
    const answers = await this.#write(batch.map(({ one }) => one))
    for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!)
  }
}
