import type { Aims } from './aims.ts'
import { type FormulaNode, type FormulaStore, inputsOf, isNegated, type Literal, nodeOf, TRUE } from './formula.ts'
import { granularity } from './granularity.ts'
import { type Linear, LinearSum } from './linear.ts'
import type { Universe } from './universe.ts'

/** Kinds of a cell. */
export const ATOM = 0
export const AND = 1
export const THRESHOLD = 2
export const PRODUCT = 3
/** max(floor, sum) */
export const RECTIFIER = 4
/** The sum where the literal holds, else the floor: one of the items that a largest is taken of. */
export const ITEM = 5
export const LARGEST = 6

/** A sum over cells, in units of `unit`: what reads it sees unit × sum + constant. */
interface SharedSum {
  readonly sum: number
  readonly unit: number
  readonly constant: number
}

/**
 * The conditions behind some aims as flat arrays, to be kept current while VMs move: cells (a node each, and one for each item of a
 * largest) and sums over cells. Sums that are multiples of each other are kept once: a capacity, a cost of load and a balance often
 * rest on the same one. Cells are ordered by depth, atoms first.
 */
export class ConditionGraph {
  readonly kind: Uint8Array
  readonly depth: Uint16Array
  readonly depths: number
  /** The sum that a cell reads, what it is multiplied with, and what is added; -1 where it reads none. */
  readonly sumOf: Int32Array
  readonly unit: Float64Array
  readonly constant: Float64Array
  /** Threshold: the least value that holds. Rectifier, item: the floor. */
  readonly bound: Float64Array
  /** Cell of each level's sum, as unit and constant of a shared sum. */
  readonly levels: readonly SharedSum[]
  /** Readers of sum s: cells from readerStart[s] to readerStart[s + 1]. */
  readonly readerStart: Int32Array
  readonly readers: Int32Array
  /** Sums that cell c is a term of, with coefficients: from termStart[c] to termStart[c + 1]. */
  readonly termStart: Int32Array
  readonly termSum: Int32Array
  readonly termFactor: Float64Array
  /** Cells that read the truth of cell c, 1 where they read its negation: from literalStart[c] to literalStart[c + 1]. */
  readonly literalStart: Int32Array
  readonly literalReader: Int32Array
  readonly literalNegated: Uint8Array
  /** For a conjunction, its literals; for a product or item, 1 or 0 of them. */
  readonly literals: readonly (readonly { readonly cell: number; readonly negated: boolean }[])[]
  /** Of an item: the largest it belongs to, and its place there. */
  readonly largestOf: Int32Array
  readonly placeIn: Int32Array
  /** Items of each largest. */
  readonly itemsOf: ReadonlyMap<number, readonly number[]>
  readonly sums: number
  /** Terms of each sum, for adding it up afresh. */
  readonly sumTerms: readonly { readonly cells: Int32Array; readonly factors: Float64Array }[]
  /** VM and host of an atom's cell; the cells of a VM's hosts. */
  readonly atoms: readonly { readonly cell: number; readonly vm: number; readonly host: number }[]

  constructor(store: FormulaStore, aims: Aims, { hostsOf }: Universe) {
    const draft = new Draft(store, aims, hostsOf)
    const n = draft.cells.length
    const byDepth = (field: (c: DraftCell) => number): Int32Array => Int32Array.from(draft.cells, field)
    this.kind = Uint8Array.from(draft.cells, c => c.kind)
    this.depth = Uint16Array.from(draft.cells, c => c.depth)
    this.depths = draft.cells.reduce((most, c) => Math.max(most, c.depth), 0) + 1
    this.sumOf = byDepth(c => c.sum?.sum ?? -1)
    this.unit = Float64Array.from(draft.cells, c => c.sum?.unit ?? 0)
    this.constant = Float64Array.from(draft.cells, c => c.sum?.constant ?? 0)
    this.bound = Float64Array.from(draft.cells, c => c.bound)
    this.levels = draft.levels
    this.sums = draft.sums.length
    this.sumTerms = draft.sums.map(({ nodes, coefficients }) => ({
      cells: Int32Array.from(nodes, node => draft.cellOf.get(node)!),
      factors: Float64Array.from(coefficients),
    }))
    this.literals = draft.cells.map(c =>
      c.literals.map(l => ({ cell: draft.cellOf.get(nodeOf(l))!, negated: isNegated(l) })),
    )
    this.largestOf = byDepth(c => c.largest)
    this.placeIn = byDepth(c => c.place)
    this.itemsOf = draft.itemsOf
    this.atoms = draft.atoms
    const readers = lists(this.sums, add => {
      for (const [c, s] of this.sumOf.entries()) if (s >= 0) add(s, c, 0)
    })
    this.readerStart = readers.start
    this.readers = readers.item
    const terms = lists(n, add => {
      for (const [s, { cells, factors }] of this.sumTerms.entries())
        for (const [i, c] of cells.entries()) add(c, s, factors[i]!)
    })
    this.termStart = terms.start
    this.termSum = terms.item
    this.termFactor = terms.extra
    const literals = lists(n, add =>
      this.literals.forEach((list, c) => {
        for (const l of list) add(l.cell, c, Number(l.negated))
      }),
    )
    this.literalStart = literals.start
    this.literalReader = literals.item
    this.literalNegated = Uint8Array.from(literals.extra)
  }

