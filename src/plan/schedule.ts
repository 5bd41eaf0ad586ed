import { Ledger } from './ledger.ts'
import type { Leg, Problem } from './problem.ts'
import { fastestSchedule, secondsAlone } from './shorten.ts'
import type { Bounds } from './simulate.ts'

export type Limits = Bounds

/** A leg of the sequence with its place in the plan; `after` holds indices of legs in the sequence. */
export interface ScheduledLeg extends Leg {
  readonly from: number
  /** 1-based. */
  readonly step: number
  readonly after: readonly number[]
}

/** A pair of leg indices, the first to end before the second starts. */
export type Edge = readonly [number, number]

/**
 * From a sequence in which each leg is safe when run alone to a dependency graph that is safe in parallel.
 *
 * 1. Room is handed from leg to leg (see `Ledger`), which gives the least order that capacities need.
 * 2. `more` edges (from the judge) join in; all point forward in the sequence.
 * 3. List scheduling in time, the leg with the longest chain behind it first, under the limits (see `fastestSchedule`).
 * 4. The limits are handed on as well, one slot for each running migration: so they hold without anybody counting.
 *
 * `steps`: list scheduling in waves instead, and every leg also waits for all of the step before. `ends`: when each leg is
 * expected to end, so that room is taken from those that end first.
 */
export function schedule(
  problem: Problem,
  legs: readonly Leg[],
  limits: Limits,
  more: readonly Edge[] = [],
  steps = false,
  ends?: readonly number[],
): ScheduledLeg[] {
  const from = startHosts(problem, legs)
  const needs = capacityNeeds(problem, legs, from, ends)
  for (const [a, b] of more) needs[b]!.push(a)
  if (!steps) {
    const { needs: all, order } = fastestSchedule(
      problem.links,
      legs.map((leg, i) => problem.job(leg, from[i]!)),
      needs,
      limits,
    )
    const reduced = reduce(order, all)
    const levels = levelsOf(order, reduced)
    return legs.map((leg, i) => ({ ...leg, from: from[i]!, step: levels[i]!, after: reduced[i]! }))
  }
  const waves = shortestWaves(problem, legs, from, needs, limits)
  const byWave = legs.map((_, i) => i).sort((a, b) => waves[a]! - waves[b]! || a - b)
  for (const i of byWave) for (const j of byWave) if (waves[j] === waves[i]! - 1) needs[i]!.push(j)
  const reduced = reduce(byWave, needs)
  return legs.map((leg, i) => ({ ...leg, from: from[i]!, step: waves[i]!, after: reduced[i]! }))
}

/** How many legs are on the longest chain up to and with each. */
function levelsOf(order: readonly number[], after: readonly (readonly number[])[]): number[] {
  const levels = after.map(() => 1)
  for (const i of order) levels[i] = 1 + Math.max(0, ...after[i]!.map(n => levels[n]!))
  return levels
}

/** Host each leg starts from. */
export function startHosts(problem: Problem, legs: readonly Leg[]): number[] {
  const at = [...problem.from]
  return legs.map(({ vm, to }) => {
    const here = at[vm]!
    at[vm] = to
    return here
  })
}

/** For each leg the legs that free the room it takes; a VM's second leg waits for its first. */
export function capacityNeeds(
  problem: Problem,
  legs: readonly Leg[],
  from: readonly number[],
  ends?: readonly number[],
): number[][] {
  const rooms = problem.rooms()
  const ledger = new Ledger(account => rooms[account]!)
  const levels: number[] = []
  const last = new Map<number, number>()
  return legs.map(({ vm, to }, i) => {
    const needs: number[] = []
    const previous = last.get(vm)
    if (previous !== undefined) needs.push(previous)
    last.set(vm, i)
    const changes: [slot: number, free: number][] = []
    for (const [host, sign] of [[from[i]!, 1] as const, [to, -1] as const])
      problem.load(vm, host).forEach((x, c) => {
        const slot = problem.slot(c, host)
        if (x !== 0 && rooms[slot] !== Number.POSITIVE_INFINITY) changes.push([slot, sign * x])
      })
    // Half the slack: rounding in the ledger then never decides otherwise than the search did.
    for (const [slot, free] of changes) if (free < 0) needs.push(...ledger.take(slot, -free, problem.slack(slot) / 2))
    const level = ends?.[i] ?? 1 + Math.max(0, ...needs.map(n => levels[n]!))
    levels.push(level)
    for (const [slot, free] of changes) if (free > 0) ledger.give(slot, free, i, level)
    return needs
  })
}

