import { AND, type ConditionGraph, ITEM, PRODUCT, RECTIFIER, THRESHOLD } from './condition-graph.ts'
import { GuestLists } from './guest-lists.ts'
import { Journal } from './journal.ts'
import { LargestTree } from './largest-tree.ts'
import type { Possibilities } from './universe.ts'

/** Steps kept between two times that all sums are added up afresh: rounding must not gather. */
const REFRESH_EVERY = 100_000

/**
 * A placement under change, with the values of a condition graph kept current. VMs are moved (`move`), the consequences worked out
 * (`settle`), perhaps more moved and settled, and then all kept (`keep`) or taken back (`undo`). A step costs what it touches: the sums its VMs are terms of, and the
 * cells that read them.
 */
export class GraphState {
  readonly host: Int32Array
  readonly #graph: ConditionGraph
  readonly #universe: Possibilities
  readonly #hosts: number
  /** Cell of an atom by VM and host; -1 where there is none. */
  readonly #atomAt: Int32Array
  readonly #value: Float64Array
  readonly #sum: Float64Array
  /** Literals of a cell that do not hold. */
  readonly #failing: Int32Array
  readonly #trees = new Map<number, LargestTree>()
  /** Cells to be looked at again, by depth. */
  readonly #due: Int32Array[]
  readonly #dueCount: Int32Array
  readonly #isDue: Uint8Array
  readonly #changedSums: Journal
  readonly #changedCells: Journal
  readonly #changedFailing: Journal
  readonly #movedVm: number[] = []
  readonly #movedFrom: number[] = []
  readonly #guests: GuestLists
  #migration = 0
  #migrationBefore = 0
  #kept = 0

  constructor(graph: ConditionGraph, universe: Possibilities, host: ArrayLike<number>) {
    this.#graph = graph
    this.#universe = universe
    this.#hosts = universe.hosts.length
    this.host = Int32Array.from(host)
    this.#atomAt = new Int32Array(universe.vms.length * this.#hosts).fill(-1)
    for (const { cell, vm, host: h } of graph.atoms) this.#atomAt[vm * this.#hosts + h] = cell
    const cells = graph.kind.length
    this.#value = new Float64Array(cells)
    this.#sum = new Float64Array(graph.sums)
    this.#failing = new Int32Array(cells)
    const perDepth = new Int32Array(graph.depths)
    for (const d of graph.depth) perDepth[d]!++
    this.#due = [...perDepth].map(n => new Int32Array(n))
    this.#dueCount = new Int32Array(graph.depths)
    this.#isDue = new Uint8Array(cells)
    this.#changedSums = new Journal(graph.sums)
    this.#changedCells = new Journal(cells)
    this.#changedFailing = new Journal(cells)
    for (const [largest, items] of graph.itemsOf) this.#trees.set(largest, new LargestTree(items.length))
    this.#guests = new GuestLists(this.host, this.#hosts)
    for (const [vm, h] of this.host.entries()) this.#migration += universe.cost(vm, h)
    this.#migrationBefore = this.#migration
    this.#refresh()
  }

  /** Whether all migrations together cost no more than `limit` after these moves, or no more than now. */
  keepsBudget(vms: readonly number[], hosts: readonly number[], limit: number): boolean {
    let change = 0
    for (let i = 0; i < vms.length; i++) change += this.#legCost(vms[i]!, hosts[i]!)
    return change <= 0 || this.#migration + change <= limit + 1e-9
  }

  /** The sums of the graph, kept current; not to be written to. */
  get sums(): Float64Array {
    return this.#sum
  }

  /** The cell that says whether a VM is on a host; -1 where nothing asks. */
  atomOf(vm: number, host: number): number {
    return this.#atomAt[vm * this.#hosts + host]!
  }

  /** Write the VMs on a host to `list`; how many there are. */
  guests(host: number, list: Int32Array): number {
    return this.#guests.write(host, list)
  }

