import type { CoreRule, Program } from '../language/index.ts'
import type { Provenance } from '../tables/index.ts'
import type { Database } from './database.ts'
import type { SolveContext } from './solve.ts'
import type { Derivation, Tuple } from './types.ts'

/** What explanations look at. */
export interface Explaining {
  readonly program: Program
  readonly db: Database
  readonly context: SolveContext
  /** Whether data, not a rule, gave this row. */
  readonly isGiven: (table: string, row: readonly number[]) => boolean
  readonly provenance: (table: string) => Provenance | undefined
}

export function explainTuple(_tuple: Tuple, _ex: Explaining): Derivation | undefined {
  const none: CoreRule | undefined = undefined
  return none
}
