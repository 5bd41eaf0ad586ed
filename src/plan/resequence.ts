import type { Leg, Problem } from './problem.ts'
import { capacityNeeds, startHosts } from './schedule.ts'
import { type Search, searchTimes } from './shorten.ts'
import type { Bounds, Gate } from './simulate.ts'

/** A sequence of legs in the order of their starts, with the time at which each ends. */
export interface TimedSequence {
  readonly legs: readonly Leg[]
  readonly ends: readonly number[]
  readonly makespan: number
}

/**
 * The same legs in another order, for a shorter plan: list scheduling in which room is looked at when a leg could start, instead of
 * being promised in the order of the sequence. Greedy, so it may run into a dead end; then there is no answer.
 */
export function resequence(problem: Problem, legs: readonly Leg[], limits: Bounds): TimedSequence | undefined {
  if (problem.negative) return undefined
  const from = startHosts(problem, legs)
  const jobs = legs.map((leg, i) => problem.job(leg, from[i]!))
  const last = new Map<number, number>()
  const needs = legs.map(({ vm }, i) => {
    const previous = last.get(vm)
    last.set(vm, i)
    return previous === undefined ? [] : [previous]
  })
  const search: Search = {
    links: problem.links,
    jobs,
    needs,
    urgent: capacityNeeds(problem, legs, from),
    gate: () => roomGate(problem, legs, from),
  }
  const best = searchTimes(search, limits)
  if (!best) return undefined
  const { start, end, makespan } = best.times
  const order = legs.map((_, i) => i).sort((a, b) => start[a]! - start[b]! || end[a]! - end[b]! || a - b)
  return { legs: order.map(i => legs[i]!), ends: order.map(i => end[i]!), makespan }
}

/** Room is taken on arrival's start and free on departure's end. */
function roomGate(problem: Problem, legs: readonly Leg[], from: readonly number[]): Gate {
  const rooms = problem.rooms()
  return {
    admits: i => problem.obstacle(rooms, legs[i]!.vm, from[i]!, legs[i]!.to) < 0,
    starts(i) {
      const { vm, to } = legs[i]!
      problem.load(vm, to).forEach((x, c) => {
        rooms[problem.slot(c, to)]! -= x
      })
    },
    ends(i) {
      problem.load(legs[i]!.vm, from[i]!).forEach((x, c) => {
        rooms[problem.slot(c, from[i]!)]! += x
      })
    },
  }
}
