import fc from 'fast-check'
import { expect, test } from 'vitest'
import { annealPlacement } from '../../src/placement/anneal-placement.ts'
import { ConditionGraph } from '../../src/placement/condition-graph.ts'
import { linearValue } from '../../src/placement/formula.ts'
import { GraphState } from '../../src/placement/graph-state.ts'
import { compareVectors, Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { Parts } from '../../src/placement/parts.ts'
import { Penalties } from '../../src/placement/penalties.ts'
import { possibleHosts } from '../../src/placement/possible-hosts.ts'
import { type Problem, prepare, presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { Rearrangement } from '../../src/placement/rearrangement.ts'
import { SearchState } from '../../src/placement/search-state.ts'
import { StepPrices } from '../../src/placement/step-prices.ts'
import { smallWorld } from '../../src/placement/testing/small-cloud.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse, type Universe } from '../../src/placement/universe.ts'
import { arbitraryCase, programOf } from './policies.ts'

function problemOf(input: PlaceInput): Problem {
  const present = presentEvaluator(input)
  return prepare(input, present, readUniverse(input.program, input.tables, present.view))
}

/** The present placement as conditions, with errors at a price. */
function conditionsOf(input: PlaceInput, priceOfErrors: number) {
  const { aims, grounding, universe } = problemOf(input)
  const graph = new ConditionGraph(grounding.store, aims, universe)
  const state = new GraphState(graph, universe, universe.current)
  return { aims, universe, graph, state, penalties: new Penalties(graph, state.sums, priceOfErrors) }
}

const vmsOn = (state: GraphState, host: number): number[] =>
  [...state.host.keys()].filter(vm => state.host[vm] === host)

function guestsOf(state: GraphState, { vms, hosts }: Universe): number[][] {
  const list = new Int32Array(vms.length)
  return hosts.map((_, h) => [...list.subarray(0, state.guests(h, list))].sort((a, b) => a - b))
}

test('conditions kept current under moves, kept or taken back, are what they are when worked out afresh', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const { aims, grounding, universe } = problemOf(programOf(c))
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
        for (let part = random.below(3); part >= 0; part--) {
          const vms = random.sample([...universe.vms.keys()], 1 + random.below(2))
          const hosts = vms.map(vm => random.pick(universe.hostsOf[vm]!))
          vms.forEach((vm, i) => {
            state.move(vm, hosts[i]!)
          })
          state.settle()
          close(seen(), levels(state.host))
        }
        if (random.next() < 0.5) {
          state.undo()
          expect([...state.host]).toEqual([...before])
          close(seen(), levels(before))
        } else state.keep()
        expect(guestsOf(state, universe)).toEqual(universe.hosts.map((_, h) => vmsOn(state, h)))
      }
    }),
    { numRuns: 60 },
  )
})

function passedNow(state: GraphState, penalties: Penalties): { passed: number; cost: number } {
  let passed = 0
  let cost = 0
  for (const [s, sum] of state.sums.entries()) {
    if (!penalties.isPassed(s)) continue
    passed++
    // Of two limits that are passed at once, the upper one has its price.
    const beyond = sum >= penalties.upper[s]! ? sum - penalties.upper[s]! : penalties.lower[s]! - sum
    cost += penalties.crossing + beyond * penalties.weight[s]! * penalties.common
  }
  return { passed, cost }
}

test('prices of steps say which limits are passed and what that costs, as the sums do once the steps are made', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const { universe, graph, state, penalties } = conditionsOf(programOf(c), 7)
      const prices = new StepPrices(graph, state, penalties, 0)
      const random = new Random(seed)
      const now = () => passedNow(state, penalties)
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

test('a rearrangement foresees what it does to limits, and leaves nothing behind when it costs too much', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), fc.integer({ min: -20, max: 20 }), (c, seed, most) => {
      const { universe, graph, state, penalties } = conditionsOf(programOf(c), 7)
      const random = new Random(seed)
      const rearrangement = new Rearrangement(state, universe, new StepPrices(graph, state, penalties, 0), random)
      for (let step = 0; step < 30; step++) {
        const before = { host: [...state.host], sums: [...state.sums], ...passedNow(state, penalties) }
        const vm = random.below(universe.vms.length)
        const to = random.pick(universe.hostsOf[vm]!)
        if (!rearrangement.make(vm, to, most, random.next() < 0.5)) {
          expect([...state.host]).toEqual(before.host)
          expect([...state.sums]).toEqual(before.sums)
          continue
        }
        const after = passedNow(state, penalties)
        expect(rearrangement.level + rearrangement.penalty).toBeLessThanOrEqual(most)
        expect(rearrangement.passed).toBe(after.passed - before.passed)
        expect(rearrangement.penalty).toBeCloseTo(after.cost - before.cost, 6)
        expect(state.host[vm]).toBe(to)
        for (const [other, host] of state.host.entries()) expect(universe.hostsOf[other]).toContain(host)
        state.keep()
      }
    }),
    { numRuns: 60 },
  )
})

