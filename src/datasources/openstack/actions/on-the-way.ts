import { z } from 'zod'
import { type ActionType, failed, running, type Trace } from './action-type.ts'
import { isUnderWay } from './following.ts'
import { LIVE } from './live-migrate.ts'
import type { Nova } from './nova.ts'

const input = z.object({ vm: z.string() })
type Input = z.infer<typeof input>

/** Which migration it is about. */
type MigrationTrace = Trace & { readonly migration: number }

/** End a live migration that is on its way: the VM stays where it is. */
export function abort(nova: Nova): ActionType<Input, MigrationTrace> {
  return onTheWay(nova, {
    name: 'nova:abort',
    description: 'abort the live migration that a VM is in: it stays where it is',
    what: 'abort',
    wanted: 'cancelled',
    other: { completed: 'the migration had ended before it was aborted' },
  })
}

/** Let a live migration that does not come to an end pause the VM until it does. */
export function forceComplete(nova: Nova): ActionType<Input, MigrationTrace> {
  return onTheWay(nova, {
    name: 'nova:force_complete',
    description: 'finish the live migration that a VM is in by pausing the VM',
    what: 'force_complete',
    wanted: 'completed',
    other: { cancelled: 'the migration was cancelled' },
  })
}

function onTheWay(
  nova: Nova,
  kind: {
    readonly name: string
    readonly description: string
    readonly what: 'abort' | 'force_complete'
    readonly wanted: string
    readonly other: Readonly<Record<string, string>>
  },
): ActionType<Input, MigrationTrace> {
  const find = async (vm: string, number: number) => (await nova.migrations(vm)).find(m => m.id === number)
  return {
    name: kind.name,
    description: kind.description,
    inputs: [{ name: 'vm', description: 'id of the VM', required: true }],
    input,
    about: ({ vm }) => vm,
    async look({ vm }) {
      const own = (await nova.migrations(vm)).findLast(m => isUnderWay(m, LIVE))
      if (own) return { kind: 'go', trace: { migration: own.id } }
      return kind.what === 'abort'
        ? { kind: 'done', detail: 'the VM is in no live migration' }
        : { kind: 'refused', why: 'the VM is in no live migration', remedy: 'never' }
    },
    send: ({ vm }, trace) => nova.actOnMigration(vm, trace.migration, kind.what),
    async follow({ vm }, trace, sent) {
      const own = await find(vm, trace.migration)
      if (!own) return failed('the VM is gone, and its migration with it', 'never')
      if (own.status === kind.wanted) return { kind: 'succeeded' }
      // Asking twice does no harm: Nova refuses the second.
      if (isUnderWay(own, LIVE)) return sent ? running(own.status) : { kind: 'unknown' }
      return failed(kind.other[own.status] ?? `the migration ended with status ${own.status}`, 'never')
    },
  }
}