  /** The graph that was sent to another thread, which leaves only what it holds. */
  static received(sent: ConditionGraph): ConditionGraph {
    return Object.assign(Object.create(ConditionGraph.prototype), sent)
  }

  /** Whether a sum has no terms but where VMs are. */
  restsOnAtoms(sum: number): boolean {
    return this.sumTerms[sum]!.cells.every(cell => this.depth[cell] === 0)
  }

  /** Whether a level depends on the placement at all. */
  isVariable(level: number): boolean {
    return this.sumTerms[this.levels[level]!.sum]!.cells.length > 0
  }
}

/** Many lists in one array: `each` calls back with list, item and a number beside it, twice in the same order. */
function lists(
  count: number,
  each: (add: (list: number, item: number, extra: number) => void) => void,
): { start: Int32Array; item: Int32Array; extra: Float64Array } {
  const start = new Int32Array(count + 1)
  each(list => {
    start[list + 1]!++
  })
  for (let i = 0; i < count; i++) start[i + 1]! += start[i]!
  const at = start.slice()
  const item = new Int32Array(start[count]!)
  const extra = new Float64Array(start[count]!)
  each((list, value, beside) => {
    const i = at[list]!++
    item[i] = value
    extra[i] = beside
  })
  return { start, item, extra }
}

interface DraftCell {
  readonly kind: number
  readonly depth: number
  readonly sum: SharedSum | undefined
  readonly bound: number
  readonly literals: readonly Literal[]
  readonly largest: number
  readonly place: number
}

class Draft {
  readonly cells: DraftCell[] = []
  readonly cellOf = new Map<number, number>()
  readonly sums: { readonly nodes: readonly number[]; readonly coefficients: readonly number[] }[] = []
  readonly levels: SharedSum[]
  readonly itemsOf = new Map<number, number[]>()
  readonly atoms: { cell: number; vm: number; host: number }[] = []
  readonly #sumByKey = new Map<string, number>()
  readonly #store: FormulaStore
  readonly #hostsOf: Universe['hostsOf']

