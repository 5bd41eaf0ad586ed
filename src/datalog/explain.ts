import {
  type CoreLiteral,
  type CoreRule,
  type CoreTerm,
  type Program,
  renderExpr,
  renderLiteral,
  renderValue,
} from '../language/index.ts'
import { compareRows, type Provenance, type Row, type Value } from '../tables/index.ts'
import type { Database } from './database.ts'
import { planBody, type Step } from './plan.ts'
import { type Bindings, boundIn, type SolveContext, Solver } from './solve.ts'
import type { Derivation, Tuple } from './types.ts'

/** What explanations look at. */
export interface Explaining {
  readonly program: Program
  readonly db: Database
  readonly context: SolveContext
  /** Whether data, not a rule, gave this row. */
  readonly isGiven: (table: string, row: readonly number[]) => boolean
  readonly provenance: (table: string) => Provenance | undefined
}

/** Bindings of an aggregate that are shown; the rest are only counted. */
const FOLD = 10

/** Rule instances looked at before a derivation is taken from what was seen; smallest among those. */
const INSTANCES = 100_000
const INSTANCES_OF_ONE = 2_000

/** One tuple on the way to a derivation. */
interface Node {
  readonly table: string
  readonly ids: readonly number[]
  /** Nodes of its smallest derivation; set once that is certain. */
  cost: number | undefined
  best: Instance | undefined
  bestCost: number
  readonly given: boolean
  readonly parents: Instance[]
}

/** A rule with values for all its variables. */
interface Instance {
  readonly node: Node
  readonly rule: CoreRule
  readonly env: Bindings
  readonly children: readonly Node[]
  missing: number
  cost: number
}

/**
 * A derivation with the fewest nodes, for a tuple that holds. The rule instances that could stand in one are enumerated from the
 * tuple down, then Knuth's generalisation of Dijkstra's algorithm (1977) settles tuples from the cheapest up: a tuple's
 * cost is certain before any tuple that needs it, so recursion ends in given rows. A very wide search is cut off
 * (`INSTANCES`): then the derivation is a smallest one among the instances seen.
 */
export function explainTuple(tuple: Tuple, ex: Explaining): Derivation | undefined {
  const ids = tuple.row.map(v => ex.db.interner.find(v))
  for (const cut of [true, false]) {
    const search = new Search(ex, cut)
    const root = search.node(tuple.table, ids)
    search.explore(root)
    search.settle()
    if (root.cost !== undefined) return build(root, ex)
  }
  return undefined
}

class Search {
  readonly #ex: Explaining
  readonly #cut: boolean
  readonly #nodes = new Map<string, Node>()
  readonly #queue: Node[] = []
  readonly #ready = new CostQueue()
  readonly #rules = new Map<string, CoreRule[]>()

  constructor(ex: Explaining, cut: boolean) {
    this.#ex = ex
    this.#cut = cut
    for (const rule of ex.program.rules) {
      const own = this.#rules.get(rule.head.table)
      if (own) own.push(rule)
      else this.#rules.set(rule.head.table, [rule])
    }
  }

  node(table: string, ids: readonly number[]): Node {
    const key = `${table} ${ids.join()}`
    let node = this.#nodes.get(key)
    if (!node) {
      const given = this.#ex.isGiven(table, ids)
      const bestCost = given ? 1 : Number.POSITIVE_INFINITY
      node = { table, ids, cost: undefined, best: undefined, bestCost, given, parents: [] }
      this.#nodes.set(key, node)
      if (given) this.#ready.push(node, 1)
      else this.#queue.push(node)
    }
    return node
  }

  /** Enumerate the instances that derive a tuple, then those of their tuples, breadth first. */
  explore(root: Node): void {
    let seen = 0
    for (let i = 0; i < this.#queue.length; i++) {
      const node = this.#queue[i]!
      let own = 0
      for (const rule of this.#rules.get(node.table) ?? []) {
        eachInstance(rule, node.ids, this.#ex, env => {
          this.#instance(node, rule, env)
          seen++
          return !this.#cut || ++own < INSTANCES_OF_ONE
        })
      }
      if (this.#cut && seen > INSTANCES) break
    }
    if (root.given) this.#ready.push(root, 1)
  }

