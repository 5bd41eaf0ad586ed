import { type Solution, solveInParts } from '../../solvers/index.ts'
import type { Evaluator } from '../datalog/index.ts'
import { analyse } from './analysis.ts'
import { annealPlacement } from './anneal-placement.ts'
import { ConditionGraph } from './condition-graph.ts'
import { type Encoding, encode } from './encode.ts'
import { cutLiterals, type Excluded, exclude } from './excluded.ts'
import { type HostRoom, hostRoom } from './host-room.ts'
import type { Judge } from './judge.ts'
import { judgeProgram } from './judge-program.ts'
import { labelsOf } from './labels.ts'
import { isConstant } from './linear.ts'
import { localSearch, type SearchLimits } from './local-search.ts'
import { onCycles } from './move-cycles.ts'
import { neighbourhoodSearch, type SearchJob } from './neighbourhood-search.ts'
import { type Problem, prepare } from './problem.ts'
import { Random } from './random.ts'
import { reduceMoves } from './reduce-moves.ts'
import { certify, type Relaxation, relax } from './relaxation.ts'
import { ResidentGround } from './resident-ground.ts'
import { SearchState } from './search-state.ts'
import { sendAway } from './send-away.ts'
import { solverOptions } from './solver-options.ts'
import type { ModelSize, PlaceInput, PlaceOptions } from './types.ts'
import { pairsOf, type Universe } from './universe.ts'

/** Possible pairs of VM and host up to which the whole cloud is one model. Beyond it the search works on parts. */
export const MODEL_PAIRS = 150_000

const DEFAULT_SECONDS = 60
/** Steps priced before the solver is asked, for a good start. */
const START_PRICES = 20_000
/** Further steps priced to bring moved VMs home. */
const REDUCING_PRICES = 200_000
/** Share of the time that may be spent on that start. */
const START_SHARE = 0.3
/** Steps of annealing for each possible pair of VM and host: for that start, and after the solver. */
const STEPS_PER_PAIR = { start: 40, after: 20_000 }
/** Share of the time in which the solver may prove a model of the whole. */
const MODEL_SHARE = 1 / 3
/**
 * Columns up to which a model of the whole is solved before parts are searched, and the share of the time it may take. With VMs of a kind
 * as counts, a cloud of 500 VMs at 96 % of its room has 7,300 columns and is proven in 12 s of CPU.
 */
const SOLVED_FIRST = { columns: 20_000, share: 0.8 }
/** Share of the time after the solver in which a model's answer is refined as a whole; before, parts of it are searched. */
const REFINED_SHARE = 0.16
/** Share of a refinement in which it is annealed. */
const ANNEALING_SHARE = 0.9
/** Terms of all conditions together up to which a solver is asked about the whole. */
const MODEL_TERMS = 300_000
/**
 * Where bounds are looked for before anything else, and the share of the time: a cloud of a few pairs is solved as a model at once, and
 * hosts with limits for each of a hundred moments took more time and memory than all the rest.
 */
const RELAXED = { leastPairs: 2_000, mostAmounts: 1_000_000, share: 0.4 }
/** VMs up to which the room of hosts is kept beside the evaluator. */
const ROOM_VMS = 200_000
/** What is known without looking: nothing is violated less than never. */
const WITHOUT_FAULT: Relaxation = {
  bounds: new Map([
    ['errors', 0],
    ['warnings', 0],
  ]),
  leavers: [],
}
/** Hosts a moved VM could stop at, listed in the problem that describes an answer of the search. */
const STOPS = 6
/** Moves up to which each VM may stop on its way; of more only those that may wait for each other. */
const ALL_STOP = 500

const NO_MODEL: ModelSize = { columns: 0, rows: 0, entries: 0 }

/** What the engines came to. */
export interface Found {
  /** Host number of each VM. */
  readonly host: Int32Array
  /** The whole cloud as conditions (`whole`), or the part of it that describes the answer. */
  readonly problem: Problem
  readonly whole: boolean
  readonly searched: boolean
  readonly encoding: Encoding | undefined
  readonly solution: Solution | undefined
  readonly model: ModelSize
  /** Bounds for a cloud too large for one model. */
  readonly relaxation?: Relaxation | undefined
}

