import { emptyMatrix, MATRIX_ROWS, NEW, Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import type { RunningClause, Trigger } from './running-clause.ts'

/** Nodes up to which a closure is worked out by rows of bits: those of so many nodes are 32 MB. */
const MOST_NODES = 16_384

/** A recursive table that is the transitive closure of others. */
export interface Closure {
  readonly table: Relation
  /** Tables whose pairs are the edges, and the rules that say so. */
  readonly bases: ReadonlyMap<Relation, RunningClause>
  /** The recursive rule, for limits and profiles. */
  readonly step: RunningClause
}

/**
 * Recognise `t(x, y) :- e(x, y)` with `t(x, z) :- t(x, y), e(y, z)`, or the same with the literals' parts exchanged, or with `t` for both; `e`
 * may be several tables that each have both rules. Undefined where rules say anything else, or data gives rows to `t`.
 */
export function closureIn(clauses: readonly RunningClause[], triggers: readonly Trigger[]): Closure | undefined {
  const source = (clause: RunningClause, at: number) => triggers.find(t => t.clause === clause && t.at === at)?.source
  const bases = new Map<Relation, RunningClause>()
  const after = new Set<Relation>()
  const before = new Set<Relation>()
  let step: RunningClause | undefined
  const [first] = clauses
  if (first?.clause.sink.kind !== 'table') return undefined
  const name = first.clause.sink.table
  let table: Relation | undefined
  let doubled = false
  for (const clause of clauses) {
    const { body, sink } = clause.clause
    if (sink.kind !== 'table' || sink.table !== name) return undefined
    const pairs: (readonly [number, number])[] = []
    for (const l of [...body, { kind: 'atom', negated: false, args: sink.args } as const]) {
      if (l.kind !== 'atom' || l.negated || l.args.length !== 2) return undefined
      const [x, y] = l.args
      if (x?.kind !== 'variable' || y?.kind !== 'variable' || x.index === y.index) return undefined
      pairs.push([x.index, y.index])
    }
    const relations = body.map((_, i) => source(clause, i))
    if (!relations.every(r => r instanceof Relation)) return undefined
    const own = body.map(l => l.kind === 'atom' && l.table === name)
    const [p, q, r] = pairs
    if (body.length === 1) {
      if (own[0] || p![0] !== q![0] || p![1] !== q![1]) return undefined
      if (relations[0]!.size > 0) bases.set(relations[0]!, clause)
      continue
    }
    // Two literals that share the variable in the middle, in the order of the path.
    if (body.length !== 2) return undefined
    const turned = p![1] !== q![0]
    const [left, right] = turned ? [1, 0] : [0, 1]
    const [from, to] = turned ? [q!, p!] : [p!, q!]
    if (from[1] !== to[0] || from[0] === to[1] || r![0] !== from[0] || r![1] !== to[1]) return undefined
    if (own[left] && own[right]) doubled = true
    else if (own[left]) after.add(relations[right]!)
    else if (own[right]) before.add(relations[left]!)
    else return undefined
    table = relations[own[left] ? left : right]!
    step = clause
  }
  if (!table || !step) return undefined
  const steps = [...after, ...before].filter(e => e.size > 0)
  if (steps.some(e => !bases.has(e))) return undefined
  const complete = doubled || [after, before].some(known => [...bases.keys()].every(e => known.has(e)))
  return complete ? { table, bases, step } : undefined
}

/**
 * Fill the table from nothing; false, with nothing done, where there are too many nodes for it. Nodes that reach each other reach the same
 * nodes: strongly connected components are taken in the order of Tarjan's search (1972), sinks first, and what one reaches is the union of
 * what its successors do, a word at a time (Nuutila 1995). Then whole blocks of pairs are written at once.
 */
export function fillClosure({ table, bases, step }: Closure): boolean {
  const graph = table.isFresh ? numbered([...bases.keys()]) : undefined
  if (!graph) return false
  let edges = 0
  for (const [{ size }, clause] of bases) {
    edges += size
    clause.instead(guard => guard.derivedMany(size))
  }
  step.instead(guard => {
    // Those that the other rules have derived are among the rows.
    guard.derivedMany(-edges)
    close(graph, table, guard)
  })
  return true
}

function close(graph: Graph, table: Relation, guard: Guard): void {
  const { ids, first, ends } = graph
  const n = ids.length
  const width = (n + 31) >>> 5
  /** What a component reaches, by its number. */
  const reached = new Int32Array(n * width)
  const members: number[][] = []
  const componentOf = new Int32Array(n).fill(-1)
  const sizes: number[] = []
  let rows = 0
  const visit = (nodes: number[]): void => {
    const c = members.push(nodes) - 1
    for (const node of nodes) componentOf[node] = c
    const row = reached.subarray(c * width, (c + 1) * width)
    let cyclic = false
    for (const node of nodes) {
      for (let e = first[node]!; e < first[node + 1]!; e++) {
        guard.tick()
        const end = ends[e]!
        const other = componentOf[end]!
        if (other === c) cyclic = true
        // Whatever is in a row is there with all that it reaches.
        else if ((row[end >>> 5]! & (1 << (end & 31))) === 0) {
          row[end >>> 5]! |= 1 << (end & 31)
          const from = other * width
          for (let w = 0; w < width; w++) row[w]! |= reached[from + w]!
        }
      }
    }
    if (cyclic) for (const node of nodes) row[node >>> 5]! |= 1 << (node & 31)
    let size = 0
    for (let w = 0; w < width; w++) size += ones(row[w]!)
    sizes.push(size)
    rows += size * nodes.length
    guard.derivedMany(size * nodes.length)
  }
  eachComponent(n, first, ends, visit)
  write(table, rows, ids, c => ({
    nodes: members[c]!,
    size: sizes[c]!,
    row: reached.subarray(c * width, (c + 1) * width),
  }))
}

interface Graph {
  /** Of each node. */
  readonly ids: readonly number[]
  /** Where the successors of each node begin among `ends`. */
  readonly first: Int32Array
  readonly ends: Int32Array
}

/** Edges with their nodes numbered as they are met; undefined when those are too many. */
function numbered(edges: readonly Relation[]): Graph | undefined {
  const numbers = new Map<number, number>()
  const ids: number[] = []
  const numberOf = (id: number): number => {
    let number = numbers.get(id)
    if (number === undefined) {
      number = ids.push(id) - 1
      numbers.set(id, number)
    }
    return number
  }
  let count = 0
  for (const e of edges) count += e.size
  const from = new Int32Array(count)
  const to = new Int32Array(count)
  let edge = 0
  for (const { columns, state, top } of edges) {
    const [a, b] = columns
    for (let slot = 0; slot < top; slot++) {
      if ((state[slot]! & NEW) === 0) continue
      from[edge] = numberOf(a![slot]!)
      to[edge++] = numberOf(b![slot]!)
      if (ids.length > MOST_NODES) return undefined
    }
  }
  const first = new Int32Array(ids.length + 1)
  for (let i = 0; i < edge; i++) first[from[i]! + 1]!++
  for (let i = 0; i < ids.length; i++) first[i + 1]! += first[i]!
  const place = first.slice()
  const ends = new Int32Array(edge)
  for (let i = 0; i < edge; i++) ends[place[from[i]!]!++] = to[i]!
  return { ids, first, ends }
}

/** Visit strongly connected components, each after all that it leads to. */
function eachComponent(n: number, first: Int32Array, ends: Int32Array, visit: (nodes: number[]) => void): void {
  /** When a node was met, from 1; 0: not yet. */
  const met = new Int32Array(n)
  /** The earliest open node that is known to be reached from a node. */
  const low = new Int32Array(n)
  const isOpen = new Uint8Array(n)
  const open: number[] = []
  const path = new Int32Array(n)
  const edge = first.slice(0, n)
  let time = 0
  for (let root = 0; root < n; root++) {
    if (met[root] !== 0) continue
    let depth = 0
    path[0] = root
    while (depth >= 0) {
      const node = path[depth]!
      if (met[node] === 0) {
        met[node] = low[node] = ++time
        isOpen[node] = 1
        open.push(node)
      }
      let next = -1
      for (let e = edge[node]!; e < first[node + 1]!; ) {
        const end = ends[e++]!
        edge[node] = e
        if (met[end] === 0) {
          next = end
          break
        }
        if (isOpen[end] === 1 && met[end]! < low[node]!) low[node] = met[end]!
      }
      if (next >= 0) {
        path[++depth] = next
        continue
      }
      depth--
      if (depth >= 0 && low[node]! < low[path[depth]!]!) low[path[depth]!] = low[node]!
      if (low[node] !== met[node]) continue
      const nodes = open.splice(open.lastIndexOf(node))
      for (const m of nodes) isOpen[m] = 0
      visit(nodes)
    }
  }
}

interface Block {
  readonly nodes: readonly number[]
  readonly size: number
  readonly row: Int32Array
}

/** Give the table its rows: each component's nodes with all that they reach. */
function write(table: Relation, rows: number, ids: readonly number[], block: (component: number) => Block): void {
  const [left, right] = [new Int32Array(Math.max(16, rows)), new Int32Array(Math.max(16, rows))]
  let top = 0
  const largest = ids.reduce((a, b) => Math.max(a, b), 0)
  const matrix = rows < MATRIX_ROWS ? undefined : emptyMatrix(largest, largest, rows)
  const words = new Int32Array(matrix ? matrix.width / 32 : 0)
  const reached = new Int32Array(ids.length)
  for (let c = 0; top < rows; c++) {
    const { nodes, size, row } = block(c)
    if (size === 0) continue
    let found = 0
    row.forEach((word, w) => {
      for (let rest = word; rest !== 0; rest &= rest - 1) {
        reached[found++] = ids[w * 32 + 31 - Math.clz32(rest & -rest)]!
      }
    })
    if (matrix) {
      words.fill(0)
      for (let i = 0; i < found; i++) words[reached[i]! >>> 5]! |= 1 << (reached[i]! & 31)
    }
    for (const node of nodes) {
      right.set(reached.subarray(0, size), top)
      left.fill(ids[node]!, top, top + size)
      matrix?.bits.set(words, ids[node]! * words.length)
      top += size
    }
  }
  table.adopt([left, right], rows, matrix)
}

/** Bits that are set in a word. */
function ones(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555)
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333)
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
