import { fail } from '../diagnostic/index.ts'
import { planCopies } from './copies.ts'
import { explainImpossible } from './impossible.ts'
import { likelyMakespan } from './likely.ts'
import { findOrder, isSafe, type Order } from './order.ts'
import { type Leg, Problem } from './problem.ts'
import { resequence } from './resequence.ts'
import { type Limits, type ScheduledLeg, schedule } from './schedule.ts'
import { compareSequences, type Sequence, search } from './search.ts'
import { findBroken, PROBE_LIMIT, scheduleWatched } from './serialise.ts'
import { simulate, type Times } from './simulate.ts'
import type { Plan, PlanInput, PlanLimits } from './types.ts'
import { Watch } from './watch.ts'
import { watchedDive } from './watched-dive.ts'

const DEFAULTS: Limits = { perHost: 1, global: 4 }
/** Judge calls for finding an end state without new violations when part of the target is impossible. */
const SETTLE_CALLS = 600
/** Judge calls of one exact search for a sequence that breaks less. */
const SEARCH_CALLS = 300
/** Legs up to which a sequence is judged leg by leg even when its steps show nothing. */
const SMALL = 60
/** A judged plan is made again in another order only if that may save more than this. */
const GAIN = 0.98
/** Parallelisms tried besides the limits. */
const FEW = [1, 2, 4]

/**
 * Order the moves of a target into a plan.
 *
 * Any execution that starts a move only when all of its `after` have ended keeps every host within every capacity, counting both
 * ends of each running migration, and keeps to the limits, however long each move takes. A host that is over a capacity at the
 * start only gets lighter until it is within. What the judge sees is avoided as far as the (bounded) search finds a way, and named
 * in `brokenOnTheWay` where it finds none.
 *
 * @throws DiagnosticError `plan/bad-limit`; Error if a move does not start where the placement has its VM.
 */
export function makePlan(input: PlanInput): Plan {
  const limits = { perHost: limit(input.limits, 'perHost'), global: limit(input.limits, 'global') }
  checkMoves(input)
  const problem = new Problem(input)
  const vms = problem.moves.map((_, i) => i)
  if (!input.judge) {
    const order = findOrder(problem, vms)
    problem.copies = planCopies(problem, order.legs, input)
    return report(problem, shortest(problem, order.legs, limits), order, new Map(), undefined)
  }
  const atEnd = new Watch(input.judgeEnd ?? input.judge, problem)
  atEnd.allow(problem.from, problem.to)
  const { order, dropped } = settle(problem, vms, findOrder(problem, vms), atEnd)
  const watch = input.judgeEnd ? new Watch(input.judge, problem) : atEnd
  watch.allow(problem.from, endOf(problem, order.legs))
  let legs = order.legs
  if (legs.length > PROBE_LIMIT) {
    problem.copies = planCopies(problem, legs, input)
    const quick = schedule(problem, legs, limits, [], true)
    if (findBroken(problem, quick, watch).size === 0) return report(problem, quick, order, dropped, watch)
  }
  legs = improve(problem, order, watch).legs
  problem.copies = planCopies(problem, legs, input)
  return report(problem, shortestWatched(problem, legs, limits, watch), order, dropped, watch)
}

/**
 * The shortest of: the sequence's own schedule, that of the same legs in another order, and for a few legs the same with fewer at
 * once. A fixed parallelism within the limits is therefore never faster.
 */
function shortest(problem: Problem, legs: readonly Leg[], limits: Limits): ScheduledLeg[] {
  const found: ScheduledLeg[][] = []
  for (const bounds of legs.length <= SMALL ? [limits, ...tighter(limits)] : [limits]) {
    found.push(schedule(problem, legs, bounds))
    const other = resequence(problem, legs, bounds)
    if (other && isSafe(problem, other.legs)) found.push(schedule(problem, other.legs, bounds, [], false, other.ends))
  }
  const times = found.map(list => timesOf(problem, list).makespan)
  return found[times.indexOf(Math.min(...times))]!
}

/** As `shortest`, for a few legs: another order is taken if the judge has no more to say against it. */
function shortestWatched(problem: Problem, legs: readonly Leg[], limits: Limits, watch: Watch): ScheduledLeg[] {
  const own = scheduleWatched(problem, legs, limits, watch)
  if (legs.length > PROBE_LIMIT) return own
  const length = timesOf(problem, own).makespan
  const other = resequence(problem, legs, limits)
  if (!other || other.makespan >= GAIN * length || !isSafe(problem, other.legs)) return own
  if (countNews(problem, other.legs, watch) > countNews(problem, legs, watch)) return own
  const reordered = scheduleWatched(problem, other.legs, limits, watch)
  const worse = findBroken(problem, reordered, watch).size > findBroken(problem, own, watch).size
  return !worse && timesOf(problem, reordered).makespan < length ? reordered : own
}

