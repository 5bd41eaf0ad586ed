import { type FormulaStore, isNegated, type Literal, nodeOf } from './formula.ts'
import type { Linear } from './linear.ts'
import type { Universe } from './universe.ts'

/** VMs that no delegated rule tells apart: only how many of them are on each host matters. */
export interface VmClass {
  /** VM numbers, ascending. */
  readonly members: readonly number[]
  /** Host numbers that each member may be on, ascending. */
  readonly hosts: readonly number[]
  /** Members on each host now. */
  readonly now: ReadonlyMap<number, number>
  /** Cost of moving one member, the same wherever it goes; undefined for a class of one, whose cost may differ by host. */
  readonly moveCost: number | undefined
}

/** An expression that the model writes. */
export interface Root {
  readonly expr: Linear
  /** It is minimised, or has an upper bound only: less of it is never worse. */
  readonly minimised: boolean
}

/**
 * Group VMs with the same hosts, the same cost of moving and the same place in every condition. A VM's atoms may be exchanged for those
 * of another when both occur with equal coefficients in the same linear expressions and, negated, in the same conjunctions ("no such
 * VM is on this host"); any other use ties a VM to itself. What is gained by staying (`gainsByStaying`) may be gained on different hosts
 * by members of one class: how many stay on a host is the smaller of how many are there now and how many will be. Exact: every
 * condition then depends on the counts alone.
 */
export function vmClasses(store: FormulaStore, roots: readonly Root[], universe: Universe): VmClass[] {
  const uses = collectUses(store, roots, universe)
  const groups = new Map<string, number[]>()
  const listNumber = listNumbers()
  universe.vms.forEach((_, vm) => {
    const cost = uniformCost(universe, vm)
    const use = uses[vm]!
    const alone = use.tied || cost === undefined
    const signature = alone
      ? `=${vm}`
      : `${cost}|${listNumber(universe.hostsOf[vm]!)}|${use.gains.sort().join(' ')}|${use.places.sort().join(' ')}`
    const group = groups.get(signature)
    if (group) group.push(vm)
    else groups.set(signature, [vm])
  })
  return [...groups.values()].map(members => {
    const now = new Map<number, number>()
    for (const vm of members) now.set(universe.current[vm]!, (now.get(universe.current[vm]!) ?? 0) + 1)
    return {
      members,
      hosts: universe.hostsOf[members[0]!]!,
      now,
      moveCost: members.length > 1 ? uniformCost(universe, members[0]!) : undefined,
    }
  })
}

/** Numbers lists by what is in them; lists that many VMs share are read once. */
function listNumbers(): (list: readonly number[]) => number {
  const byList = new Map<readonly number[], number>()
  const byText = new Map<string, number>()
  return list => {
    let n = byList.get(list)
    if (n === undefined) {
      const text = list.join(',')
      n = byText.get(text) ?? byText.size
      byText.set(text, n)
      byList.set(list, n)
    }
    return n
  }
}

/**
 * Whether a term of a minimised root says that the VM saves something where it is now. Such a term is the class's number of leavers from
 * there, times what each loses.
 */
export function gainsByStaying(universe: Universe, vm: number, host: number, coefficient: number): boolean {
  return coefficient < 0 && host === universe.current[vm]
}

interface Uses {
  readonly places: string[]
  /** What staying saves, by root. */
  readonly gains: string[]
  tied: boolean
}

function collectUses(store: FormulaStore, roots: readonly Root[], universe: Universe): Uses[] {
  const uses = universe.vms.map((): Uses => ({ places: [], gains: [], tied: false }))
  const seen = new Set<number>()
  const queue: number[] = []
  const visitExpr = (expr: Linear, container: string, minimised = false): void => {
    expr.nodes.forEach((n, i) => {
      const node = store.nodes[n]!
      const c = expr.coefficients[i]!
      if (node.kind !== 'atom') queue.push(n)
      else if (minimised && gainsByStaying(universe, node.vm, node.host, c))
        uses[node.vm]!.gains.push(`${container}:${c}`)
      else uses[node.vm]!.places.push(`${container}:${node.host}:${c}`)
    })
  }
  const visitLiteral = (l: Literal): void => {
    const node = store.nodes[nodeOf(l)]!
    if (node.kind === 'atom') uses[node.vm]!.tied = true
    else queue.push(nodeOf(l))
  }
  roots.forEach((root, i) => {
    visitExpr(root.expr, `r${i}`, root.minimised)
  })
  for (let n = queue.pop(); n !== undefined; n = queue.pop()) {
    if (seen.has(n)) continue
    seen.add(n)
    const node = store.nodes[n]!
    switch (node.kind) {
      case 'and':
        for (const l of node.literals) {
          const inner = store.nodes[nodeOf(l)]!
          if (inner.kind !== 'atom') queue.push(nodeOf(l))
          else if (isNegated(l)) uses[inner.vm]!.places.push(`a${n}:${inner.host}`)
          else uses[inner.vm]!.tied = true
        }
        break
      case 'product':
        visitLiteral(node.literal)
        visitExpr(node.expr, `n${n}`)
        break
      case 'threshold':
        visitExpr(node.expr, `n${n}`)
        break
      case 'maximum':
        node.items.forEach(({ literal, expr }, i) => {
          visitLiteral(literal)
          visitExpr(expr, `n${n}.${i}`)
        })
        break
      default:
        break
    }
  }
  return uses
}

function uniformCost(universe: Universe, vm: number): number | undefined {
  let cost: number | undefined
  for (const host of universe.hostsOf[vm]!) {
    if (host === universe.current[vm]) continue
    const c = universe.cost(vm, host)
    if (cost === undefined) cost = c
    else if (c !== cost) return undefined
  }
  return cost ?? 0
}

/**
 * Give each member a host such that the counts come out: members stay where they can, in order of number, and the others fill the hosts
 * that still need some, in order of number. The fewest VMs move, and equal counts always give the same answer.
 * @param count how many members go to a host
 */
export function expandClass(
  vmClass: VmClass,
  current: ArrayLike<number>,
  count: (host: number) => number,
  into: Int32Array,
): void {
  const room = new Map(vmClass.hosts.map(h => [h, count(h)]))
  const leavers: number[] = []
  for (const vm of vmClass.members) {
    const here = current[vm]!
    const left = room.get(here) ?? 0
    if (left > 0) {
      room.set(here, left - 1)
      into[vm] = here
    } else leavers.push(vm)
  }
  const open = vmClass.hosts.flatMap(h => Array.from({ length: room.get(h)! }, () => h))
  leavers.forEach((vm, i) => {
    into[vm] = open[i]!
  })
}
