import type { Span } from '../../diagnostic/index.ts'

/** Why a table must be complete before it is read; undefined when it need not be. */
export type Strictness = 'not' | 'aggregate' | undefined

/** `from` reads `to`. */
export interface Dependency {
  readonly from: string
  readonly to: string
  readonly strict: Strictness
  readonly span: Span
}

export interface Stratification {
  /** Strongly connected components, each after all that it reads. */
  readonly components: readonly (readonly string[])[]
  /** For each component that has one, a shortest cycle through a strict dependency, which comes first. */
  readonly cycles: readonly (readonly Dependency[])[]
}

/** Order tables by dependency, and find negation or aggregation that goes in a circle. Dependencies on other tables are ignored. */
export function stratify(tables: Iterable<string>, dependencies: readonly Dependency[]): Stratification {
  const nodes = [...new Set(tables)]
  const number = new Map(nodes.map((t, i) => [t, i]))
  const reads: Dependency[][] = nodes.map(() => [])
  for (const d of dependencies) {
    const from = number.get(d.from)
    if (from !== undefined && number.has(d.to)) reads[from]!.push(d)
  }
  const targets = reads.map(list => list.map(d => number.get(d.to)!))
  const components = stronglyConnected(targets)
  const componentOf = new Int32Array(nodes.length)
  components.forEach((members, c) => {
    for (const m of members) componentOf[m] = c
  })

  const inside = (d: Dependency) => componentOf[number.get(d.from)!] === componentOf[number.get(d.to)!]
  const cycles: Dependency[][] = []
  for (const members of components) {
    const strict = members.flatMap(m => reads[m]!).find(d => d.strict && inside(d))
    if (strict)
      cycles.push([strict, ...shortestPath(strict.to, strict.from, t => reads[number.get(t)!]!.filter(inside))])
  }
  return { components: components.map(members => members.map(m => nodes[m]!).sort()), cycles }
}

/**
 * Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) with an explicit stack, since rules may chain deeper than the call stack.
 * Components come out with those they point to first.
 */
function stronglyConnected(targets: readonly (readonly number[])[]): number[][] {
  const size = targets.length
  const order = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const onStack = new Uint8Array(size)
  const nextTarget = new Int32Array(size)
  const stack: number[] = []
  const components: number[][] = []
  let counter = 0
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue
    const path = [root]
    while (path.length > 0) {
      const v = path[path.length - 1]!
      if (order[v] === -1) {
        order[v] = low[v] = counter++
        stack.push(v)
        onStack[v] = 1
      }
      const list = targets[v]!
      let descended = false
      while (nextTarget[v]! < list.length) {
        const w = list[nextTarget[v]!++]!
        if (order[w] === -1) {
          path.push(w)
          descended = true
          break
        }
        if (onStack[w]) low[v] = Math.min(low[v]!, order[w]!)
      }
      if (descended) continue
      path.pop()
      const parent = path[path.length - 1]
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[v]!)
      if (low[v] === order[v]) components.push(popComponent(stack, onStack, v))
    }
  }
  return components
}

function popComponent(stack: number[], onStack: Uint8Array, root: number): number[] {
  const members: number[] = []
  for (;;) {
    const w = stack.pop()!
    onStack[w] = 0
    members.push(w)
    if (w === root) return members
  }
}

/** Dependencies that lead from one table to another, fewest first; empty when they are the same. */
function shortestPath(from: string, to: string, next: (table: string) => readonly Dependency[]): Dependency[] {
  const came = new Map<string, Dependency | undefined>([[from, undefined]])
  const queue = [from]
  for (let i = 0; i < queue.length && !came.has(to); i++)
    for (const d of next(queue[i]!))
      if (!came.has(d.to)) {
        came.set(d.to, d)
        queue.push(d.to)
      }
  const path: Dependency[] = []
  for (let d = came.get(to); d !== undefined; d = came.get(d.from)) path.unshift(d)
  return path
}
