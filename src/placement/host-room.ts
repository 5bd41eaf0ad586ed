import { createIsolatedEvaluator, type View } from '../datalog/index.ts'
import type { Program, TableInfo } from '../language/index.ts'
import type { Row, TableData, Value } from '../tables/index.ts'
import type { Analysis } from './analysis.ts'
import { atomsOf } from './decision.ts'
import { ValueNumbers } from './ground-table.ts'
import { ASKED, type HostLimit, hostLimits } from './host-limits.ts'
import { presentTables } from './judge.ts'
import type { JudgeProgram } from './judge-program.ts'
import { numberedColumns, ownTable, ownTableInfo } from './own-table.ts'
import { strataOf } from './strata.ts'
import type { PlaceInput } from './types.ts'
import type { Universe } from './universe.ts'

/** Rows that may come of one limit: what has more is left to the evaluator. */
const MOST_ROWS = 3_000_000
/** Numbers kept for all hosts together. */
const MOST_SLOTS = 20_000_000
/** Relative difference up to which a limit is kept: the evaluator has the last word. */
const SAME = 1e-9

/** What every VM of a kind takes, by slot of a host. */
interface Needs {
  readonly slots: Int32Array
  readonly amounts: Float64Array
}

/**
 * How much room hosts have under the limits that rules for errors set on them, kept current in flat arrays: whether a VM fits a host is
 * known in about a microsecond, where the policy's own rules take a hundred. What does not fit breaks a rule; what fits may break others.
 */
export class HostRoom {
  /** Slots of one host, one for each limit and key. */
  readonly #stride: number
  /** By host and slot: what is allowed, and what its VMs take. */
  readonly #limit: Float64Array
  readonly #load: Float64Array
  /** What a VM takes; VMs of one kind share it. */
  readonly #needs: readonly Needs[]
  #sizes: Float64Array | undefined

  constructor(limit: Float64Array, stride: number, needs: readonly Needs[], host: ArrayLike<number>) {
    this.#limit = limit
    this.#stride = stride
    this.#needs = needs
    this.#load = new Float64Array(limit.length)
    for (let vm = 0; vm < needs.length; vm++) this.#add(vm, host[vm]!, 1)
  }

  /** Amounts that count for some limit, of all VMs together. */
  get amounts(): number {
    return this.#needs.reduce((n, { slots }) => n + slots.length, 0)
  }

  move(vm: number, from: number, to: number): void {
    this.#add(vm, from, -1)
    this.#add(vm, to, 1)
  }