/** Waves by long chains first, or by long migrations first, since a wave takes as long as the longest of it. */
function shortestWaves(
  problem: Problem,
  legs: readonly Leg[],
  from: readonly number[],
  needs: readonly (readonly number[])[],
  limits: Limits,
): number[] {
  const seconds = legs.map((leg, i) => secondsAlone(problem.links, problem.job(leg, from[i]!)))
  const [first, ...others] = [0, 1, 2].map(weight => {
    const waves = listSchedule(legs, from, needs, limits, i => weight * seconds[i]!)
    const longest: number[] = []
    waves.forEach((wave, i) => {
      longest[wave] = Math.max(longest[wave] ?? 0, seconds[i]!)
    })
    return { waves, total: longest.reduce((sum, s) => sum + s, 0) }
  })
  return others.reduce((a, b) => (b.total < a.total ? b : a), first!).waves
}

/** The wave of each leg: as early as its needs and the limits allow, long chains first; `bonus` is added to a chain's length. */
function listSchedule(
  legs: readonly Leg[],
  from: readonly number[],
  needs: readonly (readonly number[])[],
  limits: Limits,
  bonus: (leg: number) => number,
): number[] {
  const followers = legs.map((): number[] => [])
  const open = needs.map(n => new Set(n).size)
  needs.forEach((list, i) => {
    for (const n of new Set(list)) followers[n]!.push(i)
  })
  const tail = legs.map(() => 1)
  for (let i = legs.length - 1; i >= 0; i--) for (const f of followers[i]!) tail[i] = Math.max(tail[i]!, 1 + tail[f]!)
  const urgency = tail.map((t, i) => t + bonus(i))
  const waves = legs.map(() => 0)
  let ready = legs.map((_, i) => i).filter(i => open[i] === 0)
  for (let wave = 1; ready.length > 0; wave++) {
    ready.sort((a, b) => urgency[b]! - urgency[a]! || a - b)
    const busy = new Map<number, number>()
    const started: number[] = []
    const waiting: number[] = []
    for (const i of ready) {
      const ends = [from[i]!, legs[i]!.to]
      if (started.length >= limits.global || ends.some(h => (busy.get(h) ?? 0) >= limits.perHost)) waiting.push(i)
      else {
        started.push(i)
        for (const h of ends) busy.set(h, (busy.get(h) ?? 0) + 1)
      }
    }
    for (const i of started) {
      waves[i] = wave
      for (const f of followers[i]!) if (--open[f]! === 0) waiting.push(f)
    }
    ready = waiting
  }
  return waves
}

/** Ancestors of each leg as bit sets; `order` is a linear extension. */
export function ancestors(order: readonly number[], needs: readonly (readonly number[])[]): Uint32Array[] {
  const sets = needs.map(() => new Uint32Array((needs.length + 31) >> 5))
  for (const i of order)
    for (const n of needs[i]!) {
      const set = sets[i]!
      sets[n]!.forEach((bits, k) => {
        set[k]! |= bits
      })
      set[n >> 5]! |= 1 << (n & 31)
    }
  return sets
}

export const has = (set: Uint32Array, i: number): boolean => (set[i >> 5]! & (1 << (i & 31))) !== 0

/** Needs without those that follow from others. */
function reduce(order: readonly number[], needs: readonly (readonly number[])[]): number[][] {
  const above = ancestors(order, needs)
  return needs.map(list => {
    const own = [...new Set(list)]
    return own.filter(n => !own.some(m => m !== n && has(above[m]!, n))).sort((a, b) => a - b)
  })
}
