import type { Value } from '../tables/index.ts'
import { fanOut } from './fan-out.ts'
import type { Problem } from './problem.ts'
import type { ScheduledLeg } from './schedule.ts'
import type { Job } from './simulate.ts'
import type { PlanInput } from './types.ts'

/** A copy among the jobs of a plan; `after`: indices of copies. */
export interface CopyJob {
  readonly image: Value
  readonly from: Value
  readonly to: Value
  readonly job: Job
  readonly after: readonly number[]
}

export interface Copies {
  readonly list: readonly CopyJob[]
  /** For each leg the copy it waits for, as an index of `list`. */
  readonly forLeg: readonly (number | undefined)[]
}

/** The copies that legs need on hosts which do not have the image; the hosts of early legs are served first. */
export function copiesFor(problem: Problem, legs: readonly ScheduledLeg[], { images, network }: PlanInput): Copies {
  if (!images) return { list: [], forLeg: legs.map(() => undefined) }
  const needed = legs.map(leg =>
    images.needed(problem.moves[leg.vm]!.vm, problem.hosts[leg.from]!, problem.hosts[leg.to]!),
  )
  const byImage = new Map<Value, number[]>()
  const early = legs.map((_, i) => i).sort((a, b) => legs[a]!.step - legs[b]!.step || a - b)
  for (const i of early) {
    const image = needed[i]?.image
    if (image === undefined || images.sources(image).includes(problem.hosts[legs[i]!.to]!)) continue
    byImage.set(image, [...(byImage.get(image) ?? []), i])
  }
  const list: CopyJob[] = []
  const forLeg: (number | undefined)[] = legs.map(() => undefined)
  for (const [image, users] of byImage) {
    const mib = Math.max(...users.map(i => needed[i]!.mib))
    const { copies } = fanOut({
      image,
      mib,
      sources: images.sources(image),
      targets: users.map(i => problem.hosts[legs[i]!.to]!),
      ...(network && { network }),
      ...(images.hostToHost !== undefined && { hostToHost: images.hostToHost }),
    })
    const first = list.length
    const indices = new Map(copies.map((copy, k) => [copy.id, first + k]))
    for (const { from, to, after } of copies)
      list.push({
        image,
        from,
        to,
        job: {
          memory: { used: mib },
          from: problem.hosts.indexOf(from),
          to: problem.hosts.indexOf(to),
          route: problem.links.route(from, to),
        },
        after: after.map(id => indices.get(id)!),
      })
    for (const i of users) forLeg[i] = list.findIndex((c, k) => k >= first && c.to === problem.hosts[legs[i]!.to]!)
  }
  return { list, forLeg }
}