function tighter({ perHost, global }: Limits): Limits[] {
  return FEW.filter(n => n < global).map(n => ({ perHost: Math.min(n, perHost), global: n }))
}

function limit(limits: PlanLimits | undefined, name: keyof Limits): number {
  const value = limits?.[name] ?? DEFAULTS[name]
  if (!Number.isInteger(value) || value < 1)
    fail('plan/bad-limit', `the limit \`${name}\` is \`${value}\`, which lets no migration run`, {
      help: 'give a whole number from 1',
    })
  return value
}

function checkMoves(input: PlanInput): void {
  const seen = new Set()
  for (const { vm, from } of input.moves) {
    if (seen.has(vm)) throw new Error(`the target moves ${vm} twice`)
    if (input.placement.get(vm) !== from) throw new Error(`the target moves ${vm} from ${from}, where it is not`)
    seen.add(vm)
  }
}

/**
 * When part of the target is impossible, the rest may end in a state that breaks a rule which neither the start nor the target
 * breaks. Leave out further moves, the one that mends most first, until it does not.
 */
function settle(
  problem: Problem,
  vms: readonly number[],
  order: Order,
  watch: Watch,
): { order: Order; dropped: ReadonlyMap<number, string> } {
  const dropped = new Map<number, string>()
  const until = watch.calls + SETTLE_CALLS
  while (order.done < vms.length) {
    const at = endOf(problem, order.legs)
    const news = watch.news(at, [])
    if (news.length === 0) break
    const reason = `without the moves that are impossible, it would leave ${news[0]} at the end`
    const kept = vms.filter(i => at[i] === problem.to[i])
    const counts = kept.map(i => {
      if (watch.calls >= until) return Number.POSITIVE_INFINITY
      const without = [...at]
      without[i] = problem.from[i]!
      return watch.news(without, []).length
    })
    const least = Math.min(...counts)
    // Out of calls: nothing moves, which is no worse than the start.
    const out = least === Number.POSITIVE_INFINITY ? kept : [kept[counts.indexOf(least)]!]
    for (const i of out) dropped.set(i, reason)
    order = findOrder(
      problem,
      kept.filter(i => !out.includes(i)),
    )
  }
  return { order, dropped }
}

/** A sequence of the same moves that brings fewer violations on the way, if one is found; stops may be used for it. */
function improve(problem: Problem, order: Order, watch: Watch): Sequence {
  let best: Sequence = { ...order, violations: countNews(problem, order.legs, watch) }
  if (best.violations === 0) return best
  const vms = [...new Set(order.legs.map(leg => leg.vm))]
  const judgeWithin = (calls: number) => {
    const until = watch.calls + calls
    return (before: Int32Array, leg: Leg) => (watch.calls >= until ? undefined : newsOf(watch, before, leg).size)
  }
  const better = (found: Sequence | undefined) => {
    if (found && compareSequences(found, best) < 0 && isSafe(problem, found.legs)) best = found
  }
  better(watchedDive(problem, order.legs, judgeWithin(Math.max(400, 8 * vms.length))))
  if (vms.length > SMALL) return best
  const exact = (maxParks: number) => {
    const options = {
      vms,
      rooms: problem.rooms(),
      maxParks,
      mode: 'exact',
      work: 1_000_000,
      follow: order.legs,
    } as const
    better(search(problem, { ...options, judge: judgeWithin(SEARCH_CALLS) }).best)
  }
  for (let parks = order.parks; parks <= order.parks + 2; parks++) {
    if (best.violations === 0 && best.parks <= parks) break
    exact(parks)
  }
  return best
}

function countNews(problem: Problem, legs: readonly Leg[], watch: Watch): number {
  const at = [...problem.from]
  let count = 0
  for (const leg of legs) {
    count += newsOf(watch, at, leg).size
    at[leg.vm] = leg.to
  }
  return count
}

/** New violations while this leg runs and when it has ended. */
function newsOf(watch: Watch, before: ArrayLike<number>, leg: Leg): Set<string> {
  const after = Array.from(before)
  after[leg.vm] = leg.to
  return new Set([...watch.news(before, [leg]), ...watch.news(after, [])])
}