  #instance(node: Node, rule: CoreRule, env: Bindings): void {
    const children: Node[] = []
    for (const l of rule.body) {
      if (l.kind === 'atom' && !l.negated)
        children.push(
          this.node(
            l.table,
            l.args.map(t => idOf(t as CoreTerm, env, this.#ex.db)),
          ),
        )
    }
    const cost = rule.body.length === 0 ? 1 : 1 + rule.body.length - children.length
    const instance: Instance = { node, rule, env, children, missing: children.length, cost }
    for (const child of children) child.parents.push(instance)
    if (instance.missing === 0) this.#offer(instance)
  }

  #offer(instance: Instance): void {
    const { node, cost } = instance
    if (node.cost !== undefined || node.given) return
    const better =
      cost < node.bestCost || (cost === node.bestCost && node.best !== undefined && this.#before(instance, node.best))
    if (!better) return
    const cheaper = cost < node.bestCost
    node.best = instance
    node.bestCost = cost
    if (cheaper) this.#ready.push(node, cost)
  }

  /** Of two equally small instances the one of the earlier rule, then of the smaller values: answers repeat. */
  #before(a: Instance, b: Instance): boolean {
    if (a.rule.id !== b.rule.id) return a.rule.id < b.rule.id
    return compareRows(valuesOf(a.env, this.#ex.db), valuesOf(b.env, this.#ex.db)) < 0
  }

  settle(): void {
    for (let node = this.#ready.pop(); node; node = this.#ready.pop()) {
      if (node.cost !== undefined) continue
      node.cost = node.bestCost
      for (const parent of node.parents) {
        parent.cost += node.cost
        if (--parent.missing === 0) this.#offer(parent)
      }
    }
  }
}

function valuesOf(env: Bindings, db: Database): Row {
  return [...env].map(id => (id < 0 ? null : db.interner.value(id)))
}

/** Visit each way in which a rule derives a row; false from the visit stops. Variables local to an aggregate stay without value. */
function eachInstance(rule: CoreRule, ids: readonly number[], ex: Explaining, visit: (env: Bindings) => boolean): void {
  const env = bindHead(rule, ids, ex.db)
  if (!env) return
  const steps = planBody(rule.body, boundIn(env), { rows: (t, c) => ex.db.rows(t, c) })
  new Solver(ex.db, ex.context).solve(steps, env, rule.variables, () => visit(env.slice()))
}

/** Values for the head's variables, or undefined when the head cannot be this row. */
export function bindHead(rule: CoreRule, ids: readonly number[], db: Database): Bindings | undefined {
  const env = new Int32Array(rule.variables.length).fill(-1)
  for (let i = 0; i < rule.head.args.length; i++) {
    const arg = rule.head.args[i]!
    const id = ids[i]!
    if (arg.kind === 'constant' ? db.interner.find(arg.value) !== id : env[arg.index]! >= 0 && env[arg.index] !== id)
      return undefined
    if (arg.kind === 'variable') env[arg.index] = id
  }
  return env
}

function idOf(t: CoreTerm, env: Bindings, db: Database): number {
  return t.kind === 'constant' ? db.interner.find(t.value) : env[t.index]!
}

/** The tree of a settled node. Tuples needed twice share one object. Children first, so that depth costs no stack. */
function build(root: Node, ex: Explaining): Derivation {
  const order: Node[] = []
  const seen = new Set<Node>([root])
  for (const stack = [root]; stack.length > 0; ) {
    const node = stack.pop()!
    order.push(node)
    for (const child of node.best?.children ?? []) {
      if (!seen.has(child)) {
        seen.add(child)
        stack.push(child)
      }
    }
  }
  const made = new Map<Node, Derivation>()
  for (const node of order.sort((a, b) => a.cost! - b.cost!)) made.set(node, derivation(node, made, ex))
  return made.get(root)!
}

function derivation(node: Node, made: ReadonlyMap<Node, Derivation>, ex: Explaining): Derivation {
  const tuple = { table: node.table, row: node.ids.map(id => ex.db.interner.value(id)) }
  const instance = node.best
  if (!instance) return { kind: 'row', tuple, provenance: ex.provenance(node.table) }
  const { rule, env, children } = instance
  if (rule.body.length === 0) return { kind: 'fact', tuple, rule }
  let child = 0
  const because = rule.body.map(l => {
    if (l.kind === 'atom' && !l.negated) return made.get(children[child++]!)!
    return explainLiteral(l, rule, env, ex)
  })
  return { kind: 'rule', tuple, rule, because }
}

/** A literal that holds under `env`; a positive atom's tuple is explained by itself. */
function explainLiteral(l: CoreLiteral, rule: CoreRule, env: Bindings, ex: Explaining): Derivation {
  const value = (v: number): Value => ex.db.interner.value(env[v]!)
  const name = (v: number) => (env[v]! >= 0 ? renderValue(value(v)) : (rule.variables[v] ?? '_'))
  if (l.kind === 'atom' && l.negated) {
    const pattern = l.args.map(t =>
      t.kind === 'wildcard' ? undefined : t.kind === 'constant' ? t.value : value(t.index),
    )
    return { kind: 'absent', table: l.table, pattern }
  }
  if (l.kind === 'atom') {
    const row = l.args.map(t => (t.kind === 'constant' ? t.value : value((t as { index: number }).index)))
    return explainTuple({ table: l.table, row }, ex)!
  }
  if (l.kind === 'aggregate') return explainAggregate(l, rule, env, ex)
  return { kind: 'builtin', text: renderLiteral(ex.program, rule, l, name) }
}

function explainAggregate(
  l: Extract<CoreLiteral, { kind: 'aggregate' }>,
  rule: CoreRule,
  env: Bindings,
  ex: Explaining,
): Derivation {
  const [step] = planBody([l], boundIn(env), { rows: (t, c) => ex.db.rows(t, c) }) as [
    Extract<Step, { kind: 'aggregate' }>,
  ]
  const shown: { env: Bindings; values: Row }[] = []
  const inner = env.slice()
  const { value, bindings } = new Solver(ex.db, ex.context).aggregate(step, inner, rule.variables, () => {
    const values = valuesOf(inner, ex.db)
    if (shown.length === FOLD && compareRows(values, shown[FOLD - 1]!.values) > 0) return
    if (shown.length === FOLD) shown.pop()
    shown.push({ env: inner.slice(), values })
    shown.sort((a, b) => compareRows(a.values, b.values))
  })
  const what = l.value ? ` ${renderExpr(l.value, v => rule.variables[v] ?? '_')}` : ''
  const group = shown.map(s => l.body.map(b => explainLiteral(b, rule, s.env, ex)))
  return { kind: 'aggregate', text: `${l.operator}${what} = ${renderValue(value!)}`, value: value!, bindings, group }
}

/** A binary heap of nodes by cost. */
class CostQueue {
  readonly #heap: { node: Node; cost: number }[] = []

  push(node: Node, cost: number): void {
    const heap = this.#heap
    let i = heap.push({ node, cost }) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (heap[up]!.cost <= heap[i]!.cost) break
      ;[heap[up], heap[i]] = [heap[i]!, heap[up]!]
      i = up
    }
  }

  pop(): Node | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top && last && heap.length > 0) {
      heap[0] = last
      for (let i = 0; ; ) {
        let least = i
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < heap.length && heap[child]!.cost < heap[least]!.cost) least = child
        if (least === i) break
        ;[heap[least], heap[i]] = [heap[i]!, heap[least]!]
        i = least
      }
    }
    return top?.node
  }
}
