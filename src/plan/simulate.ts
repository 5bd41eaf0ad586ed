import { transfer } from './duration.ts'
import { type Flow, fairRates, type Links } from './links.ts'
import type { VmMemory } from './network-types.ts'

/** One migration to be timed. `from`, `to`: any numbers that tell hosts apart. */
export interface Job extends Flow {
  readonly memory: VmMemory
  readonly from: number
  readonly to: number
  /** It takes so many times as long as expected; 1 if left out. */
  readonly slowness?: number
  /** It can not start earlier, in seconds from the start. */
  readonly release?: number
  /** A transfer and nothing around it: no preparation, no switch-over. */
  readonly bare?: boolean
}

/** What may run at once; what is left out does not bound. */
export interface Bounds {
  readonly perHost: number
  readonly global: number
}

export interface Times {
  readonly start: readonly number[]
  readonly end: readonly number[]
  /** MiB sent by each job. */
  readonly volume: readonly number[]
  readonly makespan: number
}

export interface Running {
  readonly job: number
  /** From 0 to 1. */
  done: number
  rate: number
  seconds: number
  volume: number
}

/** A further say in what may start, besides bounds: room on hosts. */
export interface Gate {
  admits(job: number): boolean
  starts(job: number): void
  ends(job: number): void
}

/** Seconds that are no time. */
const INSTANT = 1e-9

/**
 * Carry jobs out in thought: each starts as soon as all it waits for have ended and the bounds let it, those with the greatest
 * `urgency` first. Between two events rates are constant, and a job goes on by the share dt / (its whole time at that rate).
 *
 * @returns undefined if the gate lets the jobs run into a dead end
 */
export function simulate(
  links: Links,
  jobs: readonly Job[],
  needs: readonly (readonly number[])[],
  choose?: { readonly urgency: readonly number[]; readonly bounds: Bounds; readonly gate?: Gate },
): Times | undefined {
  const start = jobs.map(() => 0)
  const end = jobs.map(() => 0)
  const volume = jobs.map(() => 0)
  const open = needs.map(n => new Set(n).size)
  const followers = followersOf(needs)
  const urgency = choose?.urgency
  const usage = new Usage(links, choose?.bounds)
  const gate = choose?.gate
  let ready = jobs.map((_, i) => i).filter(i => open[i] === 0)
  let running: Running[] = []
  let now = 0
  while (ready.length + running.length > 0) {
    if (urgency) ready.sort((a, b) => urgency[b]! - urgency[a]! || a - b)
    const waiting: number[] = []
    let released = Number.POSITIVE_INFINITY
    for (const i of ready) {
      const { release = 0 } = jobs[i]!
      if (release > now + INSTANT) {
        released = Math.min(released, release)
        waiting.push(i)
      } else if (!usage.admits(jobs[i]!) || gate?.admits(i) === false) waiting.push(i)
      else {
        usage.count(jobs[i]!, 1)
        gate?.starts(i)
        start[i] = now
        running.push({ job: i, done: 0, rate: 0, seconds: 0, volume: 0 })
      }
    }
    ready = waiting
    if (running.length === 0) {
      if (released === Number.POSITIVE_INFINITY) return undefined
      now = released
      continue
    }
    setRates(links, jobs, running)
    const step = Math.min(released - now, ...running.map(r => (1 - r.done) * r.seconds))
    now += step
    const going: Running[] = []
    for (const r of running) {
      const share = Math.min(step / r.seconds, 1 - r.done)
      volume[r.job]! += share * r.volume
      r.done += share
      if (1 - r.done > 1e-9) going.push(r)
      else {
        end[r.job] = now
        usage.count(jobs[r.job]!, -1)
        gate?.ends(r.job)
        for (const f of followers[r.job]!) if (--open[f]! === 0) ready.push(f)
      }
    }
    running = going
  }
  return { start, end, volume, makespan: Math.max(0, ...end) }
}

export function followersOf(needs: readonly (readonly number[])[]): number[][] {
  const followers = needs.map((): number[] => [])
  needs.forEach((list, i) => {
    for (const n of new Set(list)) followers[n]!.push(i)
  })
  return followers
}

/** Whole time and volume of each running job at its present rate. */
function setRates(links: Links, jobs: readonly Job[], running: readonly Running[]): void {
  const { parameters } = links
  const flows = running.map(r => jobs[r.job]!)
  const rates = fairRates(links.rates, flows)
  const senders = new Set(flows.map(f => f.from))
  running.forEach((r, i) => {
    const { memory, to, slowness = 1, bare = false } = flows[i]!
    const rate = rates[i]! * (senders.has(to) ? 1 - parameters.duplexLoss : 1)
    if (rate === r.rate) return
    r.rate = rate
    const whole = transfer(memory, rate, bare ? { ...parameters, overheadSeconds: 0 } : parameters)
    r.seconds = slowness * whole.seconds
    r.volume = whole.volume
  })
}

/** How many run on each host, each link and in all. */
class Usage {
  readonly #links: Links
  readonly #bounds: Bounds | undefined
  readonly #hosts = new Map<number, number>()
  readonly #used = new Map<number, number>()
  #all = 0

  constructor(links: Links, bounds: Bounds | undefined) {
    this.#links = links
    this.#bounds = bounds
  }

  admits({ from, to, route }: Job): boolean {
    if (!this.#bounds) return true
    const { perHost, global } = this.#bounds
    if (this.#all >= global) return false
    if ([from, to].some(h => (this.#hosts.get(h) ?? 0) >= perHost)) return false
    return route.every(l => (this.#used.get(l) ?? 0) < this.#links.limits[l]!)
  }

  count({ from, to, route }: Job, sign: 1 | -1): void {
    this.#all += sign
    for (const h of [from, to]) this.#hosts.set(h, (this.#hosts.get(h) ?? 0) + sign)
    for (const l of route) this.#used.set(l, (this.#used.get(l) ?? 0) + sign)
  }
}
