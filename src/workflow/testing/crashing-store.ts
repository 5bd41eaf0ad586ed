import type { Store, StoreTransaction } from '../../store/index.ts'

/** What a process that was killed says: nothing any more. */
export class Crash extends Error {}

/**
 * A store that dies at its `after`-th step, and stays dead: steps are the moments before a transaction, before its commit and after
 * it. `onCrash` is called at that moment; a real process ends itself there.
 */
export function crashingStore(store: Store, after: number, onCrash: () => void): { store: Store; step(): void } {
  let left = after
  let dead = false
  const step = (): void => {
    if (!dead && left-- > 0) return
    if (!dead) onCrash()
    dead = true
    throw new Crash('killed')
  }
  return {
    step,
    store: {
      dialect: store.dialect,
      vault: store.vault,
      get db() {
        if (dead) throw new Crash('killed')
        return store.db
      },
      async transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
        step()
        const value = await store.transaction(async tx => {
          const result = await work(tx)
          step()
          return result
        })
        step()
        return value
      },
      signal: (topic, payload) => store.signal(topic, payload),
      onSignal: (topic, listener) => store.onSignal(topic, listener),
      close: () => store.close(),
    },
  }
}