  /** Copy the placement as it was before the moves that are not kept yet. */
  note(host: Int32Array): void {
    host.set(this.host)
    for (let i = this.#movedVm.length - 1; i >= 0; i--) host[this.#movedVm[i]!] = this.#movedFrom[i]!
  }

  /** What is minimised, as far as it follows from the graph: errors, warnings, costs by falling priority. */
  level(i: number): number {
    const { sum, unit, constant } = this.#graph.levels[i]!
    return this.#sum[sum]! * unit + constant
  }

  move(vm: number, to: number): void {
    const from = this.host[vm]!
    this.#movedVm.push(vm)
    this.#movedFrom.push(from)
    this.#migration += this.#legCost(vm, to)
    this.host[vm] = to
    this.#guests.move(vm, from, to)
    const left = this.#atomAt[vm * this.#hosts + from]!
    if (left >= 0) this.#set(left, 0)
    const reached = this.#atomAt[vm * this.#hosts + to]!
    if (reached >= 0) this.#set(reached, 1)
  }

  /** Work out what follows from the moves. */
  settle(): void {
    for (let depth = 1; depth < this.#dueCount.length; depth++) {
      const due = this.#due[depth]!
      for (let i = 0; i < this.#dueCount[depth]!; i++) {
        const cell = due[i]!
        this.#isDue[cell] = 0
        const value = this.#evaluate(cell)
        if (value !== this.#value[cell]) this.#set(cell, value)
      }
      this.#dueCount[depth] = 0
    }
  }

  keep(): void {
    this.#changedSums.clear()
    this.#changedCells.clear()
    this.#changedFailing.clear()
    this.#movedVm.length = 0
    this.#movedFrom.length = 0
    this.#migrationBefore = this.#migration
    if (++this.#kept % REFRESH_EVERY === 0) this.#refresh()
  }

  undo(): void {
    for (let i = this.#movedVm.length - 1; i >= 0; i--) {
      const vm = this.#movedVm[i]!
      const from = this.#movedFrom[i]!
      this.#guests.move(vm, this.host[vm]!, from)
      this.host[vm] = from
    }
    this.#movedVm.length = 0
    this.#movedFrom.length = 0
    this.#migration = this.#migrationBefore
    this.#changedSums.restore(this.#sum)
    this.#changedFailing.restore(this.#failing)
    const cells = this.#changedCells
    for (let i = 0; i < cells.count; i++)
      if (this.#graph.kind[cells.at[i]!] === ITEM) this.#setLeaf(cells.at[i]!, cells.before[i]!)
    cells.restore(this.#value)
  }

  /** Stand at another placement. */
  goTo(host: ArrayLike<number>): void {
    for (let vm = 0; vm < this.host.length; vm++) if (host[vm] !== this.host[vm]) this.move(vm, host[vm]!)
    this.settle()
    this.keep()
  }

  #legCost(vm: number, to: number): number {
    return this.#universe.budget ? this.#universe.cost(vm, to) - this.#universe.cost(vm, this.host[vm]!) : 0
  }

  #set(cell: number, value: number): void {
    const graph = this.#graph
    const before = this.#value[cell]!
    const difference = value - before
    this.#changedCells.note(cell, before)
    this.#value[cell] = value
    if (graph.kind[cell] === ITEM) {
      this.#setLeaf(cell, value)
      this.#look(graph.largestOf[cell]!)
      return
    }
    const { termStart, termSum, termFactor, readerStart, readers, literalStart, literalReader, literalNegated } = graph
    for (let i = termStart[cell]!, end = termStart[cell + 1]!; i < end; i++) {
      const s = termSum[i]!
      this.#changedSums.note(s, this.#sum[s]!)
      for (let r = readerStart[s]!; r < readerStart[s + 1]!; r++) this.#look(readers[r]!)
      this.#sum[s]! += termFactor[i]! * difference
    }
    for (let i = literalStart[cell]!, end = literalStart[cell + 1]!; i < end; i++) {
      const reader = literalReader[i]!
      this.#changedFailing.note(reader, this.#failing[reader]!)
      this.#failing[reader]! += literalNegated[i] === 1 ? difference : -difference
      this.#look(reader)
    }
  }

  #look(cell: number): void {
    if (this.#isDue[cell] === 1) return
    this.#isDue[cell] = 1
    const depth = this.#graph.depth[cell]!
    this.#due[depth]![this.#dueCount[depth]!++] = cell
  }

  #evaluate(cell: number): number {
    const graph = this.#graph
    switch (graph.kind[cell]) {
      case AND:
        return this.#failing[cell] === 0 ? 1 : 0
      case THRESHOLD:
        return this.#read(cell) >= graph.bound[cell]! ? 1 : 0
      case RECTIFIER:
        return Math.max(graph.bound[cell]!, this.#read(cell))
      case PRODUCT:
        return this.#failing[cell] === 0 ? this.#read(cell) : 0
      case ITEM:
        return this.#failing[cell] === 0 ? this.#read(cell) : graph.bound[cell]!
      default:
        return Math.max(graph.bound[cell]!, this.#trees.get(cell)!.largest)
    }
  }

  #read(cell: number): number {
    return this.#sum[this.#graph.sumOf[cell]!]! * this.#graph.unit[cell]! + this.#graph.constant[cell]!
  }

  #setLeaf(item: number, value: number): void {
    this.#trees.get(this.#graph.largestOf[item]!)!.set(this.#graph.placeIn[item]!, value)
  }

  /** Work out everything from where the VMs are. */
  #refresh(): void {
    const graph = this.#graph
    for (const { cell, vm, host } of graph.atoms) this.#value[cell] = Number(this.host[vm] === host)
    const done = new Uint8Array(graph.sums)
    const add = (s: number): void => {
      if (done[s] === 1) return
      done[s] = 1
      const { cells, factors } = graph.sumTerms[s]!
      let total = 0
      for (let i = 0; i < cells.length; i++) total += factors[i]! * this.#value[cells[i]!]!
      this.#sum[s] = total
    }
    for (let cell = 0; cell < graph.kind.length; cell++) {
      if (graph.depth[cell] === 0) continue
      if (graph.sumOf[cell]! >= 0) add(graph.sumOf[cell]!)
      this.#failing[cell] = graph.literals[cell]!.reduce(
        (n, l) => n + Number((this.#value[l.cell] === 1) === l.negated),
        0,
      )
      this.#value[cell] = this.#evaluate(cell)
      if (graph.kind[cell] === ITEM) this.#setLeaf(cell, this.#value[cell]!)
    }
    for (const { sum } of graph.levels) add(sum)
  }
}