  /** Whether a VM that is elsewhere breaks no limit of a host. */
  fits(vm: number, host: number): boolean {
    const { slots, amounts } = this.#needs[vm]!
    const first = host * this.#stride
    for (let i = 0; i < slots.length; i++) {
      const at = first + slots[i]!
      if (this.#load[at]! + amounts[i]! > this.#limit[at]!) return false
    }
    return true
  }

  /** The same once another VM has left the host. */
  fitsInPlaceOf(vm: number, other: number, host: number): boolean {
    this.#add(other, host, -1)
    const fits = this.fits(vm, host)
    this.#add(other, host, 1)
    return fits
  }

  /** The share of their limits that would be left on a host once the VM is there, the smallest of all that it counts for. */
  leftWith(vm: number, host: number): number {
    const { slots, amounts } = this.#needs[vm]!
    const first = host * this.#stride
    let left = 1
    for (let i = 0; i < slots.length; i++) {
      const at = first + slots[i]!
      const limit = this.#limit[at]!
      if (limit < Number.POSITIVE_INFINITY && limit > 0)
        left = Math.min(left, (limit - this.#load[at]! - amounts[i]!) / limit)
    }
    return left
  }

  /** How large each host is: the mean of its limits, each as a share of the largest that any host has. */
  get sizes(): Float64Array {
    this.#sizes ??= meanLimits(this.#limit, this.#stride)
    return this.#sizes
  }

  #add(vm: number, host: number, sign: 1 | -1): void {
    const { slots, amounts } = this.#needs[vm]!
    const first = host * this.#stride
    for (let i = 0; i < slots.length; i++) this.#load[first + slots[i]!]! += sign * amounts[i]!
  }
}

function meanLimits(limit: Float64Array, stride: number): Float64Array {
  const largest = new Float64Array(stride)
  const each = (visit: (host: number, slot: number, limit: number) => void): void => {
    for (let at = 0; at < limit.length; at++)
      if (limit[at]! > 0 && limit[at]! < Number.POSITIVE_INFINITY)
        visit(Math.floor(at / stride), at % stride, limit[at]!)
  }
  each((_, slot, most) => {
    largest[slot] = Math.max(largest[slot]!, most)
  })
  const size = new Float64Array(limit.length / stride)
  each((host, slot, most) => {
    size[host]! += most / largest[slot]! / stride
  })
  return size
}

/** The room under a policy, with every VM where it is now; undefined where no rule limits hosts in a way that is understood. */
export function hostRoom(
  input: PlaceInput,
  present: View,
  judge: JudgeProgram,
  analysis: Analysis,
  universe: Universe,
): HostRoom | undefined {
  const limits = hostLimits(judge, analysis)
  if (limits.length === 0) return undefined
  const rules = limits.flatMap(({ needs, room }) => [needs, room]).map((rule, id) => ({ ...rule, id }))
  const tables = new Map(judge.program.tables)
  const declare = (name: string, arity: number, kind: TableInfo['kind']): void => {
    tables.set(name, ownTableInfo(name, arity, kind))
  }
  for (const { head } of rules) declare(head.table, head.args.length, 'derived')
  const read = new Set(rules.flatMap(({ body }) => [...atomsOf(body)].map(atom => atom.table)))
  for (const table of read) if (table !== ASKED) tables.set(table, { ...tables.get(table)!, kind: 'data' })
  declare(ASKED, 1, 'data')
  const program: Program = { ...judge.program, rules, tables, strata: strataOf(rules) }
  const known = new Map(presentTables(judge, present).map(table => [table.schema.table, table]))
  const data = new Map(
    [...read]
      .filter(table => table !== ASKED)
      .map((name): [string, TableData] => [
        name,
        input.tables.get(name) ??
          known.get(name) ??
          ownTable(name, numberedColumns(judge.program.tables.get(name)!.arity), present.rows(name)),
      ]),
  )
  const kinds = vmKinds(limits, universe, table => data.get(table)!.rows)
  const evaluator = createIsolatedEvaluator(program, { watch: [], limits: { derivedTuples: MOST_ROWS } })
  evaluator.load([
    ...data.values(),
    ownTable(
      ASKED,
      ['vm'],
      kinds.examples.map(vm => [universe.vms[vm]!]),
    ),
  ])
  const stopped = new Set(evaluator.stopped.map(({ policy }) => Number(policy)))
  const layout = new Layout(universe.hosts.length)
  for (const limit of limits) if (!stopped.has(limit.rule)) layout.add(limit, evaluator.view, universe, kinds.kindOf)
  if (layout.stride === 0) return undefined
  const needs = layout.needs(kinds.examples.length)
  return new HostRoom(
    layout.limits(),
    layout.stride,
    universe.vms.map((_, vm) => needs[kinds.kindOf[vm]!]!),
    universe.current,
  )
}

/**
 * VMs of one kind have the same rows in every table that needs are read from, so they need the same. Tables that are asked for a VM by
 * anything but a column of theirs make every VM a kind of its own.
 */
function vmKinds(
  limits: readonly HostLimit[],
  { vms, vmNumber }: Universe,
  rowsOf: (table: string) => readonly Row[],
): { readonly kindOf: Int32Array; readonly examples: readonly number[] } {
  const kindOf = new Int32Array(vms.length)
  const examples: number[] = []
  const columns = new Map<string, { table: string; column: number }>()
  for (const { vmColumns } of limits) {
    if (!vmColumns) return { kindOf: kindOf.map((_, vm) => vm), examples: vms.map((_, vm) => vm) }
    for (const at of vmColumns) columns.set(`${at.table}/${at.column}`, at)
  }
  const values = new ValueNumbers()
  const signature: string[] = vms.map(() => '')
  let number = 0
  for (const { table, column } of columns.values()) {
    const seen: string[][] = vms.map(() => [])
    for (const row of rowsOf(table)) {
      const vm = vmNumber.get(row[column]!)
      if (vm !== undefined) seen[vm]!.push(values.key(row.filter((_, i) => i !== column)))
    }
    number++
    seen.forEach((rows, vm) => {
      if (rows.length > 0) signature[vm] += `${number}:${rows.sort().join(';')}|`
    })
  }
  const kindBySignature = new Map<string, number>()
  signature.forEach((text, vm) => {
    let kind = kindBySignature.get(text)
    if (kind === undefined) {
      kindBySignature.set(text, (kind = examples.length))
      examples.push(vm)
    }
    kindOf[vm] = kind
  })
  return { kindOf, examples }
}

/** Collects limits into slots of hosts. */
class Layout {
  stride = 0
  readonly #hosts: number
  readonly #limits: { readonly host: number; readonly slot: number; readonly most: number }[][] = []
  readonly #needs: { readonly kind: number; readonly slot: number; readonly amount: number }[][] = []

  constructor(hosts: number) {
    this.#hosts = hosts
  }

  add({ room, needs, keys, reached }: HostLimit, view: View, universe: Universe, kindOf: Int32Array): void {
    const values = new ValueNumbers()
    const slots = new Map<string, number>()
    const slotOf = (row: Row): number => {
      const key = values.key(row.slice(1, 1 + keys))
      let slot = slots.get(key)
      if (slot === undefined) slots.set(key, (slot = this.stride + slots.size))
      return slot
    }
    const limits: { host: number; slot: number; most: number }[] = []
    view.each(room.head.table, row => {
      const host = universe.hostNumber.get(row[0]!)
      const most = mostOf(row[1 + keys]!, row[2 + keys]!, reached)
      if (host !== undefined && most !== undefined) limits.push({ host, slot: slotOf(row), most })
    })
    if (slots.size === 0 || (this.stride + slots.size) * this.#hosts > MOST_SLOTS) return
    const limited = slots.size
    const amounts: { kind: number; slot: number; amount: number }[] = []
    let isNumber = true
    view.each(needs.head.table, row => {
      const amount = row.at(-1)!
      if (typeof amount !== 'number') isNumber = false
      const slot = slotOf(row)
      if (typeof amount === 'number' && slot < this.stride + limited)
        amounts.push({ kind: kindOf[universe.vmNumber.get(row[0]!)!]!, slot, amount })
    })
    if (!isNumber) return
    this.#limits.push(limits)
    this.#needs.push(amounts)
    this.stride += limited
  }

  limits(): Float64Array {
    const all = new Float64Array(this.stride * this.#hosts).fill(Number.POSITIVE_INFINITY)
    for (const { host, slot, most } of this.#limits.flat()) {
      const at = host * this.stride + slot
      all[at] = Math.min(all[at]!, most)
    }
    return all
  }

  needs(kinds: number): Needs[] {
    const bySlot: Map<number, number>[] = Array.from({ length: kinds }, () => new Map())
    for (const list of this.#needs)
      for (const { kind, slot, amount } of list) bySlot[kind]!.set(slot, (bySlot[kind]!.get(slot) ?? 0) + amount)
    return bySlot.map(needs => ({
      slots: Int32Array.from(needs.keys()),
      amounts: Float64Array.from(needs.values()),
    }))
  }
}

/** The most that fits under a difference linear in it; undefined where more never breaks the limit. */
function mostOf(empty: Value, one: Value, reached: boolean): number | undefined {
  if (typeof empty !== 'number' || typeof one !== 'number' || one <= empty) return undefined
  const most = -empty / (one - empty)
  const slack = SAME * Math.max(1, Math.abs(most))
  return reached ? most - slack : most + slack
}
