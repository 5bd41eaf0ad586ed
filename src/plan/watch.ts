import type { Value } from '../tables/index.ts'
import type { Leg, Problem } from './problem.ts'
import type { Judge } from './types.ts'

/**
 * The judge with a memory and a bound. `news` gives the violations of a state that are there neither at the start nor at the end
 * of the plan: those a plan should not bring on its way.
 */
export class Watch {
  readonly #judge: Judge
  readonly #problem: Problem
  readonly #known = new Map<string, readonly string[]>()
  #allowed = new Set<string>()
  calls = 0

  constructor(judge: Judge, problem: Problem) {
    this.#judge = judge
    this.#problem = problem
  }

  /** Accept what is violated in these states: the start and the end. */
  allow(...states: readonly (readonly number[])[]): void {
    this.#allowed = new Set(states.flatMap(at => this.#violations(at, [])))
  }

  /** New violations while the VMs are at `at` and `running` legs occupy their target hosts as well. */
  news(at: ArrayLike<number>, running: readonly Leg[]): readonly string[] {
    const all = this.#violations(at, running)
    return all.some(v => !this.#allowed.has(v)) ? all.filter(v => !this.#allowed.has(v)) : []
  }

  #violations(at: ArrayLike<number>, running: readonly Leg[]): readonly string[] {
    const p = this.#problem
    const targets = new Map(running.map(leg => [leg.vm, leg.to]))
    const occupancy = new Map<Value, readonly Value[]>()
    const key: string[] = []
    for (let i = 0; i < p.size; i++) {
      const here = at[i]!
      const to = targets.get(i)
      if (to === undefined && here === p.from[i]) continue
      const hosts = to === undefined ? [here] : [here, to]
      occupancy.set(
        p.moves[i]!.vm,
        hosts.map(h => p.hosts[h]!),
      )
      key.push(`${i}:${hosts.join('+')}`)
    }
    const name = key.join(' ')
    const known = this.#known.get(name)
    if (known) return known
    this.calls++
    const found = [...new Set(this.#judge(occupancy))]
    this.#known.set(name, found)
    return found
  }
}
