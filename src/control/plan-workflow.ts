import type { PlannedCopy, PlannedMove } from '../plan/index.ts'
import type { WorkflowDefinition } from '../workflow/index.ts'

/** The action that carries a move out: a delegate, answered by the cloud when the migration has ended. */
export const MIGRATE = 'nova:live_migrate'
/** The action that brings an image to a host: a delegate as well. */
export const CACHE = 'nova:cache_image'

/** A move as a workflow needs it. */
export type WorkflowMove = Pick<PlannedMove, 'id' | 'vm' | 'from' | 'to' | 'after'>
/** A copy of an image as a workflow needs it. */
export type WorkflowCopy = Pick<PlannedCopy, 'id' | 'image' | 'from' | 'to' | 'after'>

/** What a workflow carries out. */
export interface WorkflowSteps {
  readonly moves: readonly WorkflowMove[]
  readonly copies?: readonly WorkflowCopy[]
}

/**
 * A plan as a workflow: one task for each move and each copy, named by its id, started when all that it comes after has succeeded. When
 * one fails for good, what runs is waited for and nothing new starts: the cloud is not what the plan counted on.
 *
 * @param timeoutSeconds how long one try may take
 */
export function planWorkflow({ moves, copies = [] }: WorkflowSteps, timeoutSeconds: number): WorkflowDefinition {
  const followers = new Map<string, string[]>()
  for (const { id, after } of [...copies, ...moves])
    for (const before of after) followers.set(before, [...(followers.get(before) ?? []), id])
  const task = ({ id, after }: WorkflowMove | WorkflowCopy, action: string, input: Record<string, unknown>) => [
    id,
    {
      action,
      input,
      retry: { count: 3, delay: 1, backoff: 2 },
      timeout: timeoutSeconds,
      ...(followers.has(id) && { 'on-success': followers.get(id)! }),
      ...(after.length > 1 && { join: 'all' as const }),
    },
  ]
  return {
    name: 'plan',
    tasks: Object.fromEntries([
      ...copies.map(copy => task(copy, CACHE, { image: copy.image, host: copy.to, from: copy.from })),
      ...moves.map(move => task(move, MIGRATE, { vm: move.vm, host: move.to })),
    ]),
  }
}
