import { afterEach, describe, expect, it } from 'vitest'
import { Annealing, outcomeAt } from '../../src/placement/annealing.ts'
import { AnnealingCrew } from '../../src/placement/annealing-crew.ts'
import { type Leg, runLeg } from '../../src/placement/annealing-legs.ts'
import { ConditionGraph } from '../../src/placement/condition-graph.ts'
import { GraphState } from '../../src/placement/graph-state.ts'
import { prepare, presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { smallWorld } from '../../src/placement/testing/small-cloud.ts'
import { readUniverse } from '../../src/placement/universe.ts'

/** Twenty VMs of five sizes on the first of four hosts; loads are to be equal, and few VMs moved, at no more than a budget. */
const input = smallWorld(
  `policy p
   candidate(v, h) :- size(v, _), cap(h, _)
   used(h, u) :- cap(h, _), u = sum c : { nova:location(v, h), size(v, c) }
   error("capacity", h) :- cap(h, c), used(h, u), u > c
   cost(1, x, "load", h) :- used(h, u), x = 3 * (u - 15), x > 0
   cost(1, 1, "moved", v) :- placement:moved(v, _, _)
   migration_cost(v, c) :- size(v, c)
   migration_budget(48)`,
  {
    'nova:location': [['vm', 'host'], ...Array.from({ length: 20 }, (_, i) => [`v${i}`, 'a'])],
    size: [['vm', 'size'], ...Array.from({ length: 20 }, (_, i) => [`v${i}`, 1 + (i % 5)])],
    cap: [['host', 'cap'], ...['a', 'b', 'c', 'd'].map(h => [h, 60])],
  },
)

const ROUNDS: Leg['work'] = {
  rounds: [
    { hot: 0.2, warm: 0.06, errors: 0.06 },
    { hot: 0.001, warm: 0.3, errors: 0 },
  ],
}
const PARTS: Leg['work'] = {
  parts: [
    { hosts: 2, stepsPerVm: 100, hot: 2, warm: 0.02, errors: 0.06 },
    { hosts: 3, stepsPerVm: 200, hot: 0.5, warm: 0.05, errors: 0.1 },
  ],
}

function conditions() {
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const { aims, grounding } = prepare(input, present, universe)
  const graph = new ConditionGraph(grounding.store, aims, universe)
  const level = aims.levels.length - 1
  const state = new GraphState(graph, universe, universe.current)
  const from = outcomeAt(state, level)
  const leg = (work: Leg['work'], steps: number): Leg => ({ from, work, steps, milliseconds: Number.POSITIVE_INFINITY })
  return { universe, graph, level, state, leg }
}

describe('threads that anneal', () => {
  let crew: AnnealingCrew | undefined
  afterEach(() => crew?.end())

  it.each([
    ['everything', ROUNDS],
    ['parts', PARTS],
  ])('find what this thread finds with the same seeds, and keep to the budget: %s', async (_, work) => {
    const { universe, graph, level, leg } = conditions()
    const seeds = [3, 4, 5]
    crew = new AnnealingCrew(graph, universe, level, seeds)
    const outcomes = await crew.run(leg(work, 20_000))
    const here = seeds.map((seed, number) => {
      const state = new GraphState(graph, universe, universe.current)
      const annealing = new Annealing(graph, state, universe, level, new Random(seed))
      return runLeg(annealing, leg(work, 20_000), number, () => false)
    })
    expect(outcomes).toEqual(here)
    for (const { host, levels } of outcomes) {
      expect(levels[0]).toBe(0)
      expect(levels[level]).toBeLessThan(leg(work, 1).from.levels[level]!)
      expect([...host].reduce((sum, h, vm) => sum + universe.cost(vm, h), 0)).toBeLessThanOrEqual(48)
    }
    // The next leg goes on from the best.
    const best = outcomes[0]!
    const [next] = await crew.run({ ...leg(work, 20_000), from: best })
    expect(next!.levels[level]).toBeLessThanOrEqual(best.levels[level]!)
  })

  it('answer with what they have when they are told to stop', async () => {
    const { universe, graph, level, leg } = conditions()
    crew = new AnnealingCrew(graph, universe, level, [1, 2])
    const outcomes = crew.run(leg(ROUNDS, Number.POSITIVE_INFINITY))
    setTimeout(() => crew!.stop(), 500)
    expect(await outcomes).toHaveLength(2)
  })

  it('are missing when they die, now and later', async () => {
    const { universe, level, leg } = conditions()
    crew = new AnnealingCrew({} as ConditionGraph, universe, level, [1])
    expect(await crew.run(leg(ROUNDS, 1))).toEqual([])
    expect(await crew.run(leg(ROUNDS, 1))).toEqual([])
  })
})
