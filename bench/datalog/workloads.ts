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
