import type { Explaining } from './explain.ts'
import type { Absence, Tuple } from './types.ts'

export function explainAbsence(tuple: Tuple, _ex: Explaining): Absence {
  return { tuple, attempts: [] }
}
