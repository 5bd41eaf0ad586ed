import type { Program } from '../language/index.ts'
import type { Database } from './database.ts'
import type { SolveContext } from './solve.ts'
import type { QueryAnswer } from './types.ts'

export function answerQuery(
  _text: string,
  _policy: string | undefined,
  _program: Program,
  _db: Database,
  _context: SolveContext,
): QueryAnswer {
  throw new Error('queries wait for checkQuery')
}
