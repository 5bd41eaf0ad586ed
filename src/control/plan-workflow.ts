import type { PlannedMove } from '../plan/index.ts'
import type { WorkflowDefinition } from '../workflow/index.ts'

/** The action that carries a move out: a delegate, answered by the cloud when the migration has ended. */
export const MIGRATE = 'nova:live_migrate'

/** A move as a workflow needs it. */
export type WorkflowMove = Pick<PlannedMove, 'id' | 'vm' | 'from' | 'to' | 'after'>

/**
 * A plan as a workflow: one task for each move, named by its id, started when all moves it comes after have succeeded. When a move fails
 * for good, what runs is waited for and nothing new starts: the cloud is not what the plan counted on.
 *
 * @param timeoutSeconds how long one try of a migration may take
 */
export function planWorkflow(moves: readonly WorkflowMove[], timeoutSeconds: number): WorkflowDefinition {
  const followers = new Map(moves.map(move => [move.id, moves.filter(m => m.after.includes(move.id)).map(m => m.id)]))
  return {
    name: 'plan',
    tasks: Object.fromEntries(
      moves.map(({ id, vm, to, after }) => [
        id,
        {
          action: MIGRATE,
          input: { vm, host: to },
          retry: { count: 3, delay: 1, backoff: 2 },
          timeout: timeoutSeconds,
          ...(followers.get(id)!.length > 0 && { 'on-success': followers.get(id)! }),
          ...(after.length > 1 && { join: 'all' as const }),
        },
      ]),
    ),
  }
}
