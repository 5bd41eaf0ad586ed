import type { Value } from '../tables/index.ts'
import { isNegated, nodeOf } from './formula.ts'
import type { Problem } from './problem.ts'
import type { Capacity } from './types.ts'

interface Draft {
  readonly rule: string
  readonly loads: Map<number, Map<number, number>>
  readonly limits: Map<number, number>
}

/**
 * Read off the delegated error rules what each host can take: an error that holds exactly when a sum over the VMs on one host passes a
 * bound, with no VM that makes it smaller. Loads and limits are in the condition's own units.
 */
export function capacitiesOf(problem: Problem): Capacity[] {
  const { grounding, aims, universe, judge } = problem
  const drafts = new Map<string, Draft>()
  for (const v of aims.violables) {
    const rule = v.rules[0]
    if (v.role !== 'error' || rule === undefined || isNegated(v.literal)) continue
    const node = grounding.store.nodes[nodeOf(v.literal)]!
    if (node.kind !== 'threshold' || node.expr.coefficients.some(c => c < 0)) continue
    const atoms = node.expr.nodes.map(n => grounding.store.nodes[n]!)
    const host = atoms[0]?.kind === 'atom' ? atoms[0].host : undefined
    if (host === undefined || !atoms.every(a => a.kind === 'atom' && a.host === host)) continue
    // A rule may limit one host twice (memory and CPU told apart by a column): the second limit starts a capacity of its own.
    let nth = 0
    while (drafts.get(`${rule}.${nth}`)?.limits.has(host)) nth++
    let draft = drafts.get(`${rule}.${nth}`)
    if (!draft) {
      const { span } = judge.program.rules[rule]!
      drafts.set(`${rule}.${nth}`, (draft = { rule: `${span.file}:${span.line}`, loads: new Map(), limits: new Map() }))
    }
    draft.limits.set(host, node.off)
    const loads = new Map<number, number>()
    atoms.forEach((a, i) => {
      if (a.kind === 'atom') loads.set(a.vm, node.expr.coefficients[i]!)
    })
    draft.loads.set(host, loads)
  }
  return [...drafts.values()].map(({ rule, loads, limits }): Capacity => {
    const hostOf = (host: Value): number => universe.hostNumber.get(host) ?? -1
    return {
      rule,
      load: (vm, host) => loads.get(hostOf(host))?.get(universe.vmNumber.get(vm) ?? -1) ?? 0,
      base: () => 0,
      limit: host => limits.get(hostOf(host)),
      strict: false,
    }
  })
}
