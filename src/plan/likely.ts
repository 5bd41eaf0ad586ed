import type { Links } from './links.ts'
import { type Job, simulate } from './simulate.ts'

/** How long a plan is likely to take, in seconds. */
export interface Likely {
  /** One in ten plans is shorter. */
  readonly low: number
  readonly mean: number
  /** One in ten plans is longer. */
  readonly high: number
}

/** Runs, by the number of jobs. */
const RUNS = 40
const JOBS_IN_ALL = 4000

/**
 * Carry jobs out a number of times, each job taking longer or shorter at random by the cloud's spread. A move that waits for several
 * waits for the slowest of them, so the mean is above the time that follows from mean durations. The randomness is always the same.
 */
export function likelyMakespan(links: Links, jobs: readonly Job[], needs: readonly (readonly number[])[]): Likely {
  const runs = Math.max(10, Math.min(RUNS, Math.floor(JOBS_IN_ALL / Math.max(1, jobs.length))))
  const random = generator(jobs.length)
  const found = Array.from({ length: runs }, () => {
    const slow = jobs.map(job => ({ ...job, slowness: slowness(links.parameters.spread, random) }))
    return simulate(links, slow, needs)?.makespan ?? Number.NaN
  }).sort((a, b) => a - b)
  const at = (share: number) => found[Math.round(share * (runs - 1))] ?? 0
  return { low: at(0.1), mean: found.reduce((sum, x) => sum + x, 0) / runs, high: at(0.9) }
}

/** Log-normal with mean 1: never negative, and longer more often by much than shorter. */
function slowness(spread: number, random: () => number): number {
  const sigma = Math.sqrt(Math.log(1 + spread * spread))
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(sigma * normal - (sigma * sigma) / 2)
}

/** Lehmer's generator, from 0 to below 1. */
function generator(seed: number): () => number {
  let state = (seed % 2147483646) + 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
