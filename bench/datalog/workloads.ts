import type { Row, TableData } from '../../src/tables/index.ts'

/** The instances of bench/README.md, made in memory: the same generator and seeds as its peers' folders of CSV. */

function generator(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function tableOf(name: string, columns: readonly string[], rows: readonly Row[]): TableData {
  return {
    schema: { table: name, columns: columns.map(c => ({ name: c })) },
    rows,
    provenance: { source: 'bench', readAt: '2026-01-01T00:00:00Z' },
  }
}

export interface Cloud {
  readonly tables: readonly TableData[]
  /** Host of each VM at the start. */
  readonly at: readonly number[]
  readonly moves: readonly (readonly [vm: number, host: number])[]
  /** Right answers, worked out while generating. */
  readonly together: number
  readonly over: number
}

/** W1, W3 and W4: VMs on hosts at random, half of them in HA groups of two to five. */
export function cloud(vms: number, hosts: number): Cloud {
  const random = generator(vms)
  const pick = (n: number) => Math.floor(random() * n)
  const at: number[] = []
  const cpu: number[] = []
  for (let v = 0; v < vms; v++) {
    at.push(pick(hosts))
    cpu.push([2, 4, 8, 16][pick(4)]!)
  }
  const pairs: [number, number][] = []
  for (let v = 0; v < vms / 2; ) {
    const n = Math.min(2 + pick(4), vms / 2 - v)
    if (random() < 0.01 && n > 1) at[v + 1] = at[v]!
    for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) pairs.push([v + a, v + b])
    v += n
  }
  const load = new Array<number>(hosts).fill(0)
  at.forEach((h, v) => {
    load[h]! += cpu[v]!
  })
  const capacity = load.map(() => Math.round(((7.5 * vms) / hosts) * (1.3 + 0.4 * random())))
  const rows = {
    location: at.map((h, v): Row => [`vm${v}`, `host${h}`]),
    cpu: cpu.map((c, v): Row => [`vm${v}`, c]),
    capacity: capacity.map((c, h): Row => [`host${h}`, c]),
    pairs: pairs.map(([a, b]): Row => [`vm${a}`, `vm${b}`]),
  }
  return {
    tables: [
      tableOf('nova:location', ['vm', 'host'], rows.location),
      tableOf('vm_cpu', ['vm', 'cpu'], rows.cpu),
      tableOf('host_capacity', ['host', 'cpu'], rows.capacity),
      tableOf('same_ha_group', ['vm1', 'vm2'], rows.pairs),
    ],
    at,
    moves: Array.from({ length: 10_000 }, () => [pick(vms), pick(hosts)] as const),
    together: pairs.filter(([a, b]) => at[a] === at[b]).length,
    over: load.filter((l, h) => l > capacity[h]!).length,
  }
}

/** W2: a graph of `n` nodes, at random with 2n edges or one chain. */
export function graph(kind: 'random' | 'chain', n: number): readonly TableData[] {
  const random = generator(n)
  const edges = new Set<string>()
  if (kind === 'chain') for (let i = 0; i < n - 1; i++) edges.add(`${i},${i + 1}`)
  else while (edges.size < 2 * n) edges.add(`${Math.floor(random() * n)},${Math.floor(random() * n)}`)
  const numbers = (count: number, step: number) => Array.from({ length: count }, (_, i): Row => [i * step])
  return [
    tableOf(
      'edge',
      ['from', 'to'],
      [...edges].map((e): Row => e.split(',').map(Number)),
    ),
    tableOf('node', ['node'], numbers(n, 1)),
    tableOf('target', ['node'], numbers(n / 50, 50)),
  ]
}

/** The moves of W4 by name (VM, from, to), and the right answers when all are done. */
export function followMoves({ tables, at: start, moves }: Cloud): {
  readonly moves: readonly (readonly [vm: string, from: string, to: string])[]
  readonly together: number
  readonly over: number
} {
  const at = [...start]
  const named = moves.map(([vm, host]) => {
    const from = at[vm]!
    at[vm] = host
    return [`vm${vm}`, `host${from}`, `host${host}`] as const
  })
  const number = (name: unknown) => Number(String(name).replace(/^\D+/, ''))
  const rows = (table: string) => tables.find(t => t.schema.table === table)!.rows
  const load = new Map<number, number>()
  for (const [vm, cpu] of rows('vm_cpu')) load.set(at[number(vm)]!, (load.get(at[number(vm)]!) ?? 0) + (cpu as number))
  const together = rows('same_ha_group').filter(([a, b]) => at[number(a)] === at[number(b)]).length
  const over = rows('host_capacity').filter(([host, cpu]) => (load.get(number(host)) ?? 0) > (cpu as number)).length
  return { moves: named, together, over }
}

/** The right answer of W2: pairs of a node and a target that no path leads between, by a search from each node. */
export function unreached(tables: readonly TableData[]): number {
  const [edges, nodes, targets] = tables.map(t => t.rows as readonly (readonly number[])[])
  const after = new Map<number, number[]>()
  for (const [from, to] of edges!) {
    const list = after.get(from!)
    if (list) list.push(to!)
    else after.set(from!, [to!])
  }
  let found = 0
  for (const [source] of nodes!) {
    const seen = new Set<number>()
    const queue = [source!]
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (const next of after.get(node) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        queue.push(next)
      }
    }
    for (const [target] of targets!) if (!seen.has(target!)) found++
  }
  return found
}

export const policies = {
  w1: 'policy w1\nerror(h, a, b) :- same_ha_group(a, b), nova:location(a, h), nova:location(b, h).\n',
  w2: `policy w2
reach(a, b) :- edge(a, b).
reach(a, c) :- reach(a, b), edge(b, c).
unreach(a, b) :- node(a), target(b), not reach(a, b).
`,
  w3: `policy w3
over(h, s) :- host_capacity(h, c), s = sum x : { nova:location(v, h), vm_cpu(v, x) }, s > c.
`,
} as const