/** The integer program of a problem. */
export function encodeProblem(problem: Problem, cuts: Excluded['cuts'] = []): Encoding {
  return encode(problem.grounding.store, problem.universe, problem.aims, {
    budget: problem.universe.budget?.limit,
    labels: labelsOf(problem),
    ...(cuts.length > 0 && { require: cutLiterals(problem, cuts) }),
  })
}

/**
 * Find a placement: a short local search for a good start, then one model of the whole cloud where that is small enough, and large
 * neighbourhoods for the time that is left where the model is not solved to the end, or too large to be written.
 */
export async function findPlacement(
  input: PlaceInput,
  present: Evaluator,
  judge: Judge,
  whole: Universe,
  options: PlaceOptions,
): Promise<Found> {
  const large = pairsOf(whole) > (options.modelPairs ?? MODEL_PAIRS)
  const { universe, cuts } = exclude(whole, options.exclude ?? [], large)
  const deadline = performance.now() + (options.timeLimitSeconds ?? DEFAULT_SECONDS) * 1000
  const random = new Random(options.seed ?? 0)
  const room = large ? roomOf(input, present, universe) : undefined
  const state = new SearchState(judge, universe, room)
  let ground: ResidentGround | undefined
  const job: SearchJob = {
    ground: () => (ground ??= new ResidentGround(input, present, universe)),
    state,
    random,
    options,
  }
  const relaxation =
    cuts.length > 0 || (room && room.amounts > RELAXED.mostAmounts)
      ? undefined
      : await relaxed(input, present, universe, large, deadline, options)
  const reached = relaxation && ((): boolean => certify(relaxation, state.values).met)
  const toTheEnd: SearchLimits = { deadline, prices: Number.POSITIVE_INFINITY, signal: options.signal, reached }
  if (relaxation) sendAway(state, relaxation.leavers, random, toTheEnd)
  if (large) {
    await search(job, toTheEnd)
    return { ...describe(job, judge), relaxation: relaxation ?? WITHOUT_FAULT }
  }
  const problem = prepare(input, present, universe)
  /** What the search came to, without a model. */
  const found = (): Found => ({
    problem,
    host: standAtPresent(judge, state),
    whole: true,
    searched: true,
    encoding: undefined,
    solution: undefined,
    model: NO_MODEL,
    relaxation,
  })
  const graph = new ConditionGraph(problem.grounding.store, problem.aims, universe)
  if (cuts.length === 0 && graph.termSum.length > MODEL_TERMS) {
    localSearch(state, random, { ...toTheEnd, prices: START_PRICES })
    await refine(job, graph, toTheEnd)
    return found()
  }
  const encoding = encodeProblem(problem, cuts)
  const { model } = encoding
  const size = { columns: model.columns.count, rows: model.rows.count, entries: model.rows.entryValue.length }
  const shared = { problem, whole: true, encoding, model: size }
  if (universe.vms.length === 0 || problem.aims.levels.every(l => isConstant(l.expr)))
    return {
      ...shared,
      host: Int32Array.from(universe.current),
      searched: false,
      encoding: undefined,
      solution: undefined,
    }
  // The search knows of candidates alone; under a cut the model has the only word.
  if (cuts.length > 0) {
    const solution = await solveWhole(encoding, state, deadline, options)
    if (solution.values.length > 0) state.adopt(encoding.placementOf(solution.values))
    return { ...shared, host: standAtPresent(judge, state), searched: false, solution }
  }
  const share = performance.now() + (deadline - performance.now()) * START_SHARE
  const limits = { ...toTheEnd, deadline: share, prices: START_PRICES }
  localSearch(state, random, limits)
  const solvedFirst = model.columns.count <= SOLVED_FIRST.columns
  // Violations that single moves and swaps leave are a tight cloud: parts of it are solved long before the whole is.
  const isMended = (): boolean => state.vector[0] === 0
  if (!isMended()) await neighbourhoodSearch(job, solvedFirst ? { ...limits, reached: isMended } : limits)
  reduceMoves(state, random, { ...limits, prices: state.prices + REDUCING_PRICES })
  if (reached?.()) return found()
  await annealPlacement(graph, state, random, { ...limits, stepsPerPair: STEPS_PER_PAIR.start })
  const solution = await solveWhole(encoding, state, deadline, options)
  if (solution.values.length > 0) state.adopt(encoding.placementOf(solution.values))
  if (solution.status !== 'optimal') {
    // What a model of this size leaves open is mended by parts of it more often than by single steps.
    const rest = deadline - performance.now()
    await neighbourhoodSearch(job, { ...toTheEnd, deadline: deadline - rest * REFINED_SHARE })
    await refine(job, graph, toTheEnd)
  }
  return { ...shared, host: standAtPresent(judge, state), searched: true, solution, relaxation }
}

