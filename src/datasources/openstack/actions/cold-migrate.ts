import { RequestError } from '../../http/index.ts'
import { type ActionType, refused, running } from './action-type.ts'
import {
  followMigration,
  goesTo,
  isUnderWay,
  type MigrationKind,
  type ServerTrace,
  traceBefore,
  traceOf,
} from './following.ts'
import { type Move, moveInput, whyNotTo } from './move.ts'
import type { Nova } from './nova.ts'

const COLD: MigrationKind = {
  type: 'migration',
  action: 'migrate',
  ended: new Set(['confirmed']),
  words: 'cold migration',
}

/** Move a VM with a stop, and confirm it where Nova asks for that: without, the VM would hold room on both hosts for ever. */
export function coldMigrate(nova: Nova): ActionType<Move, ServerTrace> {
  return {
    name: 'nova:cold_migrate',
    description: 'move a VM to a host with a stop, and confirm it',
    ...moveInput,
    async look({ vm, host }) {
      const server = await nova.server(vm)
      if (!server) return refused('the VM is gone', 'never')
      const onTheWay = (await nova.migrations(vm)).findLast(m => isUnderWay(m, COLD))
      if (onTheWay && goesTo(onTheWay, host))
        return { kind: 'under way', trace: await traceBefore(nova, vm, onTheWay, COLD.action) }
      if (server.task !== undefined) return refused(`Nova is busy with the VM (${server.task})`, 'again')
      if (host !== undefined && server.host === host && server.status !== 'VERIFY_RESIZE')
        return { kind: 'done', detail: 'it was there already' }
      if (server.status !== 'ACTIVE' && server.status !== 'SHUTOFF')
        return refused(`the VM is ${server.status}; only a running or stopped one can be moved`, 'never')
      return (await whyNotTo(nova, host)) ?? { kind: 'go', trace: await traceOf(nova, vm) }
    },
    async send({ vm, host }) {
      await nova.act(vm, { migrate: host === undefined ? null : { host } })
    },
    async follow(given, trace) {
      const progress = await followMigration(nova, COLD, given, trace)
      if (progress.kind !== 'running' && progress.kind !== 'succeeded') return progress
      const server = await nova.server(given.vm)
      if (server?.status !== 'VERIFY_RESIZE') return progress
      // The record is confirmed some time before the server is what it was.
      if (server.task !== undefined || progress.kind === 'succeeded') return running('confirming')
      try {
        await nova.act(given.vm, { confirmResize: null })
      } catch (thrown) {
        // It was confirmed meanwhile, or Nova is busy: the next look tells.
        if (!(thrown instanceof RequestError) || (thrown.status !== 409 && thrown.status !== 400)) throw thrown
      }
      return running('confirming')
    },
  }
}
