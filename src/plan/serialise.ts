import type { Leg, Problem } from './problem.ts'
import {
  ancestors,
  capacityNeeds,
  type Edge,
  has,
  type Limits,
  type ScheduledLeg,
  schedule,
  startHosts,
} from './schedule.ts'
import type { Watch } from './watch.ts'

/** Up to so many legs each is probed by itself; above, the plan goes step by step and the steps are judged. */
export const PROBE_LIMIT = 1000
/** Judge calls that probing may take: so many, and so many for each leg. */
const PROBE_CALLS = 1500
const PROBE_CALLS_EACH = 30
const ROUNDS = 10

/**
 * Schedule legs so that running them in parallel breaks no rule that running them one by one, in this order, keeps.
 *
 * Few legs: each is probed with as little as possible and as much as possible of the rest done, which shows every conflict between
 * two moves (and most between more); where the probe is worse than the sequence, the move to wait for is found by bisection and an
 * edge is added. Many legs: barriers between steps, and a step that brings a violation is taken apart.
 */
export function scheduleWatched(problem: Problem, legs: readonly Leg[], limits: Limits, watch: Watch): ScheduledLeg[] {
  if (legs.length > PROBE_LIMIT) return takeStepsApart(problem, legs, limits, watch, [], true)
  const until = watch.calls + PROBE_CALLS + PROBE_CALLS_EACH * legs.length
  const probes = new Probes(problem, legs, watch)
  for (let round = 0; round < ROUNDS; round++) {
    if (!probes.separateAll(() => watch.calls < until))
      return takeStepsApart(problem, legs, limits, watch, probes.edges, false)
    if (watch.calls >= until) break
  }
  return schedule(problem, legs, limits, chain(legs.map((_, i) => i)))
}

/** A violation on the way with the legs (indices) during which it is there. */
type Broken = ReadonlyMap<string, ReadonlySet<number>>

/** What a schedule breaks on its way, as far as its steps and the single legs of its sequence show. */
export function findBroken(problem: Problem, legs: readonly ScheduledLeg[], watch: Watch): Broken {
  const broken = new Map<string, Set<number>>()
  const note = (violation: string, during: readonly number[]) => {
    broken.set(violation, new Set([...(broken.get(violation) ?? []), ...during]))
  }
  // One by one tells exactly which leg it is; a step only that it is one of several.
  if (legs.length <= PROBE_LIMIT)
    for (const [violation, leg] of brokenByOne(problem, legs, watch)) note(violation, [leg])
  const known = new Set(broken.keys())
  const at = [...problem.from]
  for (const step of groupBySteps(legs)) {
    const running = step.map(i => legs[i]!)
    const during = watch.news(at, running)
    for (const { vm, to } of running) at[vm] = to
    for (const violation of [...during, ...watch.news(at, [])]) if (!known.has(violation)) note(violation, step)
  }
  return broken
}

/** What running the legs one by one breaks, with the leg. */
function brokenByOne(problem: Problem, legs: readonly Leg[], watch: Watch): [violation: string, leg: number][] {
  const at = [...problem.from]
  return legs.flatMap((leg, i) => {
    const during = watch.news(at, [leg])
    at[leg.vm] = leg.to
    return [...during, ...watch.news(at, [])].map((v): [string, number] => [v, i])
  })
}

function groupBySteps(legs: readonly ScheduledLeg[]): number[][] {
  const steps: number[][] = []
  legs.forEach((leg, i) => {
    ;(steps[leg.step - 1] ??= []).push(i)
  })
  return steps
}

/** Schedule, judge the steps, and add edges where a step breaks what the sequence keeps; one by one if that does not end. */
function takeStepsApart(
  problem: Problem,
  legs: readonly Leg[],
  limits: Limits,
  watch: Watch,
  edges: readonly Edge[],
  barriers: boolean,
): ScheduledLeg[] {
  const more = [...edges]
  const tolerated = new Set(brokenByOne(problem, legs, watch).map(([violation]) => violation))
  /** With the legs of `done` ended, `running` overlapping: is something broken meanwhile or after? */
  const isBad = (done: readonly number[], running: readonly number[]) => {
    const at = hostsAfter(problem, legs, done)
    const moving = running.map(i => legs[i]!)
    const after = hostsAfter(problem, legs, [...done, ...running])
    return [...watch.news(at, moving), ...watch.news(after, [])].some(v => !tolerated.has(v))
  }
  for (let round = 0; round < ROUNDS; round++) {
    const planned = schedule(problem, legs, limits, more, barriers)
    const before = more.length
    const done: number[] = []
    for (const step of groupBySteps(planned)) {
      if (isBad(done, step)) more.push(...edgesFor(step, done, isBad))
      done.push(...step)
    }
    if (more.length === before) return planned
  }
  return schedule(problem, legs, limits, chain(legs.map((_, i) => i)))
}

