import { z } from 'zod'
import { type ActionType, refused, type Sight } from './action-type.ts'
import {
  followMigration,
  goesTo,
  isDown,
  isHalfWay,
  isLost,
  isUnderWay,
  type MigrationKind,
  type ServerTrace,
  traceBefore,
  traceOf,
  whyHalfWay,
} from './following.ts'
import type { Nova, Server } from './nova.ts'

const input = z.object({ vm: z.string(), host: z.string(), seconds: z.number().positive().optional() })
type Input = z.infer<typeof input>

export const LIVE: MigrationKind = {
  type: 'live-migration',
  action: 'live-migration',
  ended: new Set(['completed']),
  words: 'live migration',
}

/** Nova's own limit is 800 s for each GiB; a migration that takes so long mostly never ends. */
const MOST_SECONDS = 1800

/** Move a running VM. Never with `force`: past the scheduler, a conflict leaves the VM in ERROR. */
export function liveMigrate(nova: Nova): ActionType<Input, ServerTrace> {
  return {
    name: 'nova:live_migrate',
    description: 'move a running VM to a host without a stop',
    inputs: [
      { name: 'vm', description: 'id of the VM', required: true },
      { name: 'host', description: 'where to', required: true },
      { name: 'seconds', description: `how long it may take before it is aborted (${MOST_SECONDS})`, required: false },
    ],
    input,
    about: ({ vm }) => vm,
    seconds: ({ seconds }) => seconds ?? MOST_SECONDS,
    async look({ vm, host }) {
      const server = await nova.server(vm)
      if (!server) return refused('the VM is gone', 'never')
      const migrations = await nova.migrations(vm)
      const onTheWay = migrations.findLast(m => isUnderWay(m, LIVE))
      const last = migrations.at(-1)
      const halfWay = whyHalfWay(server, last)
      if (halfWay !== undefined) return refused(halfWay, 'never')
      // A record that a dead host left behind says that it runs, for ever.
      const isAlive = server.task !== undefined || server.host === onTheWay?.dest_compute
      const goesOn = onTheWay && isAlive && !(await isDown(nova, onTheWay.source_compute))
      if (goesOn && goesTo(onTheWay, host))
        return { kind: 'under way', trace: await traceBefore(nova, vm, onTheWay, LIVE.action) }
      if (!onTheWay && !isHalfWay(server, last) && isLost(server, (await nova.actions(vm))[0])) {
        await nova.resetState(vm, 'active')
        return refused('Nova had lost an earlier order, and held the VM for it', 'again')
      }
      if (server.task !== undefined) return refused(`Nova is busy with the VM (${server.task})`, 'again')
      if (server.host === host) return { kind: 'done', detail: 'it was there already' }
      if (server.status !== 'ACTIVE' && server.status !== 'PAUSED')
        return refused(`the VM is ${server.status}; only a running or paused one can be moved live`, 'never')
      return (await whyNotBetween(nova, server, host)) ?? { kind: 'go', trace: await traceOf(nova, vm) }
    },
    async send({ vm, host }) {
      await nova.act(vm, { 'os-migrateLive': { host, block_migration: 'auto' } })
    },
    follow: (given, trace) => followMigration(nova, LIVE, given, trace),
    async overdue({ vm }, trace) {
      const own = (await nova.migrations(vm)).find(m => m.id > trace.migration && isUnderWay(m, LIVE))
      if (own) await nova.actOnMigration(vm, own.id, 'abort')
    },
  }
}

/** Nova would accept these and fail later. */
async function whyNotBetween(nova: Nova, server: Server, host: string): Promise<Sight<ServerTrace> | undefined> {
  const [target, source] = await Promise.all([
    nova.computeService(host),
    server.host === undefined ? undefined : nova.computeService(server.host),
  ])
  if (!target) return refused(`there is no compute host \`${host}\``, 'elsewhere')
  if (target.status === 'disabled') return refused(`the host \`${host}\` is disabled`, 'elsewhere')
  if (target.state === 'down') return refused(`the host \`${host}\` is down`, 'elsewhere')
  // A plan may have been made while it was up; it may come up again, and whoever may evacuate does so the next time.
  if (source?.state === 'down')
    return refused(`the VM's host \`${server.host}\` is down: it can only be evacuated`, 'again')
  return undefined
}
