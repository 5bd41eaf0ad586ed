import { transfer } from './duration.ts'
import { Ledger } from './ledger.ts'
import type { Links } from './links.ts'
import { type Bounds, followersOf, type Gate, type Job, simulate, type Times } from './simulate.ts'

/** Rounds of improvement, by the number of jobs: bounded by counts, so that the same input gives the same plan everywhere. */
const ROUNDS: readonly (readonly [jobs: number, rounds: number])[] = [
  [1, 0],
  [60, 60],
  [200, 12],
  [Number.POSITIVE_INFINITY, 3],
]
/** By how much a round may shake the urgencies, as a share. */
const SHAKE = 0.4
/** Makespans closer than this, as a share, are the same. */
const SAME = 1e-6

export interface FastSchedule {
  /** `needs` with what the limits add. */
  readonly needs: number[][]
  /** The jobs by their start. */
  readonly order: readonly number[]
  readonly times: Times
}

/** What is searched for short times. */
export interface Search {
  readonly links: Links
  readonly jobs: readonly Job[]
  /** Which jobs each has to wait for. */
  readonly needs: readonly (readonly number[])[]
  /** From which chains urgency is told, where these are not the needs. */
  readonly urgent?: readonly (readonly number[])[]
  /** A new gate for each try. */
  readonly gate?: () => Gate
}

export interface Try {
  readonly urgency: readonly number[]
  readonly bounds: Bounds
  readonly times: Times
}

/**
 * Jobs under limits, as short in all as is found, with the slots that limits give handed from job to job as dependencies: whoever
 * keeps to them keeps to the limits.
 */
export function fastestSchedule(
  links: Links,
  jobs: readonly Job[],
  needs: readonly (readonly number[])[],
  limits: Bounds,
): FastSchedule {
  const best = searchTimes({ links, jobs, needs }, limits)
  if (!best) throw new Error('a leg can never start under these limits')
  return handOutSlots(links, jobs, needs, best)
}

/**
 * List scheduling (the job with the longest way to the end first) under the limits and under tighter ones, since fewer at once means
 * fewer pages sent twice; first come, first served as well; then rounds with other urgencies, those of jobs that end late raised.
 *
 * @returns undefined if every try ran into a dead end of the gate
 */
export function searchTimes(search: Search, limits: Bounds): Try | undefined {
  const { links, jobs, needs, gate } = search
  const tails = tailsOf(links, jobs, search.urgent ?? needs)
  let best: Try | undefined
  const attempt = (urgency: readonly number[], bounds: Bounds) => {
    const times = simulate(links, jobs, needs, { urgency, bounds, ...(gate && { gate: gate() }) })
    if (times && (!best || times.makespan < best.times.makespan * (1 - SAME))) best = { urgency, bounds, times }
  }
  const inOrder = jobs.map((_, i) => -i)
  attempt(tails, limits)
  for (const bounds of boundsWithin(limits, jobs.length))
    for (const urgency of [tails, inOrder]) attempt(urgency, bounds)
  const rounds = ROUNDS.find(([most]) => jobs.length <= most)![1]
  const least = Math.max(0, ...tailsOf(links, jobs, needs))
  for (let round = 1; round <= rounds && best && best.times.makespan > least * (1 + SAME); round++) {
    const late = new Set(endsLast(best.times))
    const urgency = tails.map((t, i) => t * (1 + SHAKE * noise(i, round)) * (late.has(i) ? 1 + SHAKE : 1))
    attempt(urgency, best.bounds)
  }
  return best
}

/** How long a job takes that shares its links with nobody. */
export function secondsAlone(links: Links, { memory, route, cap = Number.POSITIVE_INFINITY }: Job): number {
  return transfer(memory, Math.min(cap, links.rateAlone(route)), links.parameters).seconds
}

/** Seconds from the start of each job to the end, if it and all that wait for it had the links for themselves. */
function tailsOf(links: Links, jobs: readonly Job[], needs: readonly (readonly number[])[]): number[] {
  const followers = followersOf(needs)
  const tails = jobs.map(() => 0)
  for (let i = jobs.length - 1; i >= 0; i--) {
    tails[i] = secondsAlone(links, jobs[i]!) + Math.max(0, ...followers[i]!.map(f => tails[f]!))
  }
  return tails
}

/** Powers of two within the limits, and the limits themselves. */
function boundsWithin({ perHost, global }: Bounds, jobs: number): Bounds[] {
  const upTo = (most: number) => {
    const real = Math.min(most, jobs)
    return [...Array.from({ length: 8 }, (_, k) => 2 ** k).filter(n => n < real), most]
  }
  return upTo(perHost).flatMap(p => upTo(global).map(g => ({ perHost: p, global: g })))
}

/** The jobs that end in the last tenth: one of them is at the end of the critical path. */
function endsLast({ end, makespan }: Times): number[] {
  return end.flatMap((e, i) => (e >= 0.9 * makespan ? [i] : []))
}

/** Between 0 and 1, always the same for the same numbers. */
function noise(i: number, round: number): number {
  const x = Math.sin((i + 1) * 12.9898 + round * 78.233) * 43758.5453
  return x - Math.floor(x)
}

function handOutSlots(
  links: Links,
  jobs: readonly Job[],
  needs: readonly (readonly number[])[],
  { bounds, times }: Try,
): FastSchedule {
  const order = jobs.map((_, i) => i).sort((a, b) => times.start[a]! - times.start[b]! || a - b)
  const all = needs.map(list => [...list])
  const limitOf = (account: number) => {
    if (account === -1) return bounds.global
    return account < 0 ? links.limits[-2 - account]! : bounds.perHost
  }
  const slots = new Ledger(limitOf)
  for (const i of order) {
    const { from, to, route } = jobs[i]!
    const accounts = [-1, from, to, ...route.filter(l => links.limits[l] !== Number.POSITIVE_INFINITY).map(l => -2 - l)]
    for (const account of accounts) all[i]!.push(...slots.take(account, 1, 0))
    for (const account of accounts) slots.give(account, 1, i, times.end[i]!)
  }
  return { needs: all, order, times }
}
