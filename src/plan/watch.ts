import type { Value } from '../tables/index.ts'
import type { Leg, Problem } from './problem.ts'
import type { Judge, Occupancy } from './types.ts'

/** Characters made at once: a call takes only so many arguments. */
const CHUNK = 8192

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
    const name = nameOf(at, running)
    const known = this.#known.get(name)
    if (known) return known
    this.calls++
    const found = [...new Set(this.#judge(this.#occupancy(at, running)))]
    this.#known.set(name, found)
    return found
  }

  #occupancy(at: ArrayLike<number>, running: readonly Leg[]): Occupancy {
    const { from, hosts, moves, size } = this.#problem
    const occupancy = new Map<Value, readonly Value[]>()
    for (let i = 0; i < size; i++) if (at[i] !== from[i]) occupancy.set(moves[i]!.vm, [hosts[at[i]!]!])
    for (const { vm, to } of running) occupancy.set(moves[vm]!.vm, [hosts[at[vm]!]!, hosts[to]!])
    return occupancy
  }
}

/** A short text that tells states apart: two characters for each number. */
function nameOf(at: ArrayLike<number>, running: readonly Leg[]): string {
  const moving = [...running].sort((a, b) => a.vm - b.vm)
  const numbers = new Uint32Array(at.length + 2 * moving.length)
  numbers.set(at)
  moving.forEach(({ vm, to }, k) => {
    numbers.set([vm, to], at.length + 2 * k)
  })
  const codes = new Uint16Array(numbers.buffer)
  let name = ''
  for (let i = 0; i < codes.length; i += CHUNK) name += String.fromCharCode(...codes.subarray(i, i + CHUNK))
  return name
}
