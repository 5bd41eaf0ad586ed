import type { Link, VmMemory } from '../plan/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'
import type { PlanWishes } from './place-and-plan.ts'

/** Tables by which a cloud may tell how long its migrations take; none has to be there. */
export const TIMING_TABLES = {
  /** Mb/s of a host's link: `network:host(host, mbps)`. */
  host: 'network:host',
  /** Links between two hosts beyond their own, in one direction: `network:path(from, to, link, mbps)`, with `limit` if it has one. */
  path: 'network:path',
  /** Memory in use and how it is written: `memory:use(vm, used, hot, hot_seconds, cold_rate)`, MiB and seconds. */
  memory: 'memory:use',
} as const

type Cells = ReadonlyMap<string, Value>

/** What the tables say of links and memory, for the planner. */
export function wishesOf(tables: Snapshot): PlanWishes {
  const hosts = new Map<Value, number | undefined>(
    rowsOf(tables, TIMING_TABLES.host).map(row => [row.get('host') ?? null, number(row, 'mbps')]),
  )
  const paths = new Map<string, Link[]>()
  for (const row of rowsOf(tables, TIMING_TABLES.path)) {
    const key = pair(row.get('from') ?? null, row.get('to') ?? null)
    const limit = number(row, 'limit')
    const link = { name: String(row.get('link')), mbps: number(row, 'mbps') ?? Number.NaN }
    paths.set(key, [...(paths.get(key) ?? []), limit === undefined ? link : { ...link, limit }])
  }
  const memories = new Map<Value, VmMemory>(
    rowsOf(tables, TIMING_TABLES.memory).map(row => [row.get('vm') ?? null, memoryOf(row)]),
  )
  return {
    network: { host: host => hosts.get(host), path: (from, to) => paths.get(pair(from, to)) ?? [] },
    ...(memories.size > 0 && { vmMemory: vm => memories.get(vm) }),
  }
}

function memoryOf(row: Cells): VmMemory {
  const part = (name: keyof VmMemory, column: string) => {
    const value = number(row, column)
    return value === undefined ? {} : { [name]: value }
  }
  return {
    used: number(row, 'used') ?? 0,
    ...part('hot', 'hot'),
    ...part('hotSeconds', 'hot_seconds'),
    ...part('coldRate', 'cold_rate'),
    ...part('disk', 'disk'),
  }
}

const pair = (from: Value, to: Value) => JSON.stringify([from, to])

function number(row: Cells, column: string): number | undefined {
  const cell = row.get(column)
  return typeof cell === 'number' ? cell : undefined
}

function rowsOf(tables: Snapshot, name: string): Cells[] {
  const table = tables.get(name)
  if (!table) return []
  const names = table.schema.columns.map(column => column.name)
  return table.rows.map(row => new Map(row.map((cell, i) => [names[i] ?? '', cell])))
}
