import { RequestError } from '../../http/index.ts'
import { type ActionType, refused } from './action-type.ts'
import {
  followMigration,
  goesTo,
  isFailedEvacuation,
  isUnderWay,
  type MigrationKind,
  type ServerTrace,
  traceBefore,
  traceOf,
} from './following.ts'
import { type Move, moveInput, whyNotTo } from './move.ts'
import { type Nova, SILENT_MS, silentFor } from './nova.ts'

const EVACUATION: MigrationKind = {
  type: 'evacuation',
  action: 'evacuate',
  ended: new Set(['done', 'completed']),
  words: 'evacuation',
}

/** Build a VM of a dead host anew on another. Nova keeps showing such a VM as active: only its host's service tells. */
export function evacuate(nova: Nova, now: () => number): ActionType<Move, ServerTrace> {
  return {
    name: 'nova:evacuate',
    description: 'build a VM whose host is down anew on another host',
    ...moveInput,
    async look({ vm, host }) {
      const server = await nova.server(vm)
      if (!server) return refused('the VM is gone', 'never')
      const onTheWay = (await nova.migrations(vm)).findLast(m => isUnderWay(m, EVACUATION))
      const asked = async () => (await nova.actions(vm)).find(({ action }) => action === EVACUATION.action)
      const isBusy = onTheWay && server.task !== undefined && goesTo(onTheWay, host)
      if (isBusy && !isFailedEvacuation(await asked()))
        return { kind: 'under way', trace: await traceBefore(nova, vm, onTheWay, EVACUATION.action) }
      if (host !== undefined && server.host === host) return { kind: 'done', detail: 'it was there already' }
      const source = server.host === undefined ? undefined : await nova.computeService(server.host)
      // Nova finds out some time after a host died; until then it refuses.
      if (source?.state === 'up')
        return refused(`the VM's host \`${server.host}\` is up, or not yet known to be down`, 'again')
      if (source && silentFor(source, now()) < SILENT_MS)
        return refused(`the VM's host \`${server.host}\` is silent for less than ${SILENT_MS / 1000} s`, 'again')
      return (await whyNotTo(nova, host)) ?? { kind: 'go', trace: await traceOf(nova, vm) }
    },
    async send({ vm, host }) {
      // A VM that was on its way when its host died stays in that task for ever, and is evacuated only out of it.
      const isStuck = (await nova.server(vm))?.task !== undefined
      if (isStuck) await nova.resetState(vm, 'error')
      try {
        await nova.act(vm, { evacuate: host === undefined ? {} : { host } })
      } catch (thrown) {
        if (isStuck && thrown instanceof RequestError && !thrown.mayHaveActed) await nova.resetState(vm, 'active')
        throw thrown
      }
    },
    follow: (given, trace) => followMigration(nova, EVACUATION, given, trace),
  }
}
