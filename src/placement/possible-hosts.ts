import type { ConditionGraph } from './condition-graph.ts'
import type { Penalties } from './penalties.ts'
import type { Possibilities } from './universe.ts'

/** Rounds of leaving hosts out: each may show that others are full. */
const ROUNDS = 5

/**
 * Where each VM can be without passing a limit by itself, whatever the other VMs do: what they take at least is added up over their own
 * possible hosts, and hosts are left out until nothing follows any more (bounds propagation). The present host always stays. A limit that
 * is passed wherever VMs go says nothing.
 * @returns ascending host numbers for each VM
 */
export function possibleHosts(graph: ConditionGraph, penalties: Penalties, universe: Possibilities): number[][] {
  const { vms, hosts, hostsOf, current } = universe
  const width = hosts.length
  const possible = new Uint8Array(vms.length * width)
  const count = Int32Array.from(hostsOf, list => list.length)
  for (const [vm, list] of hostsOf.entries()) for (const h of list) possible[vm * width + h] = 1
  const limits = limitsOf(graph, penalties, width)
  for (let round = 0, changed = true; changed && round < ROUNDS; round++) {
    changed = false
    for (const limit of limits) {
      for (const pair of limit.excluded(possible, count, current, width)) {
        possible[pair] = 0
        count[Math.floor(pair / width)]!--
        changed = true
      }
    }
  }
  return hostsOf.map((list, vm) => list.filter(h => possible[vm * width + h] === 1))
}

/** A sum that has to stay below `most`; its terms by VM. */
class Limit {
  readonly #most: number
  /** Pair of VM and host (vm × hosts + host) of each term, ascending, and what the term adds. */
  readonly #pairs: Float64Array
  readonly #amounts: Float64Array

  constructor(most: number, pairs: Float64Array, amounts: Float64Array) {
    this.#most = most
    this.#pairs = pairs
    this.#amounts = amounts
  }

  /** Pairs that are too much even with the least of all other VMs. */
  excluded(possible: Uint8Array, count: Int32Array, current: Int32Array, width: number): number[] {
    const pairs = this.#pairs
    const amounts = this.#amounts
    const leasts = new Float64Array(pairs.length)
    let total = 0
    for (let first = 0, next = 0; first < pairs.length; first = next) {
      const vm = Math.floor(pairs[first]! / width)
      let least = Number.POSITIVE_INFINITY
      let terms = 0
      for (next = first; next < pairs.length && pairs[next]! < (vm + 1) * width; next++) {
        if (possible[pairs[next]!] === 0) continue
        terms++
        least = Math.min(least, amounts[next]!)
      }
      if (terms < count[vm]!) least = Math.min(least, 0)
      leasts.fill(least, first, next)
      total += least
    }
    const excluded: number[] = []
    if (total >= this.#most) return excluded
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!
      if (possible[pair] === 0 || total - leasts[i]! + amounts[i]! < this.#most) continue
      if (current[Math.floor(pair / width)] !== pair % width) excluded.push(pair)
    }
    return excluded
  }
}

function limitsOf(graph: ConditionGraph, { upper, lower }: Penalties, width: number): Limit[] {
  const pairOf = new Float64Array(graph.kind.length)
  for (const { cell, vm, host } of graph.atoms) pairOf[cell] = vm * width + host
  return graph.sumTerms.flatMap(({ cells, factors }, s) => {
    if (upper[s] === Number.POSITIVE_INFINITY && lower[s] === Number.NEGATIVE_INFINITY) return []
    const order = [...cells.keys()].sort((a, b) => pairOf[cells[a]!]! - pairOf[cells[b]!]!)
    const pairs = Float64Array.from(order, i => pairOf[cells[i]!]!)
    const limit = (most: number, sign: 1 | -1): Limit[] =>
      Number.isFinite(most)
        ? [
            new Limit(
              most,
              pairs,
              Float64Array.from(order, i => sign * factors[i]!),
            ),
          ]
        : []
    return [...limit(upper[s]!, 1), ...limit(-lower[s]!, -1)]
  })
}
