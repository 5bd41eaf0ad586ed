import type { Link, VmMemory } from '../plan/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'
import { byKey, type Cells, cell, numberIn, rowsOf } from './named-rows.ts'
import type { PlanWishes } from './place-and-plan.ts'
import { type ImageCopies, imagesOf, storageOf } from './plan-images.ts'

/** Tables by which a cloud may tell how long its migrations take; none has to be there. */
export const TIMING_TABLES = {
  /** Mb/s of a host's link: `network:host(host, mbps)`. */
  host: 'network:host',
  /** Links between two hosts beyond their own, in one direction: `network:path(from, to, link, mbps)`, with `limit` if it has one. */
  path: 'network:path',
  /** Memory in use and how it is written: `memory:use(vm, used, hot, hot_seconds, cold_rate, disk)`, MiB and seconds. */
  memory: 'memory:use',
} as const

/** What the tables say of links, memory and images, for the planner. */
export function wishesOf(tables: Snapshot, copies: ImageCopies): PlanWishes {
  const { host, path, memory } = TIMING_TABLES
  const hosts = new Map(
    [...byKey(rowsOf(tables, host), 'host', host)].map(([name, row]) => [
      name,
      numberIn(row, 'mbps', host, 'plan/bad-bandwidth'),
    ]),
  )
  const paths = new Map<string, Link[]>()
  for (const row of rowsOf(tables, path)) {
    const key = pair(cell(row, 'from'), cell(row, 'to'))
    const limit = numberIn(row, 'limit', path, 'plan/bad-limit')
    const mbps = numberIn(row, 'mbps', path, 'plan/bad-bandwidth') ?? Number.NaN
    const link = { name: String(row.get('link')), mbps }
    paths.set(key, [...(paths.get(key) ?? []), limit === undefined ? link : { ...link, limit }])
  }
  const memories = new Map([...byKey(rowsOf(tables, memory), 'vm', memory)].map(([vm, row]) => [vm, memoryOf(row)]))
  const storage = storageOf(tables)
  const images = imagesOf(tables, storage, copies)
  return {
    network: { host: name => hosts.get(name), path: (from, to) => paths.get(pair(from, to)) ?? [] },
    ...(memories.size > 0 && {
      vmMemory: (vm, from, to) => {
        const known = memories.get(vm)
        return known?.disk !== undefined && storage.isShared(from, to) ? { ...known, disk: 0 } : known
      },
    }),
    ...(images && { images }),
  }
}

function memoryOf(row: Cells): VmMemory {
  const part = (name: keyof VmMemory, column: string) => {
    const value = numberIn(row, column, TIMING_TABLES.memory, 'plan/bad-memory')
    return value === undefined ? {} : { [name]: value }
  }
  return {
    used: Number.NaN,
    ...part('used', 'used'),
    ...part('hot', 'hot'),
    ...part('hotSeconds', 'hot_seconds'),
    ...part('coldRate', 'cold_rate'),
    ...part('disk', 'disk'),
  }
}

const pair = (from: Value, to: Value) => JSON.stringify([from, to])
