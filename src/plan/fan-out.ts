import { fail } from '../diagnostic/index.ts'
import type { Value } from '../tables/index.ts'
import { fairRates, Links } from './links.ts'
import type { Network } from './network-types.ts'

/** An image, and who has it. */
export interface StockedImage {
  /** What has to be copied to each target: the image, or the part of it that is read. */
  readonly mib: number
  /** Hosts that have the image: an image service, or hosts that hold it in their cache. */
  readonly sources: readonly Value[]
}

export interface FanOut {
  /** Which image has to come to which host; the first come first. */
  readonly wanted: readonly { readonly image: Value; readonly to: Value }[]
  readonly images: ReadonlyMap<Value, StockedImage>
  readonly network?: Network
  /** Hosts that have received an image pass it on. Default true. */
  readonly hostToHost?: boolean
}

/** One copy of an image from host to host (`nova:cache_image`), as a step of a plan. */
export interface PlannedCopy {
  /** `c1`, `c2`, … in the order of their starts. */
  readonly id: string
  readonly image: Value
  readonly from: Value
  readonly to: Value
  /** Seconds from the start of the plan. */
  readonly start: number
  readonly end: number
  /** MiB over the network. */
  readonly volume: number
  /** Copies that must have ended before: the one that brings the image to `from`, and the one that frees its link. */
  readonly after: readonly string[]
}

/** A sender that is slower than this share of the fastest is not used: the fastest will be free before it is done. */
const WORTH_WAITING = 0.4

interface Running {
  readonly copy: { id: string; image: Value; from: Value; to: Value; start: number; end: number; after: string[] }
  readonly route: readonly number[]
  left: number
}

/** Who has an image, with the copy that brought it; undefined: it was there. */
type Holders = Map<Value, string | undefined>

/**
 * Copy images to hosts so that no sender is asked for more than its link carries: a copy starts where it gets the rate that it would
 * have alone. Whoever has an image serves the next host, so with copies between hosts the number of holders doubles in the time of
 * one copy, which is the best that links of one speed allow (broadcast with one port for each host: Farley, 1980).
 *
 * Targets are served in their order, by the sender with the fastest way to them.
 *
 * @throws DiagnosticError `plan/no-image-source`
 */
export function fanOut(request: FanOut): { readonly copies: readonly PlannedCopy[]; readonly makespan: number } {
  const { images, hostToHost = true } = request
  const links = new Links(request.network)
  const holders = new Map<Value, Holders>(
    [...images].map(([i, { sources }]) => [i, new Map(sources.map(s => [s, undefined]))]),
  )
  const mib = (image: Value) => images.get(image)!.mib
  let waiting = withoutHolders(request)
  const lastFrom = new Map<Value, string[]>()
  const copies: PlannedCopy[] = []
  let running: Running[] = []
  let now = 0
  while (waiting.length + running.length > 0) {
    const room = roomOn(links, running)
    const still: { image: Value; to: Value }[] = []
    const had = new Map([...holders].map(([i, all]) => [i, hostToHost ? [...all.keys()] : images.get(i)!.sources]))
    // Senders that have no room left are not looked at again in this round.
    const free = new Map([...had].map(([i, all]) => [i, new Set(all)]))
    for (const want of waiting) {
      const { image, to } = want
      const senders = free.get(image)!
      const from =
        senders.size > 0 ? bestSender(links, senders, room, to, fastest(links, had.get(image)!, to)) : undefined
      if (from === undefined) {
        still.push(want)
        continue
      }
      const route = links.route(from, to)
      const rate = links.rateAlone(route)
      for (const l of route) room.set(l, (room.get(l) ?? links.rates[l]!) - rate)
      const after = [holders.get(image)!.get(from), ...(lastFrom.get(from) ?? [])].filter(id => id !== undefined)
      const id = `c${copies.length + running.length + 1}`
      const copy = { id, image, from, to, start: now, end: 0, after: [...new Set(after)] }
      running.push({ copy, route, left: mib(image) })
    }
    waiting = still
    const rates = fairRates(links.rates, running)
    const step = Math.min(...running.map((r, i) => r.left / rates[i]!))
    now += step
    const ended = new Map<Value, string[]>()
    const going: Running[] = []
    running.forEach((r, i) => {
      const { copy } = r
      r.left -= step * rates[i]!
      if (r.left > 1e-9 * mib(copy.image)) {
        going.push(r)
        return
      }
      copies.push({ ...copy, end: now, volume: mib(copy.image) })
      holders.get(copy.image)!.set(copy.to, copy.id)
      ended.set(copy.from, [...(ended.get(copy.from) ?? []), copy.id])
    })
    for (const [from, ids] of ended) lastFrom.set(from, ids)
    running = going
  }
  return { copies: copies.sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1))), makespan: now }
}

/** What is wanted and not there, each once. */
function withoutHolders({ wanted, images }: FanOut): FanOut['wanted'] {
  const seen = new Map<Value, Set<Value>>()
  return wanted.filter(({ image, to }) => {
    const { sources, mib } = images.get(image) ?? { sources: [], mib: 0 }
    const known = seen.get(image) ?? seen.set(image, new Set(sources)).get(image)!
    if (known.has(to)) return false
    known.add(to)
    if (sources.length === 0)
      fail('plan/no-image-source', `no host has the image \`${image}\``, { help: 'name a host that serves images' })
    if (!(Number.isFinite(mib) && mib > 0))
      fail('plan/bad-image', `the image \`${image}\` has a size of \`${mib}\` MiB`, { help: 'give a size above 0' })
    return true
  })
}

function roomOn(links: Links, running: readonly Running[]): Map<number, number> {
  const room = new Map<number, number>()
  for (const { route } of running)
    for (const l of route) room.set(l, (room.get(l) ?? links.rates[l]!) - links.rateAlone(route))
  return room
}

/** Rate of the fastest way to a target, busy or not. */
function fastest(links: Links, holders: readonly Value[], to: Value): number {
  let most = 0
  for (const from of holders) {
    const route = links.route(from, to)
    most = Math.max(most, links.rateAlone(route))
    // Nothing is faster than the target's own link.
    if (most >= links.rates[route.at(-1)!]! * (1 - 1e-9)) break
  }
  return most
}

/**
 * The sender that can give a target the most, if one has room for it and is not much slower than one worth waiting for; senders without
 * any room are taken out of the set.
 */
function bestSender(
  links: Links,
  senders: Set<Value>,
  room: ReadonlyMap<number, number>,
  to: Value,
  top: number,
): Value | undefined {
  let best: Value | undefined
  let most = WORTH_WAITING * top
  for (const from of senders) {
    const route = links.route(from, to)
    if ((room.get(route[0]!) ?? 1) <= 1e-9) {
      senders.delete(from)
      continue
    }
    const rate = links.rateAlone(route)
    if (rate <= most || route.some(l => (room.get(l) ?? links.rates[l]!) < rate * (1 - 1e-9))) continue
    best = from
    most = rate
    if (rate >= top * (1 - 1e-9)) break
  }
  return best
}
