import { createEvaluator, createIsolatedEvaluator, type Evaluator } from '../datalog/index.ts'
import { DiagnosticError } from '../diagnostic/index.ts'
import type { TableData } from '../tables/index.ts'
import { type Aims, readAims } from './aims.ts'
import { type Analysis, analyse } from './analysis.ts'
import { type Grounding, GroundRefusal, ground } from './ground.ts'
import { groundProgram } from './ground-program.ts'
import { presentTables } from './judge.ts'
import { type JudgeProgram, judgeProgram } from './judge-program.ts'
import { ownTable } from './own-table.ts'
import type { Refusal } from './split-body.ts'
import type { PlaceInput } from './types.ts'
import type { Universe } from './universe.ts'

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
      if (!(error instanceof GroundRefusal) || error.rule === undefined || refusals.has(error.rule)) throw error
      refusals.set(error.rule, { reason: error.message, span: judge.program.rules[error.rule]!.span })
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
  const evaluator = createIsolatedEvaluator(program.program, { watch: [], limits: { derivedTuples: MOST_TUPLES } })
  evaluator.load([
    ...input.tables.values(),
    ...presentTables(judge, present.view),
    possibleTable(program.possibleLocation, universe),
    ...tables,
  ])
  for (const { policy, diagnostic } of evaluator.stopped) {
    if (!analysis.delegated.has(Number(policy))) throw new DiagnosticError([diagnostic])
    const refusal = new GroundRefusal(TOO_MANY)
    refusal.rule = Number(policy)
    throw refusal
  }
  const grounding = ground(judge, analysis, program, universe, table => evaluator.view.rows(table))
  const aims = readAims(judge.program, grounding, analysis.columns)
  return { input, judge, analysis, universe, grounding, aims }
}

/** The pairs of VM and host that are possible, as data of a ground program. */
export function possibleTable(table: string, universe: Universe): TableData {
  const rows = universe.hostsOf.flatMap((hosts, vm) => hosts.map(h => [universe.vms[vm]!, universe.hosts[h]!]))
  return ownTable(table, ['vm', 'host'], rows)
}
