import {
  createEvaluator,
  createIsolatedEvaluator,
  type Evaluator,
  type EvaluatorOptions,
  type QueryAnswer,
  type Tuple,
  type View,
} from '../datalog/index.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'
import { checkQuery, type Program, QUERY, readTuple, renderTuple } from '../language/index.ts'
import type { Violation } from '../placement/index.ts'
import type { Sources } from './policy-files.ts'
import { strict, UNKNOWN_TABLE, type World } from './world.ts'

/** An evaluator loaded with the world's tables. */
export function evaluateWorld(world: Pick<World, 'program' | 'tables'>, options: EvaluatorOptions = {}): Evaluator {
  const evaluator = createEvaluator(world.program, options)
  evaluator.load(world.tables.values())
  return evaluator
}

/** The same under limits for each policy: those that reach one are left out, and `stopped` says why. */
export function evaluateWithin(
  world: Pick<World, 'program' | 'tables'>,
  options: EvaluatorOptions,
): { readonly evaluator: Evaluator; readonly stopped: readonly Diagnostic[] } {
  const evaluator = createIsolatedEvaluator(world.program, options)
  evaluator.load(world.tables.values())
  return { evaluator, stopped: evaluator.stopped.map(s => s.diagnostic) }
}

/** Every tuple of every `error` table, then of every `warning` table, in order. */
export function violationsOf(program: Program, view: View): Violation[] {
  return (['error', 'warning'] as const).flatMap(role =>
    [...program.tables.values()]
      .filter(info => info.role === role && info.kind === 'derived')
      .flatMap(({ name: table }) =>
        view.rows(table).map(row => ({ role, table, row, text: renderTuple(program, table, row) })),
      ),
  )
}

/** A query's text, and the policy inside which its names are read (default: the first). */
export interface Question {
  readonly query: string
  readonly policy?: string
}

/** Rows that satisfy a query. A table that nobody defines is an error here. */
export function ask(
  evaluator: Evaluator,
  program: Program,
  { query, policy }: Question,
  sources: Sources,
): QueryAnswer {
  sources.set(QUERY, query)
  stopOnErrors(checkQuery(query, program, policy).diagnostics)
  return evaluator.query(query, policy)
}

/**
 * The tuple that a text names. Each policy has tables of its own (many have an `error`), so the text is read as in each policy in
 * turn: the first tuple that holds is meant, else the first that can be read at all.
 */
export function readTupleText(text: string, program: Program, view: View, sources: Sources): Tuple {
  sources.set(QUERY, text)
  const readings = program.policies.map(({ name }) => readTuple(text, program, name))
  const known = readings.flatMap(({ tuple, diagnostics }) =>
    tuple && !diagnostics.some(d => d.code === UNKNOWN_TABLE) ? [tuple] : [],
  )
  const tuple = known.find(({ table, row }) => view.has(table, row)) ?? known[0]
  if (tuple) return tuple
  // Of several refusals the one that at least found the table says most.
  const refusals = readings.map(reading => reading.diagnostics)
  stopOnErrors(refusals.find(ds => !ds.some(d => d.code === UNKNOWN_TABLE)) ?? refusals[0] ?? [])
  throw new Error(`the tuple ${text} was neither read nor refused`)
}

function stopOnErrors(diagnostics: readonly Diagnostic[]): void {
  const judged = strict(diagnostics)
  if (judged.some(d => d.severity === 'error')) throw new DiagnosticError(judged)
}
