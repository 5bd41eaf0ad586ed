import { parentPort } from 'node:worker_threads'
import type { FromAnnealer, ToAnnealer } from './annealer-messages.ts'
import { Annealing } from './annealing.ts'
import { type Leg, runLeg } from './annealing-legs.ts'
import { ConditionGraph } from './condition-graph.ts'
import { GraphState } from './graph-state.ts'
import { unpackPossibilities } from './packed-possibilities.ts'
import { Random } from './random.ts'

/*
 * A thread of a crew: told once what to anneal, then leg by leg from where.
 */

const port = parentPort!
let run: (leg: Leg) => FromAnnealer

port.on('message', (message: ToAnnealer) => {
  if (message.kind === 'leg') {
    port.postMessage(run(message.leg))
    return
  }
  const { level, seed, number, stop } = message
  const graph = ConditionGraph.received(message.graph)
  const universe = unpackPossibilities(message.universe)
  const state = new GraphState(graph, universe, universe.current)
  const isStopped = (): boolean => Atomics.load(stop, 0) === 1
  // Made with the first leg, whose placement tells what steps cost.
  let annealing: Annealing | undefined
  run = leg => {
    if (!annealing) {
      state.goTo(leg.from.host)
      annealing = new Annealing(graph, state, universe, level, new Random(seed))
    }
    return { outcome: runLeg(annealing, leg, number, isStopped) }
  }
})
