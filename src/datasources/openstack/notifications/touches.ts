import type { Notification } from './message.ts'

/** Rows to read again: those of the thing with this key, or the whole table. */
export interface Touch {
  readonly service: 'nova' | 'placement'
  /** Without the service's name: `servers`. */
  readonly table: string
  readonly key?: string
}

/** Events that say nothing new: audits, and steps of which the end follows. */
const SILENT = /^(?:compute\.)?instance\.exists$|metrics\.update$|^scheduler\.|^keypair\.|cache_images\.progress$/

/** The older format's names, as the newer one has them. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^compute\.instance\./, 'instance.'],
  [/^servergroup\./, 'server_group.'],
]

const MOVES = /live_migration|live\.migration|resize|migrat|evacuate|rebuild|confirm|revert/
const ALLOCATES = /^instance\.(?:create|delete|soft_delete|restore|shelve_offload|unshelve)\b.*\.(?:end|error)$/

/** Which rows an event makes doubtful. */
export function touchesOf({ event: given, payload }: Notification): Touch[] {
  const event = RENAMED.reduce((name, [old, now]) => name.replace(old, now), given)
  if (SILENT.test(event)) return []
  if (event.startsWith('instance.')) return serverTouches(event, serverOf(payload))
  if (event.startsWith('compute_task.')) return serverTouches(`${event}.migrate`, serverOf(payload))
  if (event.startsWith('service.')) return nova('services', 'hypervisors', 'availability_zones')
  if (event.startsWith('aggregate.')) return nova('aggregates', 'availability_zones')
  if (event.startsWith('server_group.')) return nova('server_groups')
  if (event.startsWith('flavor.')) return nova('flavors')
  return []
}

function serverTouches(event: string, id: string | undefined): Touch[] {
  const touches: Touch[] = [{ service: 'nova', table: 'servers', ...(id !== undefined && { key: id }) }]
  const moves = MOVES.test(event)
  if (moves) touches.push(...nova('migrations'))
  if (/^instance\.(?:soft_)?delete\.end$/.test(event)) touches.push(...nova('server_groups'))
  if (moves || ALLOCATES.test(event))
    for (const table of ['allocations', 'usages']) touches.push({ service: 'placement', table })
  return touches
}

function serverOf(payload: Notification['payload']): string | undefined {
  const found = payload['uuid'] ?? payload['instance_uuid'] ?? payload['instance_id']
  return typeof found === 'string' ? found : undefined
}

function nova(...tables: readonly string[]): Touch[] {
  return tables.map(table => ({ service: 'nova', table }))
}
