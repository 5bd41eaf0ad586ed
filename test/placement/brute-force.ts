import { aimNames, compareVectors, Judge, priorities, type Verdict, vectorOf } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import type { Value } from '../../src/tables/index.ts'

/** The best vector over all placements that candidates and budget allow, each judged by the evaluator. */
export function bruteForce(input: PlaceInput): {
  best: number[]
  /** What each number of a vector is of. */
  names: readonly string[]
  vectorOf: (placement: ReadonlyMap<Value, Value>) => number[]
} {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
  const verdicts: Verdict[] = []
  const host = Int32Array.from(universe.current)
  const verdictOf = (h: Int32Array): Verdict => judge.at(h, view => judge.verdict(view, h))
  const visit = (vm: number): void => {
    if (vm === universe.vms.length) {
      const verdict = verdictOf(host)
      if (verdict.migrationCost <= (universe.budget?.limit ?? Number.POSITIVE_INFINITY) + 1e-9) verdicts.push(verdict)
      return
    }
    for (const h of universe.hostsOf[vm]!) {
      host[vm] = h
      visit(vm + 1)
    }
  }
  visit(0)
  const costs = priorities(...verdicts)
  const vector = (v: Verdict): number[] => vectorOf(v, costs)
  const best = verdicts.map(vector).reduce((a, b) => (compareVectors(b, a) < 0 ? b : a))
  return {
    best,
    names: aimNames(costs),
    vectorOf: placement =>
      vector(verdictOf(Int32Array.from(universe.vms, vm => universe.hostNumber.get(placement.get(vm)!)!))),
  }
}
