/**
 * What the machine can do at the moment: the workloads written by hand over dense arrays, for ratios on machines whose speed varies.
 *   npx tsx bench/datalog/floor.ts w1 VMS HOSTS · w2 random|chain NODES · w3 VMS HOSTS
 */
import { cloud, graph } from './workloads.ts'

const [workload, a, b] = process.argv.slice(2)

function number(name: unknown): number {
  return Number(String(name).replace(/^\D+/, ''))
}

function column(rows: readonly (readonly unknown[])[], c: number): Int32Array {
  return Int32Array.from(rows, r => number(r[c]))
}

/** Pairs of one HA group on one host. */
function w1(at: Int32Array, left: Int32Array, right: Int32Array): number {
  let found = 0
  for (let i = 0; i < left.length; i++) if (at[left[i]!] === at[right[i]!]) found++
  return found
}

/** Hosts whose VMs need more than they have. */
function w3(at: Int32Array, cpu: Int32Array, capacity: Int32Array): number {
  const load = new Float64Array(capacity.length)
  for (let v = 0; v < at.length; v++) load[at[v]!]! += cpu[v]!
  return load.filter((l, h) => l > capacity[h]!).length
}

/** Pairs reached, by a search from each node, and pairs with a target that are not. */
function w2(n: number, from: Int32Array, to: Int32Array): number {
  const first = new Int32Array(n + 1)
  for (const f of from) first[f + 1]!++
  for (let i = 0; i < n; i++) first[i + 1]! += first[i]!
  const fill = first.slice()
  const ends = new Int32Array(to.length)
  from.forEach((f, i) => {
    ends[fill[f]!++] = to[i]!
  })
  let unreached = 0
  const pairs = new Int32Array(n * n)
  let stored = 0
  for (let source = 0; source < n; source++) {
    const seen = new Uint8Array(n)
    const queue: number[] = [source]
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (let e = first[node]!; e < first[node + 1]!; e++) {
        const next = ends[e]!
        if (seen[next] === 1) continue
        seen[next] = 1
        pairs[stored++] = next
        queue.push(next)
      }
    }
    for (let target = 0; target < n; target += 50) if (seen[target] === 0) unreached++
  }
  return unreached
}

let run: () => number
if (workload === 'w2') {
  const n = Number(b)
  const edges = graph(a as 'random' | 'chain', n)[0]!.rows
  const [from, to] = [column(edges, 0), column(edges, 1)]
  run = () => w2(n, from, to)
} else {
  const [location, cpus, capacities, pairs] = cloud(Number(a), Number(b)).tables
  const at = column(location!.rows, 1)
  const [left, right] = [column(pairs!.rows, 0), column(pairs!.rows, 1)]
  const [cpu, capacity] = [column(cpus!.rows, 1), column(capacities!.rows, 1)]
  run = workload === 'w1' ? () => w1(at, left, right) : () => w3(at, cpu, capacity)
}
const before = process.cpuUsage()
const rows = run()
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ workload, a, b, rows, evaluateCpuMs: (user + system) / 1000 }))
