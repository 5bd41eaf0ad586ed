import {
  createEvaluator,
  createIsolatedEvaluator,
  type Evaluator,
  type IsolatedEvaluator,
  LimitError,
} from '../datalog/index.ts'
import { DiagnosticError } from '../diagnostic/index.ts'
import { type EncodedRows, encodedTable, Interner, type TableData } from '../tables/index.ts'
import { type Aims, readAims } from './aims.ts'
import { type Analysis, analyse } from './analysis.ts'
import { type Grounding, GroundRefusal, ground } from './ground.ts'
import { type GroundProgram, groundProgram } from './ground-program.ts'
import { presentTables } from './judge.ts'
import { type JudgeProgram, judgeProgram } from './judge-program.ts'
import { ownTable } from './own-table.ts'
import type { Refusal } from './split-body.ts'
import type { PlaceInput } from './types.ts'
import { pairsOf, type Universe } from './universe.ts'

/** Tuples that may come of one rule: each takes some hundred bytes once it is a condition. */
const MOST_TUPLES = 3_000_000
const TOO_MANY = `more than ${MOST_TUPLES} tuples come of it over all that is possible; join it on more columns, or narrow \`candidate\` down`

/** Everything that is known before a model is written: carved, grounded, added up. */
export interface Problem {
  readonly input: PlaceInput
  readonly judge: JudgeProgram
  readonly analysis: Analysis
  readonly universe: Universe
  readonly grounding: Grounding
  readonly aims: Aims
}

/** The policy as it stands, over the tables as they are. */
export function presentEvaluator(input: PlaceInput): Evaluator {
  const evaluator = createEvaluator(input.program, { watch: [] })
  evaluator.load(input.tables.values())
  return evaluator
}

/**
 * The same tables with their rows as the ids of an evaluator that has them, for other evaluators: each value is read once. Tables that
 * rules add to stay as they are.
 */
export function encodedInput({ program, tables }: PlaceInput, { view }: Evaluator): PlaceInput {
  const derived = new Set(program.rules.map(rule => rule.head.table))
  const encoded = [...tables].map(([name, data]): [string, TableData] => {
    if (data.encoded || derived.has(name)) return [name, data]
    const { schema, provenance, rows } = data
    const ids = view.encoded(schema.table)
    return [name, ids ? encodedTable(schema, provenance, ids, rows) : data]
  })
  return { program, tables: new Map(encoded) }
}

/** A program to ground instead of the policy's own. */
export interface Variation {
  readonly judge: JudgeProgram
  /** Rules that stay out. */
  readonly refusals?: ReadonlyMap<number, Refusal>
  /** Data that only this program reads. */
  readonly tables?: readonly TableData[]
}

/** Carve, and ground over a universe. */
export function prepare(
  input: PlaceInput,
  present: Evaluator,
  universe: Universe,
  { judge, refusals: out, tables = [] }: Variation = { judge: judgeProgram(input.program) },
): Problem {
  const refusals = new Map(out)
  return refusing(judge, refusals, () =>
    groundedProblem(input, present, judge, analyse(judge, refusals), universe, tables),
  )
}

/** Translate, again for each rule that the data takes out of the translatable class: it is added to the refusals first. */
export function refusing<T>(judge: JudgeProgram, refusals: Map<number, Refusal>, translate: () => T): T {
  for (;;) {
    try {
      return translate()
    } catch (error) {
      // Each round takes one more rule out, so this ends.
      const rules = error instanceof GroundRefusal ? error.rules.filter(rule => !refusals.has(rule)) : []
      if (rules.length === 0) throw error
      const reason = (error as Error).message
      for (const rule of rules) refusals.set(rule, { reason, span: judge.program.rules[rule]!.span })
    }
  }
}

function groundedProblem(
  input: PlaceInput,
  present: Evaluator,
  judge: JudgeProgram,
  analysis: Analysis,
  universe: Universe,
  tables: readonly TableData[],
): Problem {
  const program = groundProgram(judge, analysis)
  const evaluator = groundEvaluator(
    program,
    analysis,
    [],
    [...groundTables(judge, program, input, present, universe), ...tables],
  )
  const grounding = ground(judge, analysis, program, universe, table => evaluator.view.rows(table))
  const aims = readAims(judge.program, grounding, analysis.columns)
  return { input, judge, analysis, universe, grounding, aims }
}

/**
 * An evaluator with the rows of a ground program, in which no rule has more tuples than can be translated.
 * @throws GroundRefusal naming the rules that would have
 */
export function groundEvaluator(
  { program }: GroundProgram,
  analysis: Analysis,
  watch: readonly string[],
  tables: readonly TableData[],
): IsolatedEvaluator {
  const evaluator = createIsolatedEvaluator(program, { watch, limits: { derivedTuples: MOST_TUPLES } })
  evaluator.load(tables)
  refuseStopped(evaluator, analysis)
  return evaluator
}

/** @throws GroundRefusal naming the rules that an evaluator stopped at its limit */
export function refuseStopped({ stopped }: IsolatedEvaluator, analysis: Analysis): void {
  if (stopped.length === 0) return
  const other = stopped.find(({ policy }) => !analysis.delegated.has(Number(policy)))
  if (other) throw new DiagnosticError([other.diagnostic])
  throw new GroundRefusal(
    TOO_MANY,
    stopped.map(({ policy }) => Number(policy)),
  )
}

/**
 * Question an evaluator with the rows of a ground program.
 * @throws GroundRefusal naming the rule that has more tuples then than can be translated
 */
export function refusingTooMany<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof LimitError && error.rule ? new GroundRefusal(TOO_MANY, [Number(error.rule.policy)]) : error
  }
}

/** The data of a ground program: the cloud's tables, those read at present, and the pairs of VM and host that are possible. */
export function groundTables(
  judge: JudgeProgram,
  { possibleLocation }: GroundProgram,
  input: PlaceInput,
  present: Evaluator,
  universe: Universe,
): TableData[] {
  const tables = [...input.tables.values(), ...presentTables(judge, present.view)]
  const interner = tables.find(table => table.encoded)?.encoded?.interner ?? new Interner()
  return [...tables, ownTable(possibleLocation, ['vm', 'host'], possiblePairs(universe, interner))]
}

function possiblePairs(universe: Universe, interner: Interner): EncodedRows {
  const hostIds = Int32Array.from(universe.hosts, host => interner.intern(host))
  const count = pairsOf(universe)
  const [vms, hosts] = [new Int32Array(count), new Int32Array(count)]
  let row = 0
  universe.hostsOf.forEach((list, vm) => {
    const id = interner.intern(universe.vms[vm]!)
    for (const host of list) {
      vms[row] = id
      hosts[row++] = hostIds[host]!
    }
  })
  return { interner, columns: [vms, hosts], count }
}
