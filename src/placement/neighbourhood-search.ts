import { solveModel } from '../../solvers/index.ts'
import type { Value } from '../tables/index.ts'
import { encode } from './encode.ts'
import type { SearchLimits } from './local-search.ts'
import type { Random } from './random.ts'
import type { ResidentGround } from './resident-ground.ts'
import type { SearchState } from './search-state.ts'
import { solverOptions } from './solver-options.ts'
import type { PlaceOptions } from './types.ts'
import { contains } from './universe.ts'

/** Hosts of a neighbourhood: few at first, more while it is easy, fewer when the solver runs out of time. */
const SIZES = { first: 8, least: 4, most: 16 }
/** Seconds for one neighbourhood. */
const SECONDS = 4
/** Neighbourhoods in a row without an improvement that end the search. */
const STALE = 200

/** What is searched, from where it stands. */
export interface SearchJob {
  /** Made when the first part is to be translated. */
  readonly ground: () => ResidentGround
  readonly state: SearchState
  readonly random: Random
  readonly options: PlaceOptions
}

/**
 * Large neighbourhood search: open all VMs on a few hosts, keep everything else where it is, and let the solver find the best for those.
 * Hosts are chosen around what violates or costs, with others that VMs could be exchanged with.
 */
export async function neighbourhoodSearch(job: SearchJob, limits: SearchLimits): Promise<void> {
  const { ground, state, random, options } = job
  let size = SIZES.first
  for (let stale = 0; stale < STALE && performance.now() < limits.deadline && !limits.signal?.aborted; ) {
    if (limits.reached?.()) return
    const hosts = chooseHosts(state, random, size)
    const open = opened(state, hosts)
    if (open.size === 0) {
      stale++
      continue
    }
    const { problem, vms } = ground().part(state.host, open)
    const encoding = encode(problem.grounding.store, problem.universe, problem.aims, {
      budget: problem.universe.budget?.limit,
    })
    const seconds = Math.min(SECONDS, (limits.deadline - performance.now()) / 1000)
    if (seconds <= 0.05) return
    const solution = await solveModel(encoding.model, {
      ...solverOptions(options, seconds),
      start: encoding.valuesOf(vms.map(vm => state.host[vm]!)),
    })
    const found = solution.values.length > 0 && state.adoptPart(vms, encoding.placementOf(solution.values))
    // Everything was open at once: nothing better is left.
    if (solution.status === 'optimal' && hosts.size === state.universe.hosts.length) return
    stale = found ? 0 : stale + 1
    size =
      solution.status === 'optimal' ? Math.min(SIZES.most, size + (found ? 0 : 1)) : Math.max(SIZES.least, size - 1)
  }
}

/** The VMs on these hosts, each with those of these hosts that it may be on. */
function opened(state: SearchState, hosts: ReadonlySet<number>): Map<number, readonly number[]> {
  const { universe } = state
  const open = new Map<number, readonly number[]>()
  const ordered = [...hosts].sort((a, b) => a - b)
  for (const here of ordered)
    for (const vm of state.guests[here]!) {
      const may = ordered.filter(h => h === here || contains(universe.hostsOf[vm]!, h))
      if (may.length > 1) open.set(vm, may)
    }
  return open
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
