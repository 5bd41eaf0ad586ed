import { expect } from 'vitest'
import { compareVectors, Judge, priorities, type Verdict, vectorOf } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import type { Plan } from '../../src/plan/index.ts'

/** Replacements looked at for one plan. */
const LOOKS = 4000

/**
 * What speaks against a plan being minimal, in words: a VM whose moves can be left out, or two VMs whose moves can be replaced by one move
 * of any VM to any of its hosts, with a vector (errors, warnings, costs, migration cost, moves) that is not worse. A stop on the way
 * belongs to its VM's moves. Empty: the plan is minimal.
 */
export function notMinimal(input: PlaceInput, plan: Pick<Plan, 'moves'>): string[] {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  const verdictAt = (host: Int32Array) => judge.at(host, view => judge.verdict(view, host))
  const end = Int32Array.from(universe.current)
  for (const { vm, to } of plan.moves) end[universe.vmNumber.get(vm)!] = universe.hostNumber.get(to)!
  const moved = [...end.keys()].filter(v => end[v] !== universe.current[v])
  const whole: Verdict = {
    ...verdictAt(end),
    migrationCost: plan.moves.reduce((sum, m) => sum + ('cost' in m ? m.cost : 0), 0),
    moves: plan.moves.length,
  }
  const isNotWorse = (host: Int32Array) => {
    const verdict = verdictAt(host)
    const costs = priorities(whole, verdict)
    return compareVectors(vectorOf(verdict, costs), vectorOf(whole, costs)) <= 0
  }
  const found: string[] = []
  const without = (...vms: number[]) => {
    const host = Int32Array.from(end)
    for (const v of vms) host[v] = universe.current[v]!
    return host
  }
  for (const v of moved) if (isNotWorse(without(v))) found.push(`without ${universe.vms[v]}`)
  let looks = 0
  for (const [i, a] of moved.entries())
    for (const b of moved.slice(i + 1)) {
      const back = without(a, b)
      if (isNotWorse(back)) found.push(`without ${universe.vms[a]} and ${universe.vms[b]}`)
      for (const v of universe.vms.keys())
        for (const h of universe.hostsOf[v]!) {
          if (back[v] !== universe.current[v] || h === back[v] || ++looks > LOOKS) continue
          const host = Int32Array.from(back)
          host[v] = h
          if (isNotWorse(host))
            found.push(
              `${universe.vms[v]} to ${universe.hosts[h]} instead of ${universe.vms[a]} and ${universe.vms[b]}`,
            )
        }
    }
  return found
}

export function expectMinimal(input: PlaceInput, plan: Pick<Plan, 'moves'>): void {
  expect(notMinimal(input, plan)).toEqual([])
}
