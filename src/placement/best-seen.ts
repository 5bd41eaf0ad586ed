import { compareVectors } from './judge.ts'
import type { Prospect, SearchState } from './search-state.ts'

/** The best placement seen, by the aims themselves: on the way a search may have to pass through worse ones. */
export class BestSeen {
  readonly #state: SearchState
  #host: Int32Array
  #prospect: Prospect

  constructor(state: SearchState) {
    this.#state = state
    this.#host = Int32Array.from(state.host)
    this.#prospect = state.here
  }

  /** Look at where the state stands; whether that is better than all before. */
  see(): boolean {
    if (compareVectors(this.#state.vector, this.#prospect.vector) >= 0) return false
    this.#host = Int32Array.from(this.#state.host)
    this.#prospect = this.#state.here
    return true
  }

  restore(): void {
    if (compareVectors(this.#prospect.vector, this.#state.vector) < 0) this.#state.return(this.#host, this.#prospect)
  }
}
