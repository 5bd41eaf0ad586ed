import { EPSILON, granularity } from './granularity.ts'
import { constant, isConstant, type Linear, scale, zero } from './linear.ts'

/**
 * Conditions over a placement, as a graph of shared nodes.
 *
 * A literal is `node * 2`, plus 1 when negated. Node 0 is the constant false, so literal 0 is false and literal 1 is true. A node is an
 * atom ("vm v is on host h"), a conjunction of literals, a threshold on a linear expression, or a product literal × expression, the
 * only one that is not 0 or 1. Disjunction is a negated conjunction. Equal nodes are made once, so that equal conditions have equal
 * ids; constants fold away as nodes are made.
 */
export type Literal = number

export const FALSE: Literal = 0
export const TRUE: Literal = 1
export const negate = (l: Literal): Literal => l ^ 1
export const nodeOf = (l: Literal): number => l >> 1
export const isNegated = (l: Literal): boolean => (l & 1) === 1

export type FormulaNode =
  | { readonly kind: 'false' }
  | { readonly kind: 'atom'; readonly vm: number; readonly host: number }
  /** True when every literal is. At least two literals, ascending. */
  | { readonly kind: 'and'; readonly literals: readonly Literal[] }
  /** True when the expression ≥ `on`, false when it is ≤ `off`; no reachable value lies between. `expr.constant` is 0. */
  | { readonly kind: 'threshold'; readonly expr: Linear; readonly on: number; readonly off: number }
  /** literal × expr */
  | {
      readonly kind: 'product'
      readonly literal: Literal
      readonly expr: Linear
      readonly low: number
      readonly high: number
    }
  /**
   * The largest of `floor` and the expressions whose literal holds: only where a minimised objective presses it down. max(0, expr) is the
   * one with floor 0 and a single item that always holds.
   */
  | { readonly kind: 'maximum'; readonly items: readonly MaximumItem[]; readonly floor: number; readonly high: number }

export interface MaximumItem {
  readonly literal: Literal
  readonly expr: Linear
}

export class FormulaStore {
  readonly nodes: FormulaNode[] = [{ kind: 'false' }]
  readonly #byKey = new Map<string, number>()
  readonly #hostsOf: readonly (readonly number[])[]

  /** `hostsOf[vm]`: the hosts the VM may be on; a VM with one host has no atoms (its literal is TRUE). */
  constructor(hostsOf: readonly (readonly number[])[]) {
    this.#hostsOf = hostsOf
  }

  atom(vm: number, host: number): Literal {
    return this.#node(`x${vm},${host}`, () => ({ kind: 'atom', vm, host })) * 2
  }