function endOf(problem: Problem, legs: readonly Leg[]): number[] {
  const at = [...problem.from]
  for (const { vm, to } of legs) at[vm] = to
  return at
}

/** Expected times when every leg starts as soon as it may. */
function timesOf(problem: Problem, legs: readonly ScheduledLeg[]): Times {
  const jobs = legs.map(leg => problem.job(leg, leg.from))
  const needs = legs.map(leg => leg.after)
  const times = simulate(problem.links, jobs, needs)
  if (!times) throw new Error('legs wait for each other')
  return times
}

/** Back from the job that ends last, each time to the one it waited for longest. */
function criticalPath({ end }: Times, needs: readonly (readonly number[])[]): number[] {
  const latest = (list: readonly number[]) => list.reduce((a, b) => (end[b]! > end[a]! ? b : a), list[0]!)
  if (needs.length === 0) return []
  const path = [latest(needs.map((_, i) => i))]
  for (let after = needs[path[0]!]!; after.length > 0; after = needs[path.at(-1)!]!) path.push(latest(after))
  return path.reverse()
}

function report(
  problem: Problem,
  legs: readonly ScheduledLeg[],
  order: Order,
  dropped: ReadonlyMap<number, string>,
  watch: Watch | undefined,
): Plan {
  const { copies } = problem
  // Legs first, then copies: the jobs of the plan, and what each waits for.
  const copy = (k: number) => legs.length + k
  // A leg now waits for its copy itself, not for the time at which that should have ended.
  const jobs = [...legs.map(leg => ({ ...problem.job(leg, leg.from), release: 0 })), ...copies.list.map(c => c.job)]
  const needs = [
    ...legs.map(leg => {
      const k = copies.of(leg, leg.from)
      return k === undefined ? leg.after : [...leg.after, copy(k)]
    }),
    ...copies.list.map(c => c.after.map(copy)),
  ]
  const times = simulate(problem.links, jobs, needs)
  if (!times) throw new Error('moves wait for each other')
  const sorted = legs
    .map((_, i) => i)
    .sort((a, b) => legs[a]!.step - legs[b]!.step || times.start[a]! - times.start[b]! || a - b)
  const ids = new Map([
    ...copies.list.map((_, k): [number, string] => [copy(k), `c${k + 1}`]),
    ...sorted.map((i, n): [number, string] => [i, `m${n + 1}`]),
  ])
  const rank = new Map([...ids.keys()].map((i, n) => [i, n]))
  const named = (list: Iterable<number>) => [...list].sort((a, b) => rank.get(a)! - rank.get(b)!).map(i => ids.get(i)!)
  const timed = (i: number) => ({ start: times.start[i]!, end: times.end[i]!, volume: times.volume[i]! })
  const moves = sorted.map(i => {
    const leg = legs[i]!
    const { vm, because } = problem.moves[leg.vm]!
    return {
      id: ids.get(i)!,
      vm,
      from: problem.hosts[leg.from]!,
      to: problem.hosts[leg.to]!,
      cost: problem.cost(leg.vm, leg.from, leg.to),
      step: leg.step,
      after: named(needs[i]!),
      parking: leg.to !== problem.to[leg.vm],
      because,
      ...timed(i),
      disk: jobs[i]!.memory.disk ?? 0,
    }
  })
  const at = endOf(problem, legs)
  const left = problem.moves.map((_, i) => i).filter(i => at[i] !== problem.to[i])
  const broken = watch ? findBroken(problem, legs, watch) : new Map<string, ReadonlySet<number>>()
  return {
    moves,
    copies: copies.list.map(({ image, from, to }, k) => ({
      id: ids.get(copy(k))!,
      image,
      from,
      to,
      after: named(needs[copy(k)]!),
      ...timed(copy(k)),
    })),
    cost: moves.reduce((sum, m) => sum + m.cost, 0),
    steps: Math.max(0, ...moves.map(m => m.step)),
    makespan: times.makespan,
    likely: likelyMakespan(problem.links, jobs, needs),
    criticalPath: criticalPath(times, needs).map(i => ids.get(i)!),
    volume: times.volume.reduce((sum, mib) => sum + mib, 0),
    brokenOnTheWay: [...broken].map(([violation, during]) => ({ violation, during: named(during) })),
    impossible: explainImpossible(problem, left, at, order.exhausted, dropped),
  }
}
