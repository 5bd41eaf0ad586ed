import type { Leg, Problem } from './problem.ts'
import type { Sequence } from './search.ts'

/** Most legs judged before a stop, or a violation, is accepted; keeps judge calls proportional to the legs. */
const LOOKS = 12
/** Stops judged for each VM. */
const STOPS = 2

/**
 * Go through a known safe sequence again, putting off each leg that would break a rule now. Where every leg that fits would, a VM
 * that still has to leave one of the hosts in question stops elsewhere; where that doesn't help, the leg that breaks least is made.
 *
 * `judge` gives the number of violations a leg brings, undefined when it takes no more calls.
 * @returns undefined if it ran out of calls or into a dead end.
 */
export function watchedDive(
  problem: Problem,
  follow: readonly Leg[],
  judge: (at: Int32Array, leg: Leg) => number | undefined,
): Sequence | undefined {
  const p = problem
  const at = Int32Array.from(p.from)
  const rooms = p.rooms()
  const legs: Leg[] = []
  let waiting = [...new Set(follow.map(leg => leg.vm))]
  const sum = { parks: 0, extra: 0, violations: 0 }
  const fits = (i: number, to: number) => p.obstacle(rooms, i, at[i]!, to) < 0
  const go = (leg: Leg, violations: number) => {
    p.carry(rooms, leg.vm, at[leg.vm]!, leg.to)
    at[leg.vm] = leg.to
    legs.push(leg)
    sum.violations += violations
  }

  /** The first leg that breaks nothing, or the one that breaks least of those looked at. */
  const bestOf = (options: Iterable<Leg>): { leg: Leg; violations: number } | undefined | 'out of calls' => {
    let best: { leg: Leg; violations: number } | undefined
    let looks = 0
    for (const leg of options) {
      const violations = judge(at, leg)
      if (violations === undefined) return 'out of calls'
      if (!best || violations < best.violations) best = { leg, violations }
      if (violations === 0 || ++looks === LOOKS) break
    }
    return best
  }

  while (waiting.length > 0) {
    const direct = waiting.filter(i => fits(i, p.to[i]!)).map(vm => ({ vm, to: p.to[vm]! }))
    const first = bestOf(direct)
    if (first === 'out of calls') return undefined
    if (first?.violations === 0) {
      go(first.leg, 0)
      // Those looked at in vain go to the back, so that the next look is at others.
      const vain = direct.slice(0, direct.indexOf(first.leg)).map(leg => leg.vm)
      waiting = [...waiting.filter(i => i !== first.leg.vm && !vain.includes(i)), ...vain]
      continue
    }
    const wanted = direct.length > 0 ? direct.slice(0, LOOKS).map(leg => leg.to) : waiting.map(i => p.to[i]!)
    const stop = bestOf(stopsFor(p, waiting, at, wanted, fits))
    if (stop === 'out of calls') return undefined
    if (stop && stop.violations < (first?.violations ?? Number.POSITIVE_INFINITY)) {
      go(stop.leg, stop.violations)
      sum.parks++
      sum.extra += p.stops(stop.leg.vm).find(s => s.host === stop.leg.to)!.extra
    } else if (first) {
      go(first.leg, first.violations)
      waiting = waiting.filter(i => i !== first.leg.vm)
    } else return undefined
  }
  return { legs, done: new Set(legs.map(leg => leg.vm)).size, ...sum }
}

/** Stops of the VMs that have yet to leave one of the wanted hosts. */
function* stopsFor(
  p: Problem,
  waiting: readonly number[],
  at: Int32Array,
  wanted: readonly number[],
  fits: (i: number, to: number) => boolean,
): Iterable<Leg> {
  for (const vm of waiting) {
    if (at[vm] !== p.from[vm] || !wanted.includes(at[vm]!)) continue
    let found = 0
    for (const { host } of p.stops(vm)) {
      if (!fits(vm, host)) continue
      yield { vm, to: host }
      if (++found === STOPS) break
    }
  }
}
