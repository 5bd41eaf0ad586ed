import { type Model, ModelBuilder } from '../../solvers/index.ts'
import type { Aims, Level } from './aims.ts'
import { expandClass, gainsByStaying, type VmClass, vmClasses } from './classes.ts'
import { type Clique, ConflictGraph } from './cliques.ts'
import { type FormulaNode, type FormulaStore, isNegated, type Literal, negate, nodeOf, TRUE } from './formula.ts'
import { granularity } from './granularity.ts'
import type { Linear } from './linear.ts'
import type { Universe } from './universe.ts'

/** Readable names for conditions, made only when a writer asks. */
export interface Labels {
  /** Name and origin (rule and tuple) of a node. */
  of(node: number): { readonly name: string; readonly comment: string }
}

export interface EncodeOptions {
  /** Literals that must hold. */
  readonly require?: readonly Literal[]
  /** Expressions with an upper bound. */
  readonly atMost?: readonly { readonly expr: Linear; readonly limit: number; readonly name: string }[]
  /** Largest total migration cost. */
  readonly budget?: number | undefined
  /** What to minimise, first first. Default: the aims' levels, then migration cost, then moves. */
  readonly objectives?: readonly (Level | 'migration cost' | 'moves')[]
  readonly labels?: Labels
}

export interface Encoding {
  readonly model: Model
  /** Constant part of each objective, which the model leaves out. */
  readonly constants: readonly number[]
  readonly objectiveNames: readonly string[]
  /** Column values of a placement (host number of each VM). */
  valuesOf(host: ArrayLike<number>): Float64Array
  /** Host number of each VM. */
  placementOf(values: ArrayLike<number>): Int32Array
  readonly classes: readonly VmClass[]
  /** Rows of `require`, in its order, and of the budget: lifting a row's bounds drops the requirement. */
  readonly requireRows: readonly number[]
  readonly budgetRow: number | undefined
}

/**
 * Write conditions as a mixed-integer program. Identical VMs become counts. Each condition gets a column where it is needed, and only
 * the implication that is needed: `lower` rows keep a column from being below the truth, `upper` rows from being above it (Plaisted and
 * Greenbaum's polarity, 1986). Big-M constants come from the bounds of each expression.
 */
export function encode(store: FormulaStore, universe: Universe, aims: Aims, options: EncodeOptions = {}): Encoding {
  return new Encoder(store, universe, aims, options).run()
}

const LOWER = 1
const UPPER = 2
const BOTH = 3

type Entry = [column: number, value: number]
/** Σ entries + constant */
interface Columns {
  readonly entries: Entry[]
  constant: number
}

class Encoder {
  readonly #store: FormulaStore
  readonly #universe: Universe
  readonly #options: EncodeOptions
  readonly #aims: Aims
  readonly #builder = new ModelBuilder()
  readonly #classes: readonly VmClass[]
  readonly #classOf: Int32Array
  /** Column of (class, host); absent where the class has but one host. */
  readonly #countColumn: Map<number, number>[] = []
  readonly #outflow: Map<number, number>[] = []
  readonly #nodeColumn = new Map<number, number>()
  readonly #needed = new Map<number, number>()
  readonly #queue: [node: number, polarity: number][] = []
  /** Conjunctions of negated atoms of one host: "nothing of these is on the host". By host. */
  readonly #emptyNodes = new Map<number, { node: number; atoms: Set<number> }[]>()
  readonly #conflicts = new ConflictGraph()
  /** How many members of a clique are on one host beyond the first, at most. */
  readonly #crowdColumns: { readonly clique: Clique; readonly column: number }[] = []