/** Bounds and who leaves, where that is worth its time. */
async function relaxed(
  input: PlaceInput,
  present: Evaluator,
  universe: Universe,
  large: boolean,
  deadline: number,
  options: PlaceOptions,
): Promise<Relaxation | undefined> {
  if (!large && pairsOf(universe) < RELAXED.leastPairs) return undefined
  const seconds = ((deadline - performance.now()) / 1000) * RELAXED.share
  return relax(input, present, universe, seconds, options)
}

/** What fits where, for clouds whose steps are many and mostly in vain, but not so many that its numbers take the time they save. */
function roomOf(input: PlaceInput, present: Evaluator, universe: Universe): HostRoom | undefined {
  if (universe.vms.length > ROOM_VMS) return undefined
  const judge = judgeProgram(input.program)
  return hostRoom(input, present.view, judge, analyse(judge), universe)
}

async function solveWhole(
  encoding: Encoding,
  state: SearchState,
  deadline: number,
  options: PlaceOptions,
): Promise<Solution> {
  // A model that is not solved in a part of the time leaves the rest to the neighbourhoods.
  const share = encoding.model.columns.count <= SOLVED_FIRST.columns ? SOLVED_FIRST.share : MODEL_SHARE
  const seconds = Math.max(0.1, ((deadline - performance.now()) / 1000) * share)
  return solveInParts(encoding.model, {
    ...solverOptions(options, seconds),
    start: encoding.valuesOf(state.host),
    ...(options.gap !== undefined && { gap: options.gap }),
  })
}

/** Anneal the whole, then search parts. */
async function refine(job: SearchJob, graph: ConditionGraph, limits: SearchLimits): Promise<void> {
  const now = performance.now()
  const deadline = now + (limits.deadline - now) * ANNEALING_SHARE
  await annealPlacement(graph, job.state, job.random, { ...limits, deadline, stepsPerPair: STEPS_PER_PAIR.after })
  await search(job, limits)
}

async function search(job: SearchJob, limits: SearchLimits): Promise<void> {
  localSearch(job.state, job.random, limits)
  reduceMoves(job.state, job.random, limits)
  await neighbourhoodSearch(job, limits)
}

/** An answer of the search alone: the conditions of the VMs that moved, everything else as it stands. */
function describe({ ground, state }: SearchJob, judge: Judge): Found {
  const { universe } = state
  const host = standAtPresent(judge, state)
  const moved = [...host.keys()].filter(vm => host[vm] !== universe.current[vm])
  const stopping = moved.length <= ALL_STOP ? undefined : onCycles(moved, universe.current, host)
  const open = new Map<number, readonly number[]>()
  for (const vm of moved) {
    const stops = !stopping || stopping.has(vm) ? universe.hostsOf[vm]!.slice(0, STOPS) : []
    open.set(
      vm,
      [...new Set([universe.current[vm]!, host[vm]!, ...stops])].sort((a, b) => a - b),
    )
  }
  return {
    host,
    problem: ground().part(universe.current, open).problem,
    whole: false,
    searched: true,
    encoding: undefined,
    solution: undefined,
    model: NO_MODEL,
  }
}

/** The search leaves the evaluator at its placement; everybody else reads it at the present one. */
function standAtPresent(judge: Judge, state: SearchState): Int32Array {
  const { current } = state.universe
  const moved = [...state.host.keys()].filter(vm => state.host[vm] !== current[vm])
  judge.goTo(
    moved,
    moved.map(vm => current[vm]!),
  )
  return Int32Array.from(state.host)
}