test('a large VM changes places with all the small ones that fill its only other host', () => {
  const guests = ['s1', 's2', 's3', 's4', 's5', 's6']
  const input = smallWorld(
    `policy p
     used(h, u) :- cap(h, _), u = sum c : { nova:location(v, h), size(v, c) }
     error("capacity", h) :- cap(h, c), used(h, u), u > c
     cost(1, 10, "kept", v) :- nova:location(v, "old"), size(v, 6)`,
    {
      'nova:location': [['vm', 'host'], ['large', 'old'], ...guests.map(v => [v, 'new'])],
      size: [['vm', 'size'], ['large', 6], ...guests.map(v => [v, 1])],
      cap: [
        ['host', 'cap'],
        ['old', 6],
        ['new', 6],
      ],
    },
  )
  const { aims, universe, graph, state, penalties } = conditionsOf(input, 100)
  const level = aims.levels.length - 1
  const prices = new StepPrices(graph, state, penalties, level)
  const large = universe.vmNumber.get('large')!
  const [from, to] = [universe.hostNumber.get('old')!, universe.hostNumber.get('new')!]
  expect(new Rearrangement(state, universe, prices, new Random(1)).make(large, to, 0, false)).toBe(true)
  expect(state.host[large]).toBe(to)
  for (const v of guests) expect(state.host[universe.vmNumber.get(v)!]).toBe(from)
})

test('no placement within the limits has a VM where it is said to be impossible', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      const { universe, graph, state, penalties } = conditionsOf(programOf(c), 7)
      const possible = possibleHosts(graph, penalties, universe)
      const random = new Random(seed)
      for (const [vm, list] of possible.entries()) {
        expect(list).toContain(universe.current[vm])
        for (const h of list) expect(universe.hostsOf[vm]).toContain(h)
      }
      for (let draw = 0; draw < 300; draw++) {
        state.goTo(universe.hostsOf.map(list => random.pick(list)))
        if (passedNow(state, penalties).passed > 0) continue
        for (const [vm, host] of state.host.entries()) expect(possible[vm]).toContain(host)
      }
    }),
    { numRuns: 60 },
  )
})

test('a host is left out that is full with what can not leave', () => {
  const input = smallWorld(
    `policy p
     used(h, u) :- cap(h, _), u = sum c : { nova:location(v, h), size(v, c) }
     error("capacity", h) :- cap(h, c), used(h, u), u > c`,
    {
      'nova:location': [
        ['vm', 'host'],
        ['large', 'a'],
        ['middle', 'b'],
        ['small', 'b'],
      ],
      size: [
        ['vm', 'size'],
        ['large', 9],
        ['middle', 4],
        ['small', 1],
      ],
      cap: [
        ['host', 'cap'],
        ['a', 10],
        ['b', 5],
      ],
    },
  )
  const { universe, graph, penalties } = conditionsOf(input, 1)
  const possible = possibleHosts(graph, penalties, universe)
  const hostsOf = (vm: string): unknown[] => possible[universe.vmNumber.get(vm)!]!.map(h => universe.hosts[h])
  expect(hostsOf('large')).toEqual(['a'])
  expect(hostsOf('middle')).toEqual(['b'])
  expect(hostsOf('small').sort()).toEqual(['a', 'b'])
})

test('a part leaves everything but the VMs of its hosts where it is, and these among its hosts or where they are', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), fc.integer({ min: 2, max: 4 }), (c, seed, hosts) => {
      const { universe } = problemOf(programOf(c))
      const random = new Random(seed)
      const from = universe.hostsOf.map(list => random.pick(list))
      const part = new Parts(universe, random).draw(from, hosts)
      if (!part) {
        expect(universe.hostsOf.every(list => list.length === 1)).toBe(true)
        return
      }
      const { hostsOf } = part.possible
      const open = [...hostsOf.keys()].filter(vm => hostsOf[vm]!.length > 1)
      const reached = new Set(open.flatMap(vm => hostsOf[vm]!))
      expect(reached.size).toBeLessThanOrEqual(hosts)
      for (const [vm, list] of hostsOf.entries()) {
        expect(list).toContain(from[vm])
        for (const h of list) expect(h === from[vm] || universe.hostsOf[vm]!.includes(h)).toBe(true)
      }
      expect(part.vms).toBeGreaterThanOrEqual(open.length)
    }),
  )
})

test('annealing never worsens, keeps to candidates and budgets, and repeats for a seed', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCase, fc.nat(1000), async (c, seed) => {
      const input = programOf(c)
      const { aims, grounding, universe } = problemOf(input)
      const annealed = async (): Promise<SearchState> => {
        const present = presentEvaluator(input)
        const judge = new Judge(judgeProgram(input.program), input.tables, present.view, universe)
        const state = new SearchState(judge, universe)
        const graph = new ConditionGraph(grounding.store, aims, universe)
        const limits = { deadline: Number.POSITIVE_INFINITY, stepsPerPair: 200 }
        await annealPlacement(graph, state, new Random(seed), limits)
        return state
      }
      const state = await annealed()
      const before = new SearchState(
        new Judge(judgeProgram(input.program), input.tables, presentEvaluator(input).view, universe),
        universe,
      )
      expect(compareVectors(state.vector, before.vector)).toBeLessThanOrEqual(0)
      for (const [vm, host] of state.host.entries()) expect(universe.hostsOf[vm]).toContain(host)
      if (universe.budget) expect(state.vector.at(-2)).toBeLessThanOrEqual(universe.budget.limit + 1e-9)
      expect([...(await annealed()).host]).toEqual([...state.host])
    }),
    { numRuns: 15 },
  )
})