  constructor(store: FormulaStore, universe: Universe, aims: Aims, options: EncodeOptions) {
    this.#store = store
    this.#universe = universe
    this.#options = options
    this.#aims = aims
    const roots = [
      ...aims.levels.map(l => ({ expr: l.expr, minimised: true })),
      ...(options.atMost ?? []).map(a => ({ expr: a.expr, minimised: true })),
      ...(options.require ?? []).map(l => ({ expr: store.literal(l), minimised: false })),
    ]
    this.#classes = vmClasses(store, roots, universe)
    this.#classOf = new Int32Array(universe.vms.length)
    this.#classes.forEach((c, i) => {
      for (const vm of c.members) this.#classOf[vm] = i
    })
  }

  run(): Encoding {
    this.#addPlacement()
    const objectives = (this.#options.objectives ?? [...this.#aims.levels, 'migration cost', 'moves']).map(o => {
      if (o === 'migration cost') return { name: o, columns: this.#moves(true) }
      if (o === 'moves') return { name: o, columns: this.#moves(false) }
      return { name: o.name, columns: this.#minimised(o.expr) }
    })
    const requireRows = (this.#options.require ?? []).map(literal => this.#require(literal))
    for (const { expr, limit, name } of this.#options.atMost ?? []) {
      const columns = this.#minimised(expr)
      this.#builder.addRow({ name, entries: columns.entries, upper: limit - columns.constant })
    }
    const budgeted = this.#moves(true)
    let budgetRow: number | undefined
    if (this.#options.budget !== undefined)
      budgetRow = this.#builder.addRow({
        name: 'migration_budget',
        entries: budgeted.entries,
        upper: this.#options.budget - budgeted.constant,
        comment: `migration_budget ${this.#universe.budget?.place ?? ''}`,
      })
    this.#drain()
    for (const clique of this.#conflicts.cliques()) this.#encodeClique(clique)
    for (const { name, columns } of objectives)
      this.#builder.addObjective({
        name,
        entries: columns.entries,
        constant: 0,
        granularity: this.#granularity(columns.entries),
      })
    if (objectives.length === 0) this.#builder.addObjective({ name: 'any', entries: [] })
    const model = this.#builder.build()
    return {
      model,
      constants: objectives.map(o => o.columns.constant),
      objectiveNames: objectives.map(o => o.name),
      valuesOf: host => this.#valuesOf(host, model.columns.count),
      placementOf: values => this.#placementOf(values),
      classes: this.#classes,
      requireRows,
      budgetRow,
    }
  }

  /** One integer column for each class and host, and a row that puts every member somewhere. */
  #addPlacement(): void {
    const { vms, hosts } = this.#universe
    for (const [i, c] of this.#classes.entries()) {
      const columns = new Map<number, number>()
      const outflow = new Map<number, number>()
      this.#countColumn.push(columns)
      this.#outflow.push(outflow)
      if (c.hosts.length === 1) continue
      const size = c.members.length
      const label = (): string => (size === 1 ? `${vms[c.members[0]!]}` : `${size} like ${vms[c.members[0]!]}`)
      for (const host of c.hosts)
        columns.set(
          host,
          this.#builder.addColumn({ name: () => `x[${label()},${hosts[host]}]`, lower: 0, upper: size, integer: true }),
        )
      this.#builder.addRow({
        name: () => `one_host[${label()}]`,
        entries: [...columns.values()].map((x): Entry => [x, 1]),
        lower: size,
        upper: size,
        comment: 'each VM is on exactly one host',
      })
      if (size === 1) continue
      for (const [host, now] of c.now) {
        if (!columns.has(host)) continue
        const left = this.#builder.addColumn({
          name: () => `left[${label()},${hosts[host]}]`,
          lower: 0,
          upper: now,
          integer: true,
        })
        outflow.set(host, left)
        this.#builder.addRow({
          name: () => `leaves_${i}[${hosts[host]}]`,
          entries: [
            [left, 1],
            [columns.get(host)!, 1],
          ],
          lower: now,
          comment: 'members that leave their host',
        })
      }
    }
  }

  /** Total migration cost, or the number of moves. VMs that can't stay where they are count whatever is decided. */
  #moves(byCost: boolean): Columns {
    const universe = this.#universe
    const sum: Columns = { entries: [], constant: 0 }
    const price = (vm: number, host: number): number => (byCost ? universe.cost(vm, host) : 1)
    for (const [i, c] of this.#classes.entries()) {
      if (c.hosts.length === 1) {
        for (const vm of c.members) if (c.hosts[0] !== universe.current[vm]) sum.constant += price(vm, c.hosts[0]!)
      } else if (c.moveCost !== undefined) {
        const each = byCost ? c.moveCost : 1
        for (const left of this.#outflow[i]!.values()) sum.entries.push([left, each])
        for (const [host, now] of c.now) if (!this.#outflow[i]!.has(host)) sum.constant += each * now
      } else {
        const vm = c.members[0]!
        for (const [host, x] of this.#countColumn[i]!)
          if (host !== universe.current[vm]) sum.entries.push([x, price(vm, host)])
      }
    }
    return sum
  }

  #minimised(expr: Linear): Columns {
    expr.nodes.forEach((n, i) => {
      this.#need(n, expr.coefficients[i]! > 0 ? LOWER : UPPER)
    })
    return this.#columnsOf(expr, 1, true)
  }

  #require(literal: Literal): number {
    this.#need(nodeOf(literal), isNegated(literal) ? LOWER : UPPER)
    const columns = this.#columnsOf(this.#store.literal(literal))
    return this.#builder.addRow({
      name: () => `require[${this.#label(nodeOf(literal)).name}]`,
      entries: columns.entries,
      lower: 1 - columns.constant,
      comment: this.#label(nodeOf(literal)).comment,
    })
  }

  /** An expression over nodes as one over columns; members of a class share theirs. */
  #columnsOf(expr: Linear, factor = 1, minimised = false): Columns {
    const out: Columns = { entries: [], constant: expr.constant * factor }
    const seen = new Set<number>()
    expr.nodes.forEach((n, i) => {
      const c = expr.coefficients[i]! * factor
      const node = this.#store.nodes[n]!
      const left =
        minimised && node.kind === 'atom' && gainsByStaying(this.#universe, node.vm, node.host, c)
          ? this.#outflow[this.#classOf[node.vm]!]!.get(node.host)
          : undefined
      // Staying saves for each that is there now, less those that leave.
      if (left !== undefined) out.constant += c
      const column = left ?? (node.kind === 'atom' ? this.#atomColumn(node) : this.#column(n))
      if (node.kind === 'atom' && seen.has(column)) return
      seen.add(column)
      out.entries.push([column, left === undefined ? c : -c])
    })
    return out
  }

  #atomColumn(node: FormulaNode & { kind: 'atom' }): number {
    return this.#countColumn[this.#classOf[node.vm]!]!.get(node.host)!
  }

  #column(n: number): number {
    let column = this.#nodeColumn.get(n)
    if (column !== undefined) return column
    const node = this.#store.nodes[n]!
    const name = (): string => this.#label(n).name
    if (node.kind === 'product')
      column = this.#builder.addColumn({ name, lower: Math.min(0, node.low), upper: Math.max(0, node.high) })
    else if (node.kind === 'maximum') column = this.#builder.addColumn({ name, lower: node.floor, upper: node.high })
    else column = this.#builder.addColumn({ name, lower: 0, upper: 1, integer: true })
    this.#nodeColumn.set(n, column)
    return column
  }

  #need(n: number, polarity: number): void {
    const had = this.#needed.get(n) ?? 0
    const missing = polarity & ~had
    if (missing === 0 || this.#store.nodes[n]!.kind === 'atom') return
    this.#needed.set(n, had | missing)
    this.#queue.push([n, missing])
  }

  #needLiteral(l: Literal, polarity: number): void {
    this.#need(nodeOf(l), isNegated(l) ? opposite(polarity) : polarity)
  }

  /** Rows of every needed node, and of what those need. Thresholds last: by then it is known which hosts have an "empty" column. */
  #drain(): void {
    const thresholds: [number, number][] = []
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      const [n, polarity] = next
      const node = this.#store.nodes[n]!
      if (node.kind === 'and') this.#encodeAnd(n, node, polarity)
      else if (node.kind === 'product') this.#encodeProduct(n, node)
      else if (node.kind === 'maximum') this.#encodeMaximum(n, node)
      else if (node.kind === 'threshold') {
        this.#needExpr(node.expr, polarity)
        thresholds.push([n, polarity])
      }
    }
    for (const [n, polarity] of thresholds)
      this.#encodeThreshold(n, this.#store.nodes[n] as FormulaNode & { kind: 'threshold' }, polarity)
  }

  #needExpr(expr: Linear, polarity: number): void {
    expr.nodes.forEach((n, i) => {
      this.#need(n, expr.coefficients[i]! > 0 ? polarity : opposite(polarity))
    })
  }

  #encodeAnd(n: number, node: FormulaNode & { kind: 'and' }, polarity: number): void {
    for (const l of node.literals) this.#needLiteral(l, this.#isPlainConflict(l) ? polarity & LOWER : polarity)
    const z = this.#column(n)
    const { absent, others, host, atoms } = this.#splitAnd(node)
    if (polarity & LOWER) {
      this.#noteConflict(node, n * 2)
      // All literals true forces the column up: z ≥ 1 − Σ (1 − literal); a count of "absent" members stands for all of them.
      const sum: Columns = { entries: [[z, 1]], constant: 0 }
      for (const column of absent.keys()) sum.entries.push([column, 1])
      for (const l of others) this.#addLiteral(sum, l, -1)
      this.#builder.addRow({
        name: () => `${this.#label(n).name}.if`,
        entries: sum.entries,
        lower: 1 - others.length - sum.constant,
        comment: () => this.#label(n).comment,
      })
    }
    if (polarity & UPPER) {
      for (const l of others) {
        const row: Columns = { entries: [[z, 1]], constant: 0 }
        if (this.#isPlainConflict(l)) {
          this.#encodeConflict(n, row, l)
          continue
        }
        this.#addLiteral(row, l, -1)
        this.#builder.addRow({
          name: () => `${this.#label(n).name}.only_if[${this.#label(nodeOf(l)).name}]`,
          entries: row.entries,
          upper: -row.constant,
          comment: () => this.#label(n).comment,
        })
      }
      this.#encodeAbsent(n, z, absent)
      if (host !== undefined && others.length === 0) {
        const list = this.#emptyNodes.get(host) ?? []
        list.push({ node: n, atoms })
        this.#emptyNodes.set(host, list)
      }
    }
  }

  /** "Not all of these", where none of them is an absence: it needs no column of its own to be ruled out. */
  #isPlainConflict(l: Literal): boolean {
    const node = this.#store.nodes[nodeOf(l)]!
    if (!isNegated(l) || node.kind !== 'and') return false
    return node.literals.every(inner => !isNegated(inner) || this.#store.nodes[nodeOf(inner)]!.kind !== 'atom')
  }

  /** z implies that not all of the conflict's literals hold: z + Σ literals ≤ their number. */
  #encodeConflict(n: number, row: Columns, conflict: Literal): void {
    const node = this.#store.nodes[nodeOf(conflict)] as FormulaNode & { kind: 'and' }
    const { literals } = node
    this.#noteConflict(node, negate(n * 2))
    for (const l of literals) {
      this.#needLiteral(l, LOWER)
      this.#addLiteral(row, l, 1)
    }
    this.#builder.addRow({
      name: () => `${this.#label(n).name}.only_without[${this.#label(nodeOf(conflict)).name}]`,
      entries: row.entries,
      upper: literals.length - row.constant,
      comment: () => this.#label(n).comment,
    })
  }

  /** Two VMs on one host, and the literal that says so at least. */
  #noteConflict({ literals }: FormulaNode & { kind: 'and' }, violation: Literal): void {
    const [a, b] = literals.map(l => (isNegated(l) ? undefined : this.#store.nodes[nodeOf(l)]))
    if (literals.length === 2 && a?.kind === 'atom' && b?.kind === 'atom' && a.host === b.host)
      this.#conflicts.add(a.vm, b.vm, a.host, violation)
  }

  /**
   * At most one VM of a clique is on a host, but for a number m that is no larger than the violations of its pairs: k on one host violate
   * k·(k − 1)/2 ≥ k − 1 of them. One row for each host, and far tighter than the pairs' own rows, which fractions of a half satisfy.
   */
  #encodeClique(clique: Clique): void {
    const { vms, hosts, violations } = clique
    const label = (): string => vms.map(vm => this.#universe.vms[vm]).join()
    const column = this.#builder.addColumn({ name: () => `crowd[${label()}]`, upper: vms.length - 1, integer: true })
    this.#crowdColumns.push({ clique, column })
    const sum: Columns = { entries: [[column, -1]], constant: 0 }
    for (const l of violations) this.#addLiteral(sum, l, 1)
    this.#builder.addRow({ name: () => `crowd[${label()}].only_if`, entries: sum.entries, lower: -sum.constant })
    for (const host of hosts)
      this.#builder.addRow({
        name: () => `clique[${label()},${this.#universe.hosts[host]}]`,
        entries: [...vms.map((vm): Entry => [this.#countColumn[this.#classOf[vm]!]!.get(host)!, 1]), [column, -1]],
        upper: 1,
        comment: () => this.#label(nodeOf(violations[0]!)).comment,
      })
  }

  /** z implies that every one of these columns is 0: one row for a few, one sum for many. */
  #encodeAbsent(n: number, z: number, absent: ReadonlyMap<number, number>): void {
    const groups = absent.size > LINK_ROWS ? [[...absent]] : [...absent].map(pair => [pair])
    for (const [i, group] of groups.entries()) {
      const total = group.reduce((sum, [, size]) => sum + size, 0)
      this.#builder.addRow({
        name: () => `${this.#label(n).name}.none_${i}`,
        entries: [...group.map(([column]): Entry => [column, 1]), [z, total]],
        upper: total,
        comment: () => this.#label(n).comment,
      })
    }
  }

  /** Negated atoms by column with the most members that can be there; the other literals; the one host of all, if there is one. */
  #splitAnd(node: FormulaNode & { kind: 'and' }): {
    absent: Map<number, number>
    others: Literal[]
    host: number | undefined
    atoms: Set<number>
  } {
    const absent = new Map<number, number>()
    const others: Literal[] = []
    const atoms = new Set<number>()
    const hosts = new Set<number>()
    for (const l of node.literals) {
      const inner = this.#store.nodes[nodeOf(l)]!
      if (inner.kind !== 'atom' || !isNegated(l)) {
        others.push(l)
        continue
      }
      atoms.add(nodeOf(l))
      hosts.add(inner.host)
      absent.set(this.#atomColumn(inner), this.#classes[this.#classOf[inner.vm]!]!.members.length)
    }
    return { absent, others, host: hosts.size === 1 ? [...hosts][0] : undefined, atoms }
  }

  #addLiteral(sum: Columns, l: Literal, factor: number): void {
    const columns = this.#columnsOf(this.#store.literal(l), factor)
    sum.entries.push(...columns.entries)
    sum.constant += columns.constant
  }

  #encodeThreshold(n: number, node: FormulaNode & { kind: 'threshold' }, polarity: number): void {
    const z = this.#column(n)
    const [low, high] = this.#store.bounds(node.expr)
    const columns = this.#columnsOf(node.expr)
    const { name, comment } = { name: () => this.#label(n).name, comment: () => this.#label(n).comment }
    if (polarity & LOWER) {
      const entries: Entry[] = [...columns.entries, [z, -(high - node.off)]]
      const empty = node.off > 0 ? this.#emptyColumn(node.expr) : undefined
      // With nothing on the host the sum is 0, so the bound may shrink to 0 with it: a much tighter relaxation of "host in use".
      if (empty !== undefined) entries.push([empty, node.off])
      this.#builder.addRow({ name: () => `${name()}.if`, entries, upper: node.off - columns.constant, comment })
    }
    if (polarity & UPPER)
      this.#builder.addRow({
        name: () => `${name()}.only_if`,
        entries: [...columns.entries, [z, -(node.on - low)]],
        lower: low - columns.constant,
        comment,
      })
  }

  /** Column of "nothing is on this host" when it covers every atom of an expression with positive coefficients. */
  #emptyColumn(expr: Linear): number | undefined {
    const first = this.#store.nodes[expr.nodes[0] ?? 0]!
    if (first.kind !== 'atom' || expr.coefficients.some(c => c < 0)) return undefined
    const found = this.#emptyNodes.get(first.host)?.find(e => expr.nodes.every(n => e.atoms.has(n)))
    return found && this.#nodeColumn.get(found.node)
  }

  #encodeProduct(n: number, node: FormulaNode & { kind: 'product' }): void {
    this.#needLiteral(node.literal, BOTH)
    this.#needExpr(node.expr, BOTH)
    const p = this.#column(n)
    const { low, high } = node
    const row = (
      suffix: string,
      withExpr: boolean,
      literalFactor: number,
      bound: { lower?: number; upper?: number },
    ): void => {
      const sum: Columns = { entries: [[p, 1]], constant: 0 }
      if (withExpr) {
        const columns = this.#columnsOf(node.expr, -1)
        sum.entries.push(...columns.entries)
        sum.constant += columns.constant
      }
      this.#addLiteral(sum, node.literal, literalFactor)
      const shifted = {
        ...(bound.lower !== undefined && { lower: bound.lower - sum.constant }),
        ...(bound.upper !== undefined && { upper: bound.upper - sum.constant }),
      }
      this.#builder.addRow({
        name: () => `${this.#label(n).name}.${suffix}`,
        entries: sum.entries,
        ...shifted,
        comment: () => this.#label(n).comment,
      })
    }
    // p = literal × expr with low ≤ expr ≤ high (McCormick's inequalities, exact for a binary factor).
    row('off_low', false, -low, { lower: 0 })
    row('off_high', false, -high, { upper: 0 })
    row('on_low', true, -high, { lower: -high })
    row('on_high', true, -low, { upper: -low })
  }

  #encodeMaximum(n: number, node: FormulaNode & { kind: 'maximum' }): void {
    for (const [i, { literal, expr }] of node.items.entries()) {
      this.#needExpr(expr, LOWER)
      this.#needLiteral(literal, LOWER)
      // m ≥ expr − (high − floor)·(1 − literal)
      const slack = Math.max(0, this.#store.bounds(expr)[1] - node.floor)
      const row = this.#columnsOf(expr, -1)
      row.entries.push([this.#column(n), 1])
      if (literal !== TRUE) this.#addLiteral(row, literal, -slack)
      this.#builder.addRow({
        name: () => `${this.#label(n).name}.at_least_${i + 1}`,
        entries: row.entries,
        lower: (literal === TRUE ? 0 : -slack) - row.constant,
        comment: () => this.#label(n).comment,
      })
    }
  }

  #granularity(entries: readonly Entry[]): number {
    const continuous = new Set(
      [...this.#nodeColumn]
        .filter(([n]) => ['product', 'maximum'].includes(this.#store.nodes[n]!.kind))
        .map(([, c]) => c),
    )
    return entries.some(([column]) => continuous.has(column)) ? 0 : granularity(entries.map(([, v]) => v))
  }

  #valuesOf(host: ArrayLike<number>, columns: number): Float64Array {
    const values = new Float64Array(columns)
    const truth = this.#store.evaluate(host)
    for (const [i, c] of this.#classes.entries()) {
      for (const vm of c.members) {
        const column = this.#countColumn[i]!.get(host[vm]!)
        if (column !== undefined) values[column]! += 1
      }
      for (const [h, left] of this.#outflow[i]!)
        values[left] = Math.max(0, c.now.get(h)! - values[this.#countColumn[i]!.get(h)!]!)
    }
    for (const [n, column] of this.#nodeColumn) values[column] = truth[n]!
    for (const { clique, column } of this.#crowdColumns)
      values[column] = Math.max(0, ...clique.hosts.map(h => clique.vms.filter(vm => host[vm] === h).length - 1))
    return values
  }

  #placementOf(values: ArrayLike<number>): Int32Array {
    const host = Int32Array.from(this.#universe.current)
    for (const [i, c] of this.#classes.entries()) {
      const columns = this.#countColumn[i]!
      if (columns.size === 0) for (const vm of c.members) host[vm] = c.hosts[0]!
      else expandClass(c, this.#universe.current, h => Math.round(values[columns.get(h)!]!), host)
    }
    return host
  }

  #label(n: number): ReturnType<Labels['of']> {
    return this.#options.labels?.of(n) ?? { name: `c${n}`, comment: '' }
  }
}

/** A condition over more columns than this is linked by one row, not by one for each. */
const LINK_ROWS = 6

const opposite = (polarity: number): number => ((polarity & LOWER) << 1) | ((polarity & UPPER) >> 1)
