import type { Cloud } from '../datasources/index.ts'
import type { TableData } from '../tables/index.ts'
import { MIGRATE } from './plan-workflow.ts'

/** The tables that tell which VMs are on dead hosts. */
export const EVACUATION_TABLES = ['nova:location', 'nova:services'] as const

type Tables = ReadonlyMap<string, Pick<TableData, 'schema' | 'rows'>>

/** When more than one host in so many is down at once, it is Nova that is not well, and not the hosts. */
const MOST_DEAD = 4

/**
 * The cloud, with VMs of dead hosts built anew instead of migrated. Only for those who make sure that a host that Nova calls down does
 * not run its VMs any more: otherwise they would run twice.
 */
export function evacuating(cloud: Cloud, tables: () => Tables): Cloud {
  return {
    submit(action, input, token) {
      const isOrphan = action === MIGRATE && isOnDeadHost(input['vm'], tables())
      return cloud.submit(isOrphan ? 'nova:evacuate' : action, input, token)
    },
    status: token => cloud.status(token),
    ...(cloud.onEnded && { onEnded: listener => cloud.onEnded!(listener) }),
  }
}

function isOnDeadHost(vm: unknown, tables: Tables): boolean {
  const host = tables.get('nova:location')?.rows.find(row => row[0] === vm)?.[1]
  const services = tables.get('nova:services')
  const column = (name: string) => services?.schema.columns.findIndex(c => c.name === name) ?? -1
  const [binary, name, state] = [column('binary'), column('host'), column('state')]
  const computes = services?.rows.filter(row => row[binary] === 'nova-compute') ?? []
  const dead = computes.filter(row => row[state] === 'down')
  return dead.some(row => row[name] === host) && dead.length * MOST_DEAD <= computes.length
}