/** What a bad step must wait for: a leg that is bad by itself for one before it in the sequence, else each leg for the last. */
function edgesFor(
  step: readonly number[],
  done: readonly number[],
  isBad: (done: readonly number[], running: readonly number[]) => boolean,
): Edge[] {
  const ended = new Set(done)
  const waits = step.flatMap((m): Edge[] => {
    if (!isBad(done, [m])) return []
    const earlier = Array.from({ length: m }, (_, i) => i).filter(i => !ended.has(i))
    let bad = 0
    let fine = earlier.length
    while (fine - bad > 1) {
      const middle = (bad + fine) >> 1
      if (isBad([...done, ...earlier.slice(0, middle)], [m])) bad = middle
      else fine = middle
    }
    return fine === 0 ? [] : [[earlier[fine - 1]!, m]]
  })
  return waits.length > 0 ? waits : chain(step)
}

const chain = (legs: readonly number[]): Edge[] => legs.slice(1).map((leg, i) => [legs[i]!, leg])

function hostsAfter(problem: Problem, legs: readonly Leg[], done: readonly number[]): number[] {
  const at = [...problem.from]
  const last = new Map<number, number>()
  for (const i of done) {
    const { vm, to } = legs[i]!
    if (i < (last.get(vm) ?? 0)) continue
    at[vm] = to
    last.set(vm, i)
  }
  return at
}

class Probes {
  readonly edges: Edge[] = []
  readonly #problem: Problem
  readonly #legs: readonly Leg[]
  readonly #watch: Watch
  readonly #needs: number[][]
  #above: Uint32Array[]

  constructor(problem: Problem, legs: readonly Leg[], watch: Watch) {
    this.#problem = problem
    this.#legs = legs
    this.#watch = watch
    this.#needs = capacityNeeds(problem, legs, startHosts(problem, legs))
    this.#above = this.#ancestors()
  }

  /** Probe every leg once; true if edges were added, so that states have changed. */
  separateAll(mayGoOn: () => boolean): boolean {
    const before = this.edges.length
    for (let m = 0; m < this.#legs.length; m++) while (mayGoOn() && (this.#waitMore(m) || this.#holdBack(m))) {}
    return this.edges.length > before
  }

  /** Leg `m` starts with only what it must wait for done: is that worse than its place in the sequence? */
  #waitMore(m: number): boolean {
    const needed = this.#all().filter(i => has(this.#above[m]!, i))
    const free = this.#all().filter(i => i < m && !has(this.#above[m]!, i))
    const good = (count: number) => this.#isAsGood(m, [...needed, ...free.slice(0, count)])
    if (good(0)) return false
    let bad = 0
    let fine = free.length
    while (fine - bad > 1) {
      const middle = (bad + fine) >> 1
      if (good(middle)) fine = middle
      else bad = middle
    }
    return this.#add(free[fine - 1], m)
  }

  /** Everything that does not wait for leg `m` is done before it. */
  #holdBack(m: number): boolean {
    const before = this.#all().filter(i => i < m)
    const free = this.#all().filter(i => i > m && !has(this.#above[i]!, m))
    const good = (count: number) => this.#isAsGood(m, [...before, ...free.slice(0, count)])
    if (good(free.length)) return false
    let fine = 0
    let bad = free.length
    while (bad - fine > 1) {
      const middle = (bad + fine) >> 1
      if (good(middle)) fine = middle
      else bad = middle
    }
    const later = free[bad - 1]
    return later !== undefined && this.#add(m, later)
  }

  #add(first: number | undefined, second: number): boolean {
    if (first === undefined) return false
    this.edges.push([first, second])
    this.#needs[second]!.push(first)
    this.#above = this.#ancestors()
    return true
  }

  /** With `done` ended: before, during and after leg `m` nothing is broken that the sequence does not break around `m`. */
  #isAsGood(m: number, done: readonly number[]): boolean {
    const prefix = this.#all().slice(0, m)
    const tolerated = new Set(this.#around(m, prefix))
    return this.#around(m, done).every(v => tolerated.has(v))
  }

  #around(m: number, done: readonly number[]): string[] {
    const leg = this.#legs[m]!
    const at = hostsAfter(this.#problem, this.#legs, done)
    const before = this.#watch.news(at, [])
    const during = this.#watch.news(at, [leg])
    at[leg.vm] = leg.to
    return [...before, ...during, ...this.#watch.news(at, [])]
  }

  #all(): number[] {
    return this.#legs.map((_, i) => i)
  }

  #ancestors(): Uint32Array[] {
    return ancestors(this.#all(), this.#needs)
  }
}
