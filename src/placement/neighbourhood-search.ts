import { solveModel } from '../../solvers/index.ts'
import type { Evaluator } from '../datalog/index.ts'
import type { Value } from '../tables/index.ts'
import { encode } from './encode.ts'
import type { SearchLimits } from './local-search.ts'
import { prepare } from './problem.ts'
import type { Random } from './random.ts'
import type { SearchState } from './search-state.ts'
import { solverOptions } from './solver-options.ts'
import type { PlaceInput, PlaceOptions } from './types.ts'
import { restrict } from './universe.ts'

/** Hosts of a neighbourhood: few at first, more while it is easy, fewer when the solver runs out of time. */
const SIZES = { first: 8, least: 4, most: 16 }
/** Seconds for one neighbourhood. */
const SECONDS = 4
/** Neighbourhoods in a row without an improvement that end the search; each costs a look at the whole cloud. */
const STALE = { small: 40, large: 10, largeVms: 5_000 }

/** What is searched, from where it stands. */
export interface SearchJob {
  readonly input: PlaceInput
  readonly present: Evaluator
  readonly state: SearchState
  readonly random: Random
  readonly options: PlaceOptions
}

/**
 * Large neighbourhood search: open all VMs on a few hosts, keep everything else where it is, and let the solver find the best for those.
 * Hosts are chosen around what violates or costs, with others that VMs could be exchanged with.
 */
export async function neighbourhoodSearch(job: SearchJob, limits: SearchLimits): Promise<void> {
  const { input, present, state, random, options } = job
  let size = SIZES.first
  const patience = state.host.length > STALE.largeVms ? STALE.large : STALE.small
  for (let stale = 0; stale < patience && performance.now() < limits.deadline && !limits.signal?.aborted; ) {
    if (limits.reached?.()) return
    const hosts = chooseHosts(state, random, size)
    const problem = prepare(input, present, opened(state, hosts))
    const encoding = encode(problem.grounding.store, problem.universe, problem.aims, {
      budget: problem.universe.budget?.limit,
    })
    const seconds = Math.min(SECONDS, (limits.deadline - performance.now()) / 1000)
    if (seconds <= 0.05) return
    const solution = await solveModel(encoding.model, {
      ...solverOptions(options, seconds),
      start: encoding.valuesOf(state.host),
    })
    const found = solution.values.length > 0 && state.adopt(encoding.placementOf(solution.values))
    stale = found ? 0 : stale + 1
    size =
      solution.status === 'optimal' ? Math.min(SIZES.most, size + (found ? 0 : 1)) : Math.max(SIZES.least, size - 1)
  }
}

/** The universe in which only VMs on these hosts may move, and only among these hosts. */
function opened(state: SearchState, hosts: ReadonlySet<number>): ReturnType<typeof restrict> {
  const { universe } = state
  const single = universe.hosts.map((_, h) => [h])
  return restrict(
    universe,
    universe.hostsOf.map((all, vm) => {
      const here = state.host[vm]!
      return hosts.has(here) ? all.filter(h => hosts.has(h) || h === here) : single[here]!
    }),
  )
}

/** Hosts that some violation or cost is about, then any others. */
function chooseHosts(state: SearchState, random: Random, size: number): Set<number> {
  const chosen = new Set<number>()
  const seeds = state.tuples('error')
  const from = seeds.length > 0 ? seeds : random.next() < 0.3 ? state.tuples('warning') : state.tuples('cost')
  if (from.length > 0) for (const h of hostsOfRow(state, random.pick(from).row)) chosen.add(h)
  for (let tries = 0; chosen.size < Math.min(size, state.universe.hosts.length) && tries < size * 10; tries++)
    chosen.add(random.below(state.universe.hosts.length))
  return new Set([...chosen].slice(0, size))
}

function hostsOfRow({ universe, host }: SearchState, row: readonly Value[]): number[] {
  return row.flatMap(value => {
    const h = universe.hostNumber.get(value)
    const vm = universe.vmNumber.get(value)
    return [...(h === undefined ? [] : [h]), ...(vm === undefined ? [] : [host[vm]!])]
  })
}
