/**
 * Hints that something changed, sent after the commit: the receiver looks at the database, which alone is the truth. A hint may be
 * lost or come twice. Here within one process; a server database can carry them between processes behind the same interface.
 */
export interface Signals {
  signal(topic: string, payload: string): void
  /** Returns the way to stop listening. */
  onSignal(topic: string, listener: (payload: string) => void): () => void
}

export function createSignals(): Signals {
  const topics = new Map<string, Set<(payload: string) => void>>()
  return {
    signal(topic, payload) {
      for (const listener of topics.get(topic) ?? []) listener(payload)
    },
    onSignal(topic, listener) {
      const listeners = topics.get(topic) ?? new Set()
      topics.set(topic, listeners.add(listener))
      return () => listeners.delete(listener)
    },
  }
}