  constructor(store: FormulaStore, aims: Aims, hostsOf: Universe['hostsOf']) {
    this.#store = store
    this.#hostsOf = hostsOf
    // INVARIANT: a node's inputs have smaller numbers, so they get their cells first.
    for (const node of reachable(store, aims)) this.#addNode(node, store.nodes[node]!)
    this.levels = aims.levels.map(level => this.#sum(level.expr))
  }

  #addNode(node: number, formula: FormulaNode): void {
    const depth = inputsOf(formula).reduce((most, input) => Math.max(most, this.#depthOf(input)), 0) + 1
    const plain = { depth, sum: undefined, bound: 0, literals: [], largest: -1, place: -1 }
    switch (formula.kind) {
      case 'false':
        return
      case 'atom':
        this.atoms.push({ cell: this.cells.length, vm: formula.vm, host: formula.host })
        this.#add(node, { ...plain, depth: 0, kind: ATOM })
        return
      case 'and':
        this.#add(node, { ...plain, kind: AND, literals: formula.literals })
        return
      case 'threshold':
        this.#add(node, {
          ...plain,
          kind: THRESHOLD,
          sum: this.#sum(formula.expr),
          bound: (formula.on + formula.off) / 2,
        })
        return
      case 'product':
        this.#add(node, {
          ...plain,
          kind: PRODUCT,
          sum: this.#sum(formula.expr),
          literals: constantsDropped([formula.literal]),
        })
        return
      case 'maximum': {
        const { items, floor } = formula
        const [only] = items
        if (items.length === 1 && only!.literal === TRUE) {
          this.#add(node, { ...plain, kind: RECTIFIER, sum: this.#sum(only!.expr), bound: floor })
          return
        }
        const first = this.cells.length
        const largest = first + items.length
        items.forEach(({ literal, expr }, place) => {
          const literals = constantsDropped([literal])
          this.cells.push({ kind: ITEM, depth, sum: this.#sum(expr), bound: floor, literals, largest, place })
        })
        this.itemsOf.set(
          largest,
          items.map((_, i) => first + i),
        )
        this.#add(node, { ...plain, kind: LARGEST, depth: depth + 1, bound: floor })
      }
    }
  }

  #add(node: number, cell: DraftCell): void {
    this.cellOf.set(node, this.cells.push(cell) - 1)
  }

  #depthOf(node: number): number {
    const cell = this.cellOf.get(node)
    return cell === undefined ? 0 : this.cells[cell]!.depth
  }

  /**
   * The same expression with fewer terms. A VM is on exactly one host, so where it counts the same on most of its hosts, that is a
   * constant, and only the others make a difference.
   */
  #withoutConstants(expr: Linear): Linear {
    const perVm = new Map<number, number[]>()
    expr.nodes.forEach((node, i) => {
      const formula = this.#store.nodes[node]!
      if (formula.kind !== 'atom') return
      const places = perVm.get(formula.vm)
      if (places) places.push(i)
      else perVm.set(formula.vm, [i])
    })
    const shifts = new Map<number, number>()
    for (const [vm, places] of perVm) {
      if (places.length !== this.#hostsOf[vm]!.length) continue
      shifts.set(vm, mostFrequent(places.map(i => expr.coefficients[i]!)))
    }
    if (shifts.size === 0) return expr
    const sum = new LinearSum().constant(expr.constant)
    expr.nodes.forEach((node, i) => {
      const formula = this.#store.nodes[node]!
      sum.term(node, expr.coefficients[i]! - (formula.kind === 'atom' ? (shifts.get(formula.vm) ?? 0) : 0))
    })
    for (const shift of shifts.values()) sum.constant(shift)
    return sum.finish()
  }

  /** The sum behind an expression, in whole units where its coefficients have one. */
  #sum(expr: Linear): SharedSum {
    const { nodes, coefficients, constant } = this.#withoutConstants(expr)
    const step = granularity(coefficients) || 1
    const unit = (coefficients[0] ?? 1) < 0 ? -step : step
    const inUnits =
      step === 1 && unit > 0 ? coefficients : coefficients.map(c => (step === 1 ? c / unit : Math.round(c / unit)))
    const key = `${nodes.join()}|${inUnits.join()}`
    let sum = this.#sumByKey.get(key)
    if (sum === undefined) {
      sum = this.sums.push({ nodes, coefficients: inUnits }) - 1
      this.#sumByKey.set(key, sum)
    }
    return { sum, unit, constant }
  }
}

const constantsDropped = (literals: readonly Literal[]): Literal[] => literals.filter(l => l !== TRUE)

function mostFrequent(values: readonly number[]): number {
  const count = new Map<number, number>()
  let best = values[0]!
  for (const v of values) {
    const n = (count.get(v) ?? 0) + 1
    count.set(v, n)
    if (n > (count.get(best) ?? 0)) best = v
  }
  return best
}

/** Nodes that the aims rest on, each after its inputs. */
function reachable(store: FormulaStore, aims: Aims): number[] {
  const seen = new Set<number>()
  const queue = aims.levels.flatMap(level => [...level.expr.nodes])
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const input of inputsOf(store.nodes[node]!)) if (!seen.has(input)) queue.push(input)
  }
  seen.delete(0)
  return [...seen].sort((a, b) => a - b)
}
