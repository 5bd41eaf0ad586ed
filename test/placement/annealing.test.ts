import fc from 'fast-check'
import { expect, test } from 'vitest'
import { annealPlacement } from '../../src/placement/anneal-placement.ts'
import { ConditionGraph } from '../../src/placement/condition-graph.ts'
import { linearValue } from '../../src/placement/formula.ts'
import { GraphState } from '../../src/placement/graph-state.ts'
import { compareVectors, Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { Penalties } from '../../src/placement/penalties.ts'
import { type Problem, prepare, presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { SearchState } from '../../src/placement/search-state.ts'
import { StepPrices } from '../../src/placement/step-prices.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import { arbitraryCase, type Case, programOf } from './policies.ts'

function problemOf(c: Case): Problem {
  const input = programOf(c)
  const present = presentEvaluator(input)
  return prepare(input, present, readUniverse(input.program, input.tables, present.view))
}

test('conditions kept current under moves, kept or taken back, are what they are when worked out afresh', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const { aims, grounding, universe } = problemOf(c)
      const state = new GraphState(new ConditionGraph(grounding.store, aims, universe), universe, universe.current)
      const random = new Random(seed)
      const levels = (host: ArrayLike<number>): number[] => {
        const values = grounding.store.evaluate(host)
        return aims.levels.map(level => linearValue(level.expr, values))
      }
      const seen = (): number[] => aims.levels.map((_, i) => state.level(i))
      const close = (a: number[], b: number[]): void => {
        for (const [i, x] of a.entries()) expect(x).toBeCloseTo(b[i]!, 6)
      }
      for (let step = 0; step < 30; step++) {
        const before = Int32Array.from(state.host)
        const vms = random.sample([...universe.vms.keys()], 1 + random.below(2))
        const hosts = vms.map(vm => random.pick(universe.hostsOf[vm]!))
        vms.forEach((vm, i) => {
          state.move(vm, hosts[i]!)
        })
        state.settle()
        close(seen(), levels(state.host))
        if (random.next() < 0.5) {
          state.undo()
          expect([...state.host]).toEqual([...before])
          close(seen(), levels(before))
        } else state.keep()
      }
    }),
    { numRuns: 60 },
  )
})

test('prices of steps say which limits are passed and what that costs, as the sums do once the steps are made', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const { aims, grounding, universe } = problemOf(c)
      const graph = new ConditionGraph(grounding.store, aims, universe)
      const state = new GraphState(graph, universe, universe.current)
      const penalties = new Penalties(graph, state.sums, 7)
      const prices = new StepPrices(graph, state, penalties, 0)
      const random = new Random(seed)
      const now = (): { passed: number; cost: number } => {
        let passed = 0
        let cost = 0
        for (const [s, sum] of state.sums.entries()) {
          if (!penalties.isPassed(s)) continue
          passed++
          const beyond = Math.max(sum - penalties.upper[s]!, penalties.lower[s]! - sum)
          cost += penalties.crossing + beyond * penalties.weight[s]! * penalties.common
        }
        return { passed, cost }
      }
      for (let step = 0; step < 30; step++) {
        const vms = random.sample([...universe.vms.keys()], 1 + random.below(2))
        const hosts = vms.map(vm => random.pick(universe.hostsOf[vm]!))
        const before = now()
        prices.price(vms, hosts)
        vms.forEach((vm, i) => {
          state.move(vm, hosts[i]!)
        })
        state.settle()
        state.keep()
        const after = now()
        expect(prices.passed).toBe(after.passed - before.passed)
        expect(prices.penalty).toBeCloseTo(after.cost - before.cost, 6)
        penalties.adaptOwn(random.next() / 10, 20)
      }
    }),
    { numRuns: 60 },
  )
})

test('annealing never worsens, keeps to candidates and budgets, and repeats for a seed', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const input = programOf(c)
      const { aims, grounding, universe } = problemOf(c)
      const annealed = (): SearchState => {
        const present = presentEvaluator(input)
        const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
        const state = new SearchState(judge, universe)
        const graph = new ConditionGraph(grounding.store, aims, universe)
        annealPlacement(graph, state, new Random(seed), { deadline: Number.POSITIVE_INFINITY, stepsPerPair: 200 })
        return state
      }
      const state = annealed()
      const before = new SearchState(
        new Judge(judgeProgram(input.program), input.tables, presentEvaluator(input).view, universe),
        universe,
      )
      expect(compareVectors(state.vector, before.vector)).toBeLessThanOrEqual(0)
      for (const [vm, host] of state.host.entries()) expect(universe.hostsOf[vm]).toContain(host)
      if (universe.budget) expect(state.vector.at(-2)).toBeLessThanOrEqual(universe.budget.limit + 1e-9)
      expect([...annealed().host]).toEqual([...state.host])
    }),
    { numRuns: 15 },
  )
})