  and(literals: readonly Literal[]): Literal {
    // Most of what is conjoined while rules are followed holds anyway.
    if (literals.length === 2 && (literals[0] === TRUE || literals[1] === TRUE)) {
      const other = literals[0] === TRUE ? literals[1]! : literals[0]!
      if (!isNegated(other) || this.nodes[nodeOf(other)]!.kind !== 'atom') return other
    }
    const set = new Set<Literal>()
    for (const l of literals) {
      if (l === FALSE) return FALSE
      if (l === TRUE) continue
      if (set.has(negate(l))) return FALSE
      const node = this.nodes[nodeOf(l)]!
      // A conjunction inside a conjunction is flattened; that keeps equal conditions equal.
      if (!isNegated(l) && node.kind === 'and') for (const inner of node.literals) set.add(inner)
      else set.add(l)
    }
    for (const l of set) if (set.has(negate(l))) return FALSE
    if (!this.#placeable(set)) return FALSE
    if (set.size === 0) return TRUE
    const sorted = [...set].sort((a, b) => a - b)
    if (sorted.length === 1) return sorted[0]!
    return this.#node(`a${sorted.join(',')}`, () => ({ kind: 'and', literals: sorted })) * 2
  }

  or(literals: readonly Literal[]): Literal {
    return literals.length === 1 ? literals[0]! : negate(this.and(literals.map(negate)))
  }

  /** expr ≥ k, or expr > k when `strict`. */
  atLeast(expr: Linear, k: number, strict: boolean): Literal {
    const bound = k - expr.constant
    const [low, high] = this.bounds({ ...expr, constant: 0 })
    const size = Math.max(Math.abs(low), Math.abs(high), Math.abs(bound), 1)
    const step = this.#isIntegral(expr) ? granularity(expr.coefficients) : 0
    // Whole numbers add up exactly.
    const slack = Number.isSafeInteger(step) && step > 0 && size <= Number.MAX_SAFE_INTEGER ? 0 : size * EPSILON
    if (strict ? low > bound + slack : low >= bound - slack) return TRUE
    if (strict ? high <= bound + slack : high < bound - slack) return FALSE
    if (step > 0) {
      // In units of the step every reachable value is an integer, so the threshold is one too.
      const units = bound / step
      const near = Math.max(1e-6, (slack / step) * 2)
      const on = strict ? Math.floor(units + near) + 1 : Math.ceil(units - near)
      const scaled = scale({ ...expr, constant: 0 }, 1 / step)
      const rounded = { ...scaled, coefficients: scaled.coefficients.map(Math.round) }
      return this.#threshold(rounded, on, on - 1)
    }
    const gap = size * 1e-7
    return this.#threshold({ ...expr, constant: 0 }, strict ? bound + gap : bound, strict ? bound : bound - gap)
  }

  /** expr = k */
  equals(expr: Linear, k: number): Literal {
    return this.and([this.atLeast(expr, k, false), negate(this.atLeast(expr, k, true))])
  }

  /** literal × expr as an expression. */
  product(literal: Literal, expr: Linear): Linear {
    if (literal === FALSE) return zero
    if (literal === TRUE) return expr
    if (isConstant(expr)) return this.literal(literal, expr.constant)
    const [low, high] = this.bounds(expr)
    const node = this.#node(`p${literal}:${key(expr)}`, () => ({ kind: 'product', literal, expr, low, high }))
    return { nodes: [node], coefficients: [1], constant: 0 }
  }

  /** The largest of `floor` and the items that hold, to be used with a positive coefficient in a minimised objective and nowhere else. */
  maximum(items: readonly MaximumItem[], floor: number): Linear {
    const open = items.filter(i => i.literal !== FALSE && this.bounds(i.expr)[1] > floor)
    if (open.length === 0) return constant(floor)
    const ranges = open.map(i => this.bounds(i.expr))
    if (open.length === 1 && open[0]!.literal === TRUE && ranges[0]![0] >= floor) return open[0]!.expr
    const high = Math.max(...ranges.map(r => r[1]))
    const id = `m${floor}|${open.map(i => `${i.literal}:${key(i.expr)}`).join(' ')}`
    const node = this.#node(id, () => ({ kind: 'maximum', items: open, floor, high }))
    return { nodes: [node], coefficients: [1], constant: 0 }
  }

  /** A literal as an expression: `factor` when true, 0 when false. */
  literal(l: Literal, factor = 1): Linear {
    if (l === FALSE || factor === 0) return zero
    if (l === TRUE) return constant(factor)
    return isNegated(l)
      ? { nodes: [nodeOf(l)], coefficients: [-factor], constant: factor }
      : { nodes: [nodeOf(l)], coefficients: [factor], constant: 0 }
  }

  /** Valid bounds of an expression: a VM is on one host at a time, so only one of its atoms counts. */
  bounds(expr: Linear): readonly [low: number, high: number] {
    let low = expr.constant
    let high = expr.constant
    const perVm = new Map<number, { low: number; high: number; hosts: number }>()
    for (let i = 0; i < expr.nodes.length; i++) {
      const node = this.nodes[expr.nodes[i]!]!
      const c = expr.coefficients[i]!
      if (node.kind === 'atom') {
        const seen = perVm.get(node.vm)
        if (seen) {
          seen.low = Math.min(seen.low, c)
          seen.high = Math.max(seen.high, c)
          seen.hosts++
        } else perVm.set(node.vm, { low: c, high: c, hosts: 1 })
        continue
      }
      const [a, b] = rangeOf(node)
      low += Math.min(c * a, c * b)
      high += Math.max(c * a, c * b)
    }
    for (const [vm, range] of perVm) {
      const everywhere = range.hosts === this.#hostsOf[vm]!.length
      low += everywhere ? range.low : Math.min(0, range.low)
      high += everywhere ? range.high : Math.max(0, range.high)
    }
    return [low, high]
  }

  /** Values of all nodes under a placement; `host[vm]` is the host's number. */
  evaluate(host: ArrayLike<number>): Float64Array {
    const value = new Float64Array(this.nodes.length)
    // INVARIANT: a node's inputs are made before it, so one pass in order is enough.
    for (let i = 1; i < this.nodes.length; i++) value[i] = this.#evaluateNode(this.nodes[i]!, host, value)
    return value
  }

  #evaluateNode(node: FormulaNode, host: ArrayLike<number>, value: Float64Array): number {
    switch (node.kind) {
      case 'false':
        return 0
      case 'atom':
        return host[node.vm] === node.host ? 1 : 0
      case 'and':
        return node.literals.every(l => literalValue(l, value) === 1) ? 1 : 0
      case 'threshold':
        return linearValue(node.expr, value) >= (node.on + node.off) / 2 ? 1 : 0
      case 'product':
        return literalValue(node.literal, value) === 1 ? linearValue(node.expr, value) : 0
      case 'maximum': {
        const held = node.items.filter(i => literalValue(i.literal, value) === 1)
        return Math.max(node.floor, ...held.map(i => linearValue(i.expr, value)))
      }
    }
  }

