import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Level } from '../../src/placement/aims.ts'
import { linearValue } from '../../src/placement/formula.ts'
import { place } from '../../src/placement/index.ts'
import { compareVectors, Judge, type Verdict } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { localSearch } from '../../src/placement/local-search.ts'
import { type Problem, presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { ResidentGround } from '../../src/placement/resident-ground.ts'
import { SearchState } from '../../src/placement/search-state.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import { bruteForce } from './brute-force.ts'
import { arbitraryCase, programOf } from './policies.ts'

function searched(input: PlaceInput, seed: number): SearchState {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const state = new SearchState(new Judge(judgeProgram(input.program), input.tables, present.view, universe), universe)
  localSearch(state, new Random(seed), { deadline: Number.POSITIVE_INFINITY, prices: 3000 })
  return state
}

const placementOf = ({ universe, host }: SearchState) =>
  new Map(universe.vms.map((vm, i) => [vm, universe.hosts[host[i]!]!]))

test('the search never worsens, knows where it stands, and repeats for a seed', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const input = programOf(c)
      const state = searched(input, seed)
      const { best, vectorOf } = bruteForce(input)
      const now = vectorOf(placementOf(state))
      const before = vectorOf(new Map(input.tables.get('nova:location')!.rows.map(([vm, host]) => [vm!, host!])))
      expect(compareVectors(now, before)).toBeLessThanOrEqual(0)
      expect(compareVectors(best, now)).toBeLessThanOrEqual(0)
      const { vector } = state
      expect([vector[0], vector[1], vector.at(-2), vector.at(-1)]).toEqual([now[0], now[1], now.at(-2), now.at(-1)])
      expect([...searched(input, seed).host]).toEqual([...state.host])
    }),
    { numRuns: 80 },
  )
})

test('a cloud that is searched in parts is answered as well, with bounds that nothing beats', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCase, async c => {
      const input = programOf(c)
      const target = await place(input, { modelPairs: 0, timeLimitSeconds: 1, explain: false })
      const { best, names, vectorOf } = bruteForce(input)
      const found = vectorOf(target.placement)
      expect(compareVectors(best, found)).toBeLessThanOrEqual(0)
      // Small clouds fit into one neighbourhood, so that nothing but luck in the seed stands between the search and the optimum.
      if (target.status === 'unchanged') expect(found.at(-1)).toBe(0)
      if (target.proof === 'optimal') expect(compareVectors(best, found)).toBe(0)
      for (const { vm, from, to } of target.moves)
        expect(target.candidates(vm)).toEqual(expect.arrayContaining([from, to]))
      for (const aim of target.aims)
        if (Number.isFinite(aim.bound)) expect(aim.bound).toBeLessThanOrEqual(best[names.indexOf(aim.name)]! + 1e-6)
    }),
    { numRuns: 25 },
  )
})

test('a part of a cloud says what its VMs change, as the evaluator does', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const input = programOf(c)
      const random = new Random(seed)
      const present = presentEvaluator(input)
      const universe = readUniverse(input.program, input.tables, present.view)
      const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
      const ground = new ResidentGround(input, present, universe)
      for (let round = 0; round < 3; round++) {
        const anywhere = (): Int32Array => Int32Array.from(universe.hostsOf, hosts => random.pick(hosts))
        const here = anywhere()
        const open = new Map(
          universe.vms.flatMap((_, vm) => (random.next() < 0.5 ? [[vm, universe.hostsOf[vm]!]] : [])),
        )
        const { problem, vms } = ground.part(here, open)
        if (hasRefusals(problem)) return
        const differences = (): number[] => {
          const there = Int32Array.from(here)
          for (const vm of vms) there[vm] = random.pick(open.get(vm)!)
          const [a, b] = [here, there].map(host => {
            const truth = problem.grounding.store.evaluate(vms.map(vm => host[vm]!))
            const verdict = judge.at(host, view => judge.verdict(view, host))
            return problem.aims.levels.map(l => linearValue(l.expr, truth) - levelOf(verdict, l))
          })
          return a!.map((x, i) => x - b![i]!)
        }
        for (const difference of [...differences(), ...differences()]) expect(Math.abs(difference)).toBeLessThan(1e-6)
      }
    }),
    { numRuns: 150 },
  )
})

const hasRefusals = ({ analysis, aims }: Problem): boolean => analysis.refused.size > 0 || aims.refused.size > 0

const levelOf = (verdict: Verdict, level: Level): number =>
  level.kind === 'cost' ? (verdict.costs.get(level.priority) ?? 0) : verdict[level.kind]
