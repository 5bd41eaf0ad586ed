import { calibrate, expectedSeconds, type MigrationParameters, makePlan, predict } from '../../src/plan/index.ts'
import { type Experiment, HOST_MBPS, observationsOf } from './kherbache-data.ts'

/** Relative errors, expected / measured − 1. */
export interface Errors {
  readonly count: number
  /** Median of the sizes. */
  readonly median: number
  readonly p90: number
  /** Mean with sign: a systematic bias shows here. */
  readonly bias: number
  /** Median with sign. */
  readonly middle: number
}

/** Errors of the experiments that a part of the plans was not calibrated with: twice, with the halves exchanged. */
export function crossValidate(experiments: readonly Experiment[]): {
  durations: Errors
  makespans: Errors
  theirs: Errors
  /** Share of executions between `low` and `high`, which should be 0.8. */
  within: number
} {
  const plans = [...new Set(experiments.map(e => e.plan))]
  const durations: number[] = []
  const makespans: number[] = []
  let within = 0
  for (const half of [0, 1]) {
    const seen = experiments.filter(e => plans.indexOf(e.plan) % 2 === half)
    const unseen = experiments.filter(e => plans.indexOf(e.plan) % 2 !== half)
    const parameters = calibrate(seen.flatMap(observationsOf))
    durations.push(...unseen.flatMap(observationsOf).map(o => expectedSeconds(o, parameters) / o.seconds - 1))
    within += unseen.filter(e => {
      const { low, high } = expectedMakespan(e, parameters).likely
      return low <= makespanOf(e.real) && makespanOf(e.real) <= high
    }).length
    makespans.push(...unseen.map(e => expectedMakespan(e, parameters).likely.mean / makespanOf(e.real) - 1))
  }
  const theirs = experiments.map(e => makespanOf(e.planned) / makespanOf(e.real) - 1)
  return {
    durations: summarise(durations),
    makespans: summarise(makespans),
    theirs: summarise(theirs),
    within: within / experiments.length,
  }
}

export const makespanOf = (list: readonly { readonly end: number }[]): number => Math.max(...list.map(m => m.end))

/** Their plan under our model: a migration waits for those that the plan has end when it starts. */
export function expectedMakespan(
  { planned, memory }: Experiment,
  parameters: MigrationParameters,
): ReturnType<typeof predict> {
  const migrations = planned.map(m => ({
    from: m.from,
    to: m.to,
    mbps: m.mbps,
    memory: memory(m.vm),
    after: planned.flatMap((o, i) => (m.start > 0 && o.end === m.start ? [i] : [])),
  }))
  return predict({ host: () => HOST_MBPS, parameters }, migrations)
}

/** Makespans for one plan's moves, all by the same model: ours, with a fixed parallelism, and their plan's. */
export function makespans(
  e: Experiment,
  parameters: MigrationParameters,
): { ours: number; fixed: number[]; theirs: number } {
  const network = { host: () => HOST_MBPS, parameters }
  const input = { ...e.input, network, vmMemory: (vm: unknown) => e.memory(Number(vm)) }
  return {
    ours: makePlan({ ...input, limits: { perHost: 8, global: 8 } }).makespan,
    fixed: [1, 2, 4].map(n => fixedParallelism(input, e, parameters, n)),
    theirs: expectedMakespan(e, parameters).makespan,
  }
}

/**
 * First come, first served with n at once, whatever the hosts: the order of a plan that runs one by one, each move started as soon
 * as fewer than n run and there is room for it. Written without the planner's scheduler.
 */
function fixedParallelism(
  input: Parameters<typeof makePlan>[0],
  e: Experiment,
  parameters: MigrationParameters,
  n: number,
): number {
  const order = makePlan({ ...input, limits: { perHost: 1, global: 1 } }).moves
  const after: number[][] = []
  // Which n − 1 of those before may still run depends on their times, so the list is built start by start.
  order.forEach((move, i) => {
    const migrations = order
      .slice(0, i)
      .map((m, k) => ({ from: m.from, to: m.to, memory: e.memory(Number(m.vm)), after: after[k]! }))
    const { end } = predict({ host: () => HOST_MBPS, parameters }, migrations)
    const byEnd = migrations.map((_, k) => k).sort((a, b) => end[a]! - end[b]!)
    const ended = byEnd.slice(0, Math.max(0, i - n + 1))
    for (const k of byEnd.slice(ended.length)) {
      if (fits(input, order, ended, byEnd, move)) break
      ended.push(k)
    }
    after.push(ended)
  })
  const all = order.map((m, k) => ({ from: m.from, to: m.to, memory: e.memory(Number(m.vm)), after: after[k]! }))
  return predict({ host: () => HOST_MBPS, parameters }, all).makespan
}

type Moves = ReturnType<typeof makePlan>['moves']

/** With `ended` done and the rest of `started` running on both hosts, there is room for one more. */
function fits(
  input: Parameters<typeof makePlan>[0],
  order: Moves,
  ended: readonly number[],
  started: readonly number[],
  move: Moves[number],
): boolean {
  const hosts = new Map([...input.placement].map(([vm, host]) => [vm, [host]]))
  for (const k of [...started].sort((a, b) => a - b)) {
    const { vm, from, to } = order[k]!
    hosts.set(vm, ended.includes(k) ? [to] : [from, to])
  }
  return input.capacities.every(c => {
    const load = [...hosts].reduce(
      (sum, [vm, on]) => sum + (on.includes(move.to) ? c.load(vm, move.to) : 0),
      c.base(move.to),
    )
    return load + c.load(move.vm, move.to) <= (c.limit(move.to) ?? Number.POSITIVE_INFINITY)
  })
}

function summarise(errors: readonly number[]): Errors {
  const signed = [...errors].sort((a, b) => a - b)
  const sizes = errors.map(Math.abs).sort((a, b) => a - b)
  const at = (list: readonly number[], share: number) => list[Math.floor(share * (list.length - 1))] ?? Number.NaN
  return {
    count: errors.length,
    median: at(sizes, 0.5),
    p90: at(sizes, 0.9),
    bias: errors.reduce((sum, x) => sum + x, 0) / errors.length,
    middle: at(signed, 0.5),
  }
}