  #threshold(expr: Linear, on: number, off: number): Literal {
    return this.#node(`t${on}:${key(expr)}`, () => ({ kind: 'threshold', expr, on, off })) * 2
  }

  #isIntegral(expr: Linear): boolean {
    return expr.nodes.every(n => {
      const kind = this.nodes[n]!.kind
      return kind !== 'product' && kind !== 'maximum'
    })
  }

  /**
   * A VM is on exactly one host. Two of its hosts at once, or none, is impossible: false. All hosts but one ruled out means that one.
   * Beside a host where it is, those where it is not say nothing.
   */
  #placeable(literals: Set<Literal>): boolean {
    const at = new Map<number, number>()
    const ruledOut = new Map<number, Literal[]>()
    for (const l of literals) {
      const node = this.nodes[nodeOf(l)]!
      if (node.kind !== 'atom') continue
      if (isNegated(l)) {
        const list = ruledOut.get(node.vm)
        if (list) list.push(l)
        else ruledOut.set(node.vm, [l])
      } else if (at.has(node.vm)) return false
      else at.set(node.vm, node.host)
    }
    for (const [vm, out] of ruledOut) {
      const hosts = this.#hostsOf[vm]!
      if (out.length === hosts.length) return false
      if (!at.has(vm) && out.length < hosts.length - 1) continue
      for (const l of out) literals.delete(l)
      if (at.has(vm)) continue
      const gone = new Set(out.map(l => (this.nodes[nodeOf(l)] as FormulaNode & { kind: 'atom' }).host))
      literals.add(this.atom(vm, hosts.find(h => !gone.has(h))!))
    }
    return true
  }

  #node(id: string, make: () => FormulaNode): number {
    const known = this.#byKey.get(id)
    if (known !== undefined) return known
    const node = this.nodes.length
    this.nodes.push(make())
    this.#byKey.set(id, node)
    return node
  }
}

export function literalValue(l: Literal, value: Float64Array): number {
  const v = value[nodeOf(l)]!
  return isNegated(l) ? 1 - v : v
}

export function linearValue(e: Linear, value: Float64Array): number {
  let sum = e.constant
  for (let i = 0; i < e.nodes.length; i++) sum += e.coefficients[i]! * value[e.nodes[i]!]!
  return sum
}

const key = (e: Linear): string => `${e.constant}|${e.nodes.join(',')}|${e.coefficients.join(',')}`
/** The values that a node other than an atom may have. */
function rangeOf(node: FormulaNode): readonly [number, number] {
  if (node.kind === 'product') return [Math.min(0, node.low), Math.max(0, node.high)]
  return node.kind === 'maximum' ? [node.floor, node.high] : [0, 1]
}

/** Nodes that a node reads. */
export function inputsOf(node: FormulaNode): readonly number[] {
  switch (node.kind) {
    case 'and':
      return node.literals.map(nodeOf)
    case 'threshold':
      return node.expr.nodes
    case 'product':
      return [nodeOf(node.literal), ...node.expr.nodes]
    case 'maximum':
      return node.items.flatMap(i => [nodeOf(i.literal), ...i.expr.nodes])
    default:
      return []
  }
}
