import type { Evaluator } from '../datalog/index.ts'
import type { Judge, Verdict } from './judge.ts'
import type { Problem } from './problem.ts'
import type { PlaceOptions } from './types.ts'

/** An answer and all that led to it, for asking what else could have been. */
export interface AnswerContext {
  readonly problem: Problem
  readonly judge: Judge
  readonly present: Evaluator
  /** Host number of each VM in the answer. */
  readonly host: Int32Array
  readonly verdict: Verdict
  readonly before: Verdict
  readonly options: PlaceOptions
}
