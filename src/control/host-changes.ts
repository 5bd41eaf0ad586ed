import type { Value } from '../tables/index.ts'
import type { PlanReport } from './plan-report.ts'
import type { World } from './world.ts'

/** A host that some move touches: who is on it before and after the plan. */
export interface HostChange {
  readonly host: Value
  readonly staying: readonly Value[]
  readonly leaving: readonly Value[]
  readonly arriving: readonly Value[]
  /** VMs that stop here on their way. */
  readonly passing: readonly Value[]
}

/** The hosts that a plan touches, those that lose VMs first. */
export function hostChanges({ tables }: Pick<World, 'tables'>, { moves }: Pick<PlanReport, 'moves'>): HostChange[] {
  const end = new Map<Value, Value>()
  for (const { vm, to } of moves) end.set(vm, to)
  const hosts = new Set(moves.flatMap(move => [move.from, move.to]))
  const rows = tables.get('nova:location')?.rows ?? []
  const changes = [...hosts].map(host => {
    const here = rows.filter(row => row[1] === host).map(([vm = null]) => vm)
    const started = new Set(here)
    return {
      host,
      staying: here.filter(vm => (end.get(vm) ?? host) === host),
      leaving: here.filter(vm => (end.get(vm) ?? host) !== host),
      arriving: [...end].filter(([vm, to]) => to === host && !started.has(vm)).map(([vm]) => vm),
      passing: moves.filter(move => move.parking && move.to === host).map(move => move.vm),
    }
  })
  return changes.sort((a, b) => b.leaving.length - a.leaving.length || (`${a.host}` < `${b.host}` ? -1 : 1))
}
