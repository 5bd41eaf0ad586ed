import type { Value } from '../tables/index.ts'
import { type Copies, NO_COPIES } from './copy-jobs.ts'
import { fanOut, type StockedImage } from './fan-out.ts'
import type { Leg, Problem } from './problem.ts'
import type { PlanInput } from './types.ts'

/** The copies that legs need on hosts which do not have the image, hosts of early legs first; then those wanted for their own sake. */
export function planCopies(problem: Problem, legs: readonly Leg[], { images, network }: PlanInput): Copies {
  if (!images) return NO_COPIES
  const at = [...problem.from]
  const needs = legs.flatMap(({ vm, to }) => {
    const { moves, hosts } = problem
    const host = hosts[to]!
    const needed = images.needed(moves[vm]!.vm, hosts[at[vm]!]!, host)
    at[vm] = to
    return needed ? [{ ...needed, to: host }] : []
  })
  const wanted = [...needs, ...(images.wanted ?? []).map(({ image, mib, host }) => ({ image, mib, to: host }))]
  const stock = new Map<Value, StockedImage>()
  for (const { image, mib } of wanted)
    stock.set(image, {
      mib: Math.max(mib, stock.get(image)?.mib ?? mib),
      sources: stock.get(image)?.sources ?? images.sources(image),
    })
  const { hostToHost } = images
  const { copies } = fanOut({
    wanted,
    images: stock,
    ...(network && { network }),
    ...(hostToHost !== undefined && { hostToHost }),
  })
  const indices = new Map(copies.map((copy, k) => [copy.id, k]))
  const arrivals = new Map<Value, Map<Value, number>>([...stock.keys()].map(image => [image, new Map()]))
  copies.forEach(({ image, to }, k) => {
    arrivals.get(image)!.set(to, k)
  })
  // Image services and hosts of VMs to come are no hosts of moves: numbers of their own.
  const numbers = new Map<Value, number>(problem.hosts.map((host, h) => [host, h]))
  const number = (host: Value) => numbers.get(host) ?? numbers.set(host, numbers.size).get(host)!
  return {
    list: copies.map(({ image, from, to, after, end, volume }) => ({
      image,
      from,
      to,
      end,
      after: after.map(id => indices.get(id)!),
      job: {
        memory: { used: volume },
        bare: true,
        from: number(from),
        to: number(to),
        route: problem.links.route(from, to),
      },
    })),
    of({ vm, to }, from) {
      const host = problem.hosts[to]!
      const needed = images.needed(problem.moves[vm]!.vm, problem.hosts[from]!, host)
      return needed && arrivals.get(needed.image)?.get(host)
    },
  }
}
