import type { Program } from '../language/index.ts'
import type { Snapshot } from '../tables/index.ts'
import { evaluateWorld, violationsOf } from './evaluate.ts'
import type { WorkflowMove } from './plan-workflow.ts'

/** What a plan's moves are held against while it runs. */
export interface MoveChecks {
  readonly program: Program
  /** The cloud as it is now. */
  tables(): Snapshot
  /** Violations the plan takes into account, on the way or from before, by their text. */
  readonly tolerated: ReadonlySet<string>
}

export type MoveVerdict =
  | { readonly kind: 'go' }
  /** The VM is on the target already. */
  | { readonly kind: 'done' }
  /** The plan no longer fits the cloud; another try would find the same. */
  | { readonly kind: 'refused'; readonly why: string }

/**
 * Whether a move may begin: the VM is where the plan left it, and with it on the target no rule is violated that was not before. The
 * policy says what fits: capacity is one of its rules.
 */
export function checkMove(move: Pick<WorkflowMove, 'vm' | 'from' | 'to'>, checks: MoveChecks): MoveVerdict {
  const tables = checks.tables()
  const location = tables.get('nova:location')
  const row = location?.rows.find(([vm]) => vm === move.vm)
  if (!row) return { kind: 'refused', why: `the VM \`${move.vm}\` is gone` }
  if (row[1] === move.to) return { kind: 'done' }
  if (row[1] !== move.from)
    return { kind: 'refused', why: `the VM \`${move.vm}\` is on \`${row[1]}\`, not on \`${move.from}\`` }
  const evaluator = evaluateWorld({ program: checks.program, tables })
  const errors = (): Set<string> =>
    new Set(violationsOf(checks.program, evaluator.view).flatMap(v => (v.role === 'error' ? [v.text] : [])))
  const before = errors()
  const moved = [move.vm, move.to, ...row.slice(2)]
  const added = evaluator.whatIf([{ table: 'nova:location', inserted: [moved], removed: [row] }], () =>
    [...errors()].find(text => !before.has(text) && !checks.tolerated.has(text)),
  )
  if (added !== undefined) return { kind: 'refused', why: `the move would now violate ${added}` }
  return { kind: 'go' }
}

/** Whether the cloud's tables show the VM where it was sent. They may lag behind the migration's own end, or run ahead of it. */
export function isThere(vm: unknown, host: unknown, tables: Snapshot): boolean {
  return tables.get('nova:location')?.rows.some(row => row[0] === vm && row[1] === host) === true
}
