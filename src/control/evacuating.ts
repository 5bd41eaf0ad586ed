import type { Cloud } from '../datasources/index.ts'
import type { Value } from '../tables/index.ts'
import type { CloudView } from './cloud-view.ts'
import { MIGRATE } from './plan-workflow.ts'

/** The tables that tell which VMs are on dead hosts. */
export const EVACUATION_TABLES = ['nova:location', 'nova:services'] as const

/** When more than one host in so many is down at once, it is Nova that is not well, and not the hosts. */
const MOST_DEAD = 4

/**
 * The cloud, with VMs of dead hosts built anew instead of migrated. Only for those who make sure that a host that Nova calls down does
 * not run its VMs any more: otherwise they would run twice.
 */
export function evacuating(cloud: Cloud, view: CloudView): Cloud {
  return {
    submit(action, input, token) {
      const isOrphan = action === MIGRATE && isOnDeadHost(input['vm'] as Value, view)
      return cloud.submit(isOrphan ? 'nova:evacuate' : action, input, token)
    },
    status: token => cloud.status(token),
    ...(cloud.onEnded && { onEnded: listener => cloud.onEnded!(listener) }),
  }
}

/** All hosts are looked at only where the VM's own is dead. */
function isOnDeadHost(vm: Value, view: CloudView): boolean {
  const host = view.hostOf(vm)
  const [table, compute] = ['nova:services', 'nova-compute']
  if (host === undefined) return false
  const own = view.rows(table, 'host', host).filter(row => row.get('binary') === compute)
  if (!own.some(row => row.get('state') === 'down')) return false
  const computes = view.rows(table, 'binary', compute)
  const dead = computes.filter(row => row.get('state') === 'down')
  return dead.length * MOST_DEAD <= computes.length
}
